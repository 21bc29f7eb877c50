{{/*
The containers of the pod. They run as uid and gid 999 with a read-only root and no capabilities, which Pod Security "restricted" accepts.
*/}}

{{/* For the pod's `securityContext`. */}}
{{- define "ordinal.v1.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 999
runAsGroup: 999
fsGroup: 999
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* For a container's `securityContext`. */}}
{{- define "ordinal.v1.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* Image, pull policy and security of a container from the agent's image. */}}
{{- define "ordinal.v1.agentImage" -}}
image: {{ printf "%s:%s" .Values.ordinal.image.repository .Values.ordinal.image.tag | quote }}
imagePullPolicy: {{ .Values.ordinal.image.pullPolicy }}
securityContext:
  {{- include "ordinal.v1.securityContext" . | nindent 2 }}
terminationMessagePolicy: FallbackToLogsOnError
{{- end -}}

{{/*
The first init container: the agent copies itself to where the MySQL image's containers find it, as /ordinal/ordinal. In its own image
/ordinal is the binary, and no volume can be mounted on it.
*/}}
{{- define "ordinal.v1.installContainer" -}}
- name: ordinal-install
  {{- include "ordinal.v1.agentImage" . | nindent 2 }}
  args: [install, /target]
  resources:
    {{- toYaml .Values.ordinal.resources | nindent 4 }}
  volumeMounts:
    - {name: ordinal-bin, mountPath: /target}
{{- end -}}

{{/* The second init container: it gives the volume its data, however long that takes, and says on port 8008 how far it is. */}}
{{- define "ordinal.v1.initContainer" -}}
- name: ordinal-init
  image: {{ required "ordinal.mysqlImage: give the image of the mysql container: ordinal-init runs the mysqld in it" (tpl .Values.ordinal.mysqlImage .) | quote }}
  imagePullPolicy: {{ tpl .Values.ordinal.mysqlImagePullPolicy . }}
  securityContext:
    {{- include "ordinal.v1.securityContext" . | nindent 4 }}
  terminationMessagePolicy: FallbackToLogsOnError
  command: [/ordinal/ordinal, init]
  {{- with include "ordinal.v1.rendered" (dict "map" .Values.ordinal.initResources "context" .) }}
  resources:
    {{- . | nindent 4 }}
  {{- end }}
  volumeMounts:
    {{- include "ordinal.v1.mysqlVolumeMounts" . | nindent 4 }}
{{- end -}}

{{/*
The agent. Readiness lives here and nowhere else: a dead agent makes the pod unready within two seconds. The answer comes from memory, so that
asking each second costs nothing, and a pod that goes or comes back waits less. Liveness asks for the agent's own heartbeat alone, never for
MySQL's.
*/}}
{{- define "ordinal.v1.sidecar" -}}
- name: ordinal
  {{- include "ordinal.v1.agentImage" . | nindent 2 }}
  args: [run]
  {{- if .Values.ordinal.nativeSidecar }}
  restartPolicy: Always
  {{- end }}
  ports:
    - {name: ordinal, containerPort: 8008}
  readinessProbe:
    httpGet: {path: /readyz, port: 8008}
    periodSeconds: 1
    timeoutSeconds: 3
    failureThreshold: 2 # `ordinal drain` waits for as many
  livenessProbe:
    httpGet: {path: /livez, port: 8008}
    periodSeconds: 10
    timeoutSeconds: 5
    failureThreshold: 6
  resources:
    {{- toYaml .Values.ordinal.resources | nindent 4 }}
  volumeMounts:
    {{- include "ordinal.v1.sharedVolumeMounts" . | nindent 4 }}
{{- end -}}

{{/*
For the pod's `initContainers`: install, init and, as a native sidecar, the agent. The sidecar comes last, for init uses the same port.

  initContainers:
    {{- include "ordinal.v1.initContainers" . | nindent 4 }}
*/}}
{{- define "ordinal.v1.initContainers" -}}
{{ include "ordinal.v1.installContainer" . }}
{{ include "ordinal.v1.initContainer" . }}
{{- if .Values.ordinal.nativeSidecar }}
{{ include "ordinal.v1.sidecar" . }}
{{- end }}
{{- end -}}

{{/*
For the pod's `containers`, beside `mysql`: the agent as an ordinary container; nothing when it is a native sidecar.

  containers:
    - name: mysql
      …
    {{- include "ordinal.v1.containers" . | nindent 4 }}
*/}}
{{- define "ordinal.v1.containers" -}}
{{- if not .Values.ordinal.nativeSidecar }}
{{- include "ordinal.v1.sidecar" . }}
{{- end }}
{{- end -}}

{{/* For the mysql container's `env`: mysqld tells its phases to the agent. */}}
{{- define "ordinal.v1.mysqlEnv" -}}
- {name: NOTIFY_SOCKET, value: /run/ordinal/notify}
{{- end -}}

{{/* For the mysql container's `volumeMounts`. */}}
{{- define "ordinal.v1.mysqlVolumeMounts" -}}
{{ include "ordinal.v1.sharedVolumeMounts" . }}
- {name: ordinal-bin, mountPath: /ordinal, readOnly: true}
{{- end -}}

{{/*
Command, probes and lifecycle of the mysql container, for a chart that has lists `env`, `ports` and `volumeMounts` of its own there.
It has neither a readiness nor a startup probe: readiness is the agent's, and a crash recovery may take as long as it takes. The liveness
probe runs inside the container, so that an agent that is gone never counts against mysqld; it fails only when the agent says that mysqld
has been silent for long, while it neither starts, recovers nor serves a clone.
*/}}
{{- define "ordinal.v1.mysqlRun" -}}
command: [mysqld, --defaults-file=/run/ordinal/my.cnf]
livenessProbe:
  exec: {command: [/ordinal/ordinal, probe, --unreachable-ok, /mysql/livez]}
  periodSeconds: 20
  timeoutSeconds: 10
  failureThreshold: {{ .Values.ordinal.mysqlLivenessFailureThreshold | int }}
  terminationGracePeriodSeconds: 60
lifecycle:
  preStop: {exec: {command: [/ordinal/ordinal, drain]}}
securityContext:
  {{- include "ordinal.v1.securityContext" . | nindent 2 }}
terminationMessagePolicy: FallbackToLogsOnError
{{- end -}}

{{/*
All that the mysql container needs beside its name, image and resources:

  - name: mysql
    image: "mysql:9.7"
    {{- include "ordinal.v1.mysql" . | nindent 4 }}
*/}}
{{- define "ordinal.v1.mysql" -}}
{{ include "ordinal.v1.mysqlRun" . }}
env:
  {{- include "ordinal.v1.mysqlEnv" . | nindent 2 }}
ports:
  - {name: mysql, containerPort: 3306}
volumeMounts:
  {{- include "ordinal.v1.mysqlVolumeMounts" . | nindent 2 }}
{{- end -}}
