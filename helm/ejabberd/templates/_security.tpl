{{/* Pod Security "restricted", and a root that is read-only. */}}
{{- define "ejabberd.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .Values.ejabberd.user }}
runAsGroup: {{ .Values.ejabberd.user }}
fsGroup: {{ .Values.ejabberd.user }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "ejabberd.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities: {drop: [ALL]}
  seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* The image's beam.smp carries this capability as a file: where the container may not have it, it cannot be executed. */}}
{{- define "ejabberd.erlangSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}
  seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "ejabberd.smallResources" -}}
resources:
  requests: {cpu: 10m, memory: 16Mi, ephemeral-storage: 16Mi}
  limits: {memory: 64Mi, ephemeral-storage: 64Mi}
{{- end -}}
