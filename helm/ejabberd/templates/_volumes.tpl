{{/* The sidecar's configuration, keys and secrets, in one folder. */}}
{{- define "sidecar.volume" -}}
projected:
  defaultMode: 0440
  sources:
    - configMap: {name: {{ include "ejabberd.fullname" . }}-sidecar, items: [{key: sidecar.toml, path: sidecar.toml}, {key: users, path: users}]}
    {{- include "ejabberd.secretSource" (list . .Values.secrets.upload "upload" "secrets/upload") | nindent 4 }}
    {{- if eq (include "ejabberd.component" .) "true" }}
    {{- include "ejabberd.secretSource" (list . .Values.secrets.component "component" "secrets/component") | nindent 4 }}
    {{- end }}
    {{- if eq .Values.uploads.store.kind "s3" }}
    {{- include "ejabberd.secretSource" (list . .Values.secrets.s3 "s3" "secrets/s3") | nindent 4 }}
    {{- end }}
    {{- if not .Values.issuers }}
    {{- include "ejabberd.secretSource" (list . .Values.secrets.issuer "issuer" "secrets/issuer") | nindent 4 }}
    {{- end }}
    {{- range $index, $issuer := .Values.issuers }}
    {{- include "sidecar.keySource" (list $ $index $issuer) | nindent 4 }}
    {{- end }}
{{- end -}}

{{- define "sidecar.keySource" -}}
{{- $root := index . 0 -}}
{{- $key := printf "issuer-%d" (index . 1) -}}
{{- $issuer := index . 2 -}}
{{- $own := printf "%s-sidecar" (include "ejabberd.fullname" $root) -}}
{{- if $issuer.secret -}}
{{- include "ejabberd.secretSource" (list $root $issuer.secret $key (printf "secrets/%s" $key)) -}}
{{- else if $issuer.configMap -}}
- configMap: {name: {{ $issuer.configMap.name }}, items: [{key: {{ $issuer.configMap.key }}, path: keys/{{ $key }}.jwks}]}
{{- else -}}
{{- $file := printf "%s.%s" $key (ternary "jwks" "pem" (not (empty $issuer.jwks))) -}}
- configMap: {name: {{ $own }}, items: [{key: {{ $file }}, path: keys/{{ $file }}}]}
{{- end -}}
{{- end -}}

{{/* What configure.sh reads: the cookie, and macros by their names. */}}
{{- define "ejabberd.secretsVolume" -}}
{{- $macros := dict -}}
{{- if eq (include "ejabberd.component" .) "true" }}{{ $_ := set $macros "COMPONENT_SECRET" "component" }}{{ end -}}
{{- if and .Values.uploads.enabled (eq .Values.uploads.slots "ejabberd") }}{{ $_ := set $macros "UPLOAD_SECRET" "upload" }}{{ end -}}
{{- if .Values.turn.enabled }}{{ $_ := set $macros "TURN_SECRET" "turn" }}{{ end -}}
{{- if .Values.sql.enabled }}{{ $_ := set $macros "SQL_PASSWORD" "sql" }}{{ end -}}
projected:
  defaultMode: 0440
  sources:
    {{- include "ejabberd.secretSource" (list . .Values.secrets.cookie "cookie" "cookie") | nindent 4 }}
    {{- range $macro, $id := $macros }}
    {{- include "ejabberd.secretSource" (list $ (index $.Values.secrets $id) $id (printf "macros/%s" $macro)) | nindent 4 }}
    {{- end }}
{{- end -}}

{{- define "ejabberd.volumes" -}}
- name: home
  emptyDir: {sizeLimit: 256Mi}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
- name: run
  emptyDir: {medium: Memory, sizeLimit: 1Mi}
- name: hook
  emptyDir: {medium: Memory, sizeLimit: 1Mi}
- name: bridge
  emptyDir: {sizeLimit: 128Mi}
- name: conf
  configMap: {name: {{ include "ejabberd.fullname" . }}-ejabberd}
- name: scripts
  configMap: {name: {{ include "ejabberd.fullname" . }}-scripts, defaultMode: 0555}
- name: tls
  secret: {secretName: {{ include "ejabberd.tlsName" . }}, defaultMode: 0440}
- name: secrets
  {{- include "ejabberd.secretsVolume" . | nindent 2 }}
- name: sidecar
  {{- include "sidecar.volume" . | nindent 2 }}
{{- if not .Values.ejabberd.persistence.enabled }}
- name: database
  emptyDir: {sizeLimit: {{ .Values.ejabberd.persistence.size }}}
{{- end }}
{{- with .Values.sql.caConfigMap }}
{{- if .name }}
- name: sql-ca
  configMap: {name: {{ .name }}, items: [{key: {{ .key }}, path: ca.crt}]}
{{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* (list root name volume): a claim of the StatefulSet. */}}
{{- define "ejabberd.claim" -}}
{{- $volume := index . 2 -}}
- metadata:
    name: {{ index . 1 }}
    labels: {{- include "ejabberd.selectorLabels" (index . 0) | nindent 6 }}
    {{- with $volume.annotations }}
    annotations: {{- toYaml . | nindent 6 }}
    {{- end }}
  spec:
    accessModes: [ReadWriteOnce]
    {{- with $volume.storageClass }}
    storageClassName: {{ . }}
    {{- end }}
    resources: {requests: {storage: {{ $volume.size }}}}
{{- end -}}
