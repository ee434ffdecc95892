{{/* The program is ejabberd's login program as well, and copies itself; its image has nothing else. */}}
{{- define "sidecar.bridge" -}}
name: bridge
{{ include "ejabberd.sidecarImage" . }}
{{ include "ejabberd.containerSecurity" . }}
command: [/ejabberd-sidecar, install, /opt/ejabberd-sidecar]
{{ include "ejabberd.smallResources" . }}
volumeMounts:
  - {name: bridge, mountPath: /opt/ejabberd-sidecar}
{{- end -}}

{{- define "sidecar.container" -}}
name: sidecar
{{ include "ejabberd.sidecarImage" . }}
{{ include "ejabberd.containerSecurity" . }}
{{- if eq (include "ejabberd.native" .) "true" }}
# It starts before ejabberd and ends after it.
restartPolicy: Always
{{- end }}
args: [serve, --config, /etc/ejabberd-sidecar/sidecar.toml{{ if eq .Values.reload "live" }}, --watch{{ end }}]
{{- with .Values.sidecar.extraEnv }}
env: {{- toYaml . | nindent 2 }}
{{- end }}
ports:
  - {name: public, containerPort: 8080}
  - {name: ops, containerPort: 8082}
startupProbe:
  httpGet: {path: /readyz, port: ops}
  periodSeconds: 1
  timeoutSeconds: 3
  failureThreshold: 60
readinessProbe:
  httpGet: {path: /readyz, port: ops}
  periodSeconds: 10
  timeoutSeconds: 3
livenessProbe:
  httpGet: {path: /livez, port: ops}
  periodSeconds: 15
  timeoutSeconds: 5
resources: {{- toYaml .Values.sidecar.resources | nindent 2 }}
volumeMounts:
  - {name: sidecar, mountPath: /etc/ejabberd-sidecar, readOnly: true}
  - {name: hook, mountPath: /run/ejabberd-sidecar}
  {{- if eq .Values.uploads.store.kind "disk" }}
  - {name: files, mountPath: /var/lib/ejabberd-sidecar}
  {{- end }}
  {{- if eq (include "ejabberd.webTls" .) "true" }}
  - {name: tls, mountPath: /etc/ejabberd-tls, readOnly: true}
  {{- end }}
  {{- with .Values.sidecar.extraVolumeMounts }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end -}}
