{{/*
The volumes that the containers share, and the ConfigMaps and the Secret behind them.
*/}}

{{- define "ordinal.v1.sharedVolumeMounts" -}}
- {name: {{ .Values.ordinal.dataVolume }}, mountPath: /var/lib/ordinal}
- {name: ordinal-run, mountPath: /run/ordinal}
- {name: ordinal-config, mountPath: /etc/ordinal, readOnly: true}
- {name: ordinal-mysql-config, mountPath: /etc/ordinal/mysql.d, readOnly: true}
- {name: ordinal-credentials, mountPath: /etc/ordinal/credentials, readOnly: true}
{{- end -}}

{{/*
For the pod's `volumes`. The data volume itself is the chart's own, usually a volumeClaimTemplate.

  volumes:
    {{- include "ordinal.v1.volumes" . | nindent 4 }}
*/}}
{{- define "ordinal.v1.volumes" -}}
- name: ordinal-bin
  emptyDir: {sizeLimit: 64Mi}
- name: ordinal-run
  emptyDir: {medium: Memory, sizeLimit: 16Mi}
- name: ordinal-config
  configMap: {name: {{ include "ordinal.v1.name" . }}-ordinal}
- name: ordinal-mysql-config
  configMap: {name: {{ include "ordinal.v1.name" . }}-mysql}
- name: ordinal-credentials
  secret: {secretName: {{ include "ordinal.v1.credentialsSecret" . }}, defaultMode: 0400}
{{- end -}}

{{/*
For the pod's `annotations`: what must roll the pods when it changes, which the number of pods must not.
*/}}
{{- define "ordinal.v1.podAnnotations" -}}
kubectl.kubernetes.io/default-container: mysql
checksum/ordinal: {{ dict "config" .Values.ordinal.config "mysqlConfig" (tpl .Values.ordinal.mysqlConfig .) | toJson | sha256sum }}
{{- end -}}

{{/* One value of ordinal.toml. Helm's numbers are floats, and TOML would take 30.0 for another type. */}}
{{- define "ordinal.v1.tomlValue" -}}
{{- if kindIs "string" . -}}
{{ . | quote }}
{{- else if kindIs "bool" . -}}
{{ . }}
{{- else -}}
{{ . | int64 }}
{{- end -}}
{{- end -}}

{{/* The text of ordinal.toml. What the StatefulSet's shape says wins over `config`. */}}
{{- define "ordinal.v1.toml" -}}
{{- $shape := dict "cluster" (dict
      "statefulset" (include "ordinal.v1.name" .)
      "service" (include "ordinal.v1.name" .)
      "replicas" (include "ordinal.v1.replicas" . | int)
      "first_ordinal" (include "ordinal.v1.firstOrdinal" . | int)) -}}
{{- if eq (include "ordinal.v1.podManagementPolicy" .) "OrderedReady" -}}
{{- $_ := set $shape "bootstrap" (dict "require_peers" "existing") -}}
{{- end -}}
{{- range $section, $keys := mustMergeOverwrite (deepCopy .Values.ordinal.config) $shape }}
[{{ $section }}]
{{- range $key, $value := $keys }}
{{ $key }} = {{ include "ordinal.v1.tomlValue" $value }}
{{- end }}
{{ end -}}
{{- end -}}

{{- define "ordinal.v1.configMapMetadata" -}}
namespace: {{ .Release.Namespace }}
{{- with include "ordinal.v1.labels" . }}
labels:
  {{- . | nindent 2 }}
{{- end }}
{{- include "ordinal.v1.annotations" (dict "context" .) }}
{{- end -}}

{{/* The two ConfigMaps, as whole manifests. */}}
{{- define "ordinal.v1.configMaps" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "ordinal.v1.name" . }}-ordinal
  {{- include "ordinal.v1.configMapMetadata" . | nindent 2 }}
data:
  ordinal.toml: |
    {{- include "ordinal.v1.toml" . | trim | nindent 4 }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "ordinal.v1.name" . }}-mysql
  {{- include "ordinal.v1.configMapMetadata" . | nindent 2 }}
data:
  user.cnf: |
    {{- tpl .Values.ordinal.mysqlConfig . | nindent 4 }}
{{- end -}}

{{/*
A Secret with random passwords, as a whole manifest, kept when the release goes: its name is `ordinal.credentialsSecret`. Where one of that
name is there already, its content is kept. It is immutable, so that a tool that renders without asking the cluster, and so makes new
passwords each time, fails loudly instead of changing them under a database.

With `ordinal.v1.secret` a chart gets the four accounts that the agent needs. For an application's account as well, it includes
`ordinal.v1.secretOf` with (dict "context" . "user" … "database" …).
*/}}
{{- define "ordinal.v1.secret" -}}
{{- include "ordinal.v1.secretOf" (dict "context" .) -}}
{{- end -}}

{{- define "ordinal.v1.secretOf" -}}
{{- $name := include "ordinal.v1.credentialsSecret" .context -}}
{{- $existing := (lookup "v1" "Secret" .context.Release.Namespace $name).data | default dict -}}
apiVersion: v1
kind: Secret
metadata:
  name: {{ $name }}
  namespace: {{ .context.Release.Namespace }}
  {{- with include "ordinal.v1.labels" .context }}
  labels:
    {{- . | nindent 4 }}
  {{- end }}
  {{- include "ordinal.v1.annotations" (dict "context" .context "more" (dict "helm.sh/resource-policy" "keep")) | trim | nindent 2 }}
type: Opaque
immutable: true
data:
{{- if $existing }}
  {{- range $account, $wanted := dict "application_user" .user "application_database" .database }}
  {{- $kept := index $existing $account | default "" | b64dec }}
  {{- if ne ($wanted | default "") $kept }}
  {{- fail (printf "the Secret %q has %s %q, and the values say %q: an account is made by the first start only, and this Secret is kept; set the values back, and make another account by SQL" $name $account $kept ($wanted | default "")) }}
  {{- end }}
  {{- end }}
  {{- toYaml $existing | nindent 2 }}
{{- else }}
  {{- range list "root" "agent" "replication" "clone" }}
  {{ . }}: {{ randAlphaNum 24 | b64enc }}
  {{- end }}
  {{- if .user }}
  application_user: {{ .user | b64enc }}
  application_password: {{ randAlphaNum 24 | b64enc }}
  application_database: {{ .database | b64enc }}
  {{- end }}
{{- end }}
{{- end -}}

{{/*
Fails when a Secret that somebody else made lacks a key, as far as the cluster tells; a Secret that is not there yet may still come.
*/}}
{{- define "ordinal.v1.checkSecret" -}}
{{- $name := include "ordinal.v1.credentialsSecret" . -}}
{{- with (lookup "v1" "Secret" .Release.Namespace $name).data -}}
{{- $data := . -}}
{{- $missing := list -}}
{{- range list "root" "agent" "replication" "clone" -}}
{{- if not (index $data .) -}}{{- $missing = append $missing . -}}{{- end -}}
{{- end -}}
{{- if $missing -}}
{{- fail (printf "the Secret %q lacks %s: every account of Ordinal needs its password there, under its own key" $name (join ", " $missing)) -}}
{{- end -}}
{{- range $key := list "application_user" "application_password" "application_database" -}}
{{- if not (index $data $key) -}}{{- $missing = append $missing $key -}}{{- end -}}
{{- end -}}
{{- if has (len $missing) (list 1 2) -}}
{{- fail (printf "the Secret %q lacks %s: an account for an application needs all three keys, or none" $name (join ", " $missing)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
