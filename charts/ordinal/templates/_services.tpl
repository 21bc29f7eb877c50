{{/*
The Services. The headless one names the pods, ready or not: a pod that waits, copies or refuses is asked by the others.
*/}}

{{/* The values of one Service: (dict "context" . "which" "primary"). */}}
{{- define "ordinal.v1.service" -}}
{{- $services := include "ordinal.v1.rendered" (dict "map" .context.Values.ordinal.services "context" .context) | fromYaml -}}
{{- merge (dict) (index $services .which | default dict) (dict "type" "ClusterIP") | toYaml -}}
{{- end -}}

{{/* The metadata of one Service: (dict "context" . "which" "headless"). */}}
{{- define "ordinal.v1.serviceMetadata" -}}
name: {{ include "ordinal.v1.name" .context }}{{ eq .which "headless" | ternary "" (printf "-%s" .which) }}
namespace: {{ .context.Release.Namespace }}
labels:
  ordinal.service: {{ .which }}
  {{- with include "ordinal.v1.labels" .context }}
  {{- . | nindent 2 }}
  {{- end }}
{{- include "ordinal.v1.annotations" (dict "context" .context "more" (include "ordinal.v1.service" . | fromYaml).annotations) }}
{{- end -}}

{{/* `<name>`: the pods' names, and the SRV records by which they find one another. */}}
{{- define "ordinal.v1.headlessService" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "ordinal.v1.serviceMetadata" (dict "context" . "which" "headless") | nindent 2 }}
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector:
    {{- include "ordinal.v1.selectorLabels" . | nindent 4 }}
  ports:
    - {name: mysql, port: 3306, targetPort: 3306}
    - {name: ordinal, port: 8008, targetPort: 8008}
{{- end -}}

{{/* `<name>-primary`: for writes. */}}
{{- define "ordinal.v1.primaryService" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "ordinal.v1.serviceMetadata" (dict "context" . "which" "primary") | nindent 2 }}
spec:
  type: {{ (include "ordinal.v1.service" (dict "context" . "which" "primary") | fromYaml).type }}
  selector:
    {{- include "ordinal.v1.selectorLabels" . | nindent 4 }}
    statefulset.kubernetes.io/pod-name: {{ include "ordinal.v1.primaryPod" . }}
  ports:
    - {name: mysql, port: 3306, targetPort: 3306}
{{- end -}}

{{/* `<name>-read`: for reads, from every ready pod, the primary among them. */}}
{{- define "ordinal.v1.readService" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "ordinal.v1.serviceMetadata" (dict "context" . "which" "read") | nindent 2 }}
spec:
  type: {{ (include "ordinal.v1.service" (dict "context" . "which" "read") | fromYaml).type }}
  selector:
    {{- include "ordinal.v1.selectorLabels" . | nindent 4 }}
  ports:
    - {name: mysql, port: 3306, targetPort: 3306}
{{- end -}}

{{/* All three. */}}
{{- define "ordinal.v1.services" -}}
{{ include "ordinal.v1.headlessService" . }}
---
{{ include "ordinal.v1.primaryService" . }}
---
{{ include "ordinal.v1.readService" . }}
{{- end -}}
