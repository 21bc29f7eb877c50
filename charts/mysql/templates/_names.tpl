{{/* Names and labels of this chart. What concerns Ordinal is the library's. */}}

{{- define "mysql.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end -}}

{{/* The name of the StatefulSet and of all that belongs to it. */}}
{{- define "mysql.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride }}
{{- else if contains (include "mysql.name" .) .Release.Name -}}
{{ .Release.Name }}
{{- else -}}
{{ printf "%s-%s" .Release.Name (include "mysql.name" .) }}
{{- end -}}
{{- end -}}

{{- define "mysql.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "mysql.fullname" .) "default") }}
{{- end -}}

{{/* What every pod of the release has. */}}
{{- define "mysql.releaseLabels" -}}
app.kubernetes.io/name: {{ include "mysql.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* What the pods of the StatefulSet have, and no other pod. */}}
{{- define "mysql.selectorLabels" -}}
{{ include "mysql.releaseLabels" . }}
app.kubernetes.io/component: database
{{- end -}}

{{- define "mysql.labels" -}}
{{ include "mysql.releaseLabels" . }}
app.kubernetes.io/version: {{ .Values.mysql.image.tag | toString | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "mysql.annotations" -}}
{{- with .Values.commonAnnotations }}{{ toYaml . }}{{ end -}}
{{- end -}}

{{/* The metadata of a manifest: (dict "context" . "suffix" "-x" "labels" {…} "annotations" {…}), all but the context optional. */}}
{{- define "mysql.metadata" -}}
name: {{ include "mysql.fullname" .context }}{{ .suffix }}
namespace: {{ .context.Release.Namespace }}
labels:
  {{- include "mysql.labels" .context | nindent 2 }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) (.annotations | default dict) .context.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
