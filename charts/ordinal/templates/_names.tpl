{{/*
Names and labels. Every template of this library takes the context of the chart that includes it (`.`) and reads `.Values.ordinal`.
Template names are global in Helm: these carry their version, so that two charts in one release may use two versions of this library.
*/}}

{{/* The StatefulSet's name. */}}
{{- define "ordinal.v1.name" -}}
{{- $name := tpl .Values.ordinal.name . -}}
{{- if gt (len $name) 52 -}}
{{- fail (printf "ordinal.name: %q has %d characters; a StatefulSet's name may have 52, for Kubernetes adds a hash of 11 to it in a label of 63" $name (len $name)) -}}
{{- end -}}
{{- if regexMatch "-[0-9]+$" $name -}}
{{- fail (printf "ordinal.name: %q ends in a number, and so does a pod's ordinal: choose another name" $name) -}}
{{- end -}}
{{- $name -}}
{{- end -}}

{{/* A value that is a whole number, or a template of one: (dict "context" . "value" "replicas" "from" 1 "to" 100). */}}
{{- define "ordinal.v1.number" -}}
{{- $text := tpl (index .context.Values.ordinal .value | toString) .context | trim -}}
{{- if not (and (regexMatch "^[0-9]{1,9}$" $text) (ge (int $text) .from) (le (int $text) .to)) -}}
{{- fail (printf "ordinal.%s: %q is not a whole number from %d to %d" .value $text .from .to) -}}
{{- end -}}
{{- int $text -}}
{{- end -}}

{{/* The number of pods. */}}
{{- define "ordinal.v1.replicas" -}}
{{- include "ordinal.v1.number" (dict "context" . "value" "replicas" "from" 1 "to" 100) -}}
{{- end -}}

{{/* The ordinal of the first pod. */}}
{{- define "ordinal.v1.firstOrdinal" -}}
{{- include "ordinal.v1.number" (dict "context" . "value" "firstOrdinal" "from" 0 "to" 999999) -}}
{{- end -}}

{{- define "ordinal.v1.podManagementPolicy" -}}
{{- $policy := tpl .Values.ordinal.podManagementPolicy . -}}
{{- if not (has $policy (list "Parallel" "OrderedReady")) -}}
{{- fail (printf "ordinal.podManagementPolicy: %q is neither Parallel nor OrderedReady" $policy) -}}
{{- end -}}
{{- $policy -}}
{{- end -}}

{{/* The first pod's name: the primary. */}}
{{- define "ordinal.v1.primaryPod" -}}
{{ include "ordinal.v1.name" . }}-{{ include "ordinal.v1.firstOrdinal" . }}
{{- end -}}

{{- define "ordinal.v1.credentialsSecret" -}}
{{ tpl .Values.ordinal.credentialsSecret . }}
{{- end -}}

{{/* A map whose texts may be templates, or a template of a map, as YAML; nothing for an empty one. */}}
{{- define "ordinal.v1.rendered" -}}
{{- with .map -}}{{- tpl (kindIs "string" . | ternary . (toYaml .)) $.context -}}{{- end -}}
{{- end -}}

{{- define "ordinal.v1.selectorLabels" -}}
{{- if not .Values.ordinal.selectorLabels -}}
{{- fail "ordinal.selectorLabels: give the labels of the StatefulSet's spec.selector.matchLabels: the Services select the pods by them" -}}
{{- end -}}
{{- include "ordinal.v1.rendered" (dict "map" .Values.ordinal.selectorLabels "context" .) -}}
{{- end -}}

{{/* The labels of a manifest; nothing when there are none. */}}
{{- define "ordinal.v1.labels" -}}
{{- include "ordinal.v1.rendered" (dict "map" .Values.ordinal.labels "context" .) -}}
{{- end -}}

{{/* A manifest's annotations, those of all manifests and `more`, under their key; nothing when there are none. */}}
{{- define "ordinal.v1.annotations" -}}
{{- $common := include "ordinal.v1.rendered" (dict "map" .context.Values.ordinal.annotations "context" .context) | fromYaml -}}
{{- with merge (dict) (.more | default dict) $common }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
