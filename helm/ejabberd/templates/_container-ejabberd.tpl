{{- define "ejabberd.headless" -}}
{{- include "ejabberd.fullname" . }}-headless
{{- end -}}

{{- define "ejabberd.clusterDomain" -}}
{{- include "ejabberd.headless" . }}.{{ .Release.Namespace }}.svc.{{ .Values.clusterDomain }}
{{- end -}}

{{- define "ejabberd.podName" -}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
{{- end -}}

{{- define "ejabberd.clusterEnv" -}}
- name: DATABASE
  value: {{ .Values.ejabberd.home }}/database
{{- if .Values.clustering.enabled }}
- name: CLUSTER_FIRST
  value: {{ include "ejabberd.fullname" . }}-0
- name: CLUSTER_DOMAIN
  value: {{ include "ejabberd.clusterDomain" . }}
{{- end }}
{{- end -}}

{{- define "ejabberd.hostNetwork" -}}
{{- if and .Values.turn.enabled (eq .Values.turn.mode "hostNetwork") -}}true{{- end -}}
{{- end -}}

{{/* Erlang's port between nodes. On the network of the node, where no NetworkPolicy counts, it is open for the machine itself alone: there is one
     pod, and whoever reaches the port and knows the cookie controls the server. ejabberdctl takes no interface from the environment, Erlang does. */}}
{{- define "ejabberd.distribution" -}}
- name: ERL_DIST_PORT
  value: "5210"
{{- if eq (include "ejabberd.hostNetwork" .) "true" }}
- name: ERL_AFLAGS
  value: "-kernel inet_dist_use_interface {127,0,0,1}"
{{- end }}
{{- end -}}

{{- define "ejabberd.probe" -}}
exec: {command: [sh, /opt/chart/probe.sh, {{ . }}]}
timeoutSeconds: 30
{{- end -}}

{{- define "ejabberd.container" -}}
name: ejabberd
{{ include "ejabberd.ejabberdImage" . }}
{{ include "ejabberd.erlangSecurity" . }}
env:
  {{- include "ejabberd.podName" . | nindent 2 }}
  - name: HOME
    value: {{ .Values.ejabberd.home }}
  # Full names: with one pod as with several, so that it never changes.
  - name: ERLANG_NODE_ARG
    value: ejabberd@$(POD_NAME).{{ include "ejabberd.clusterDomain" . }}
  # One port between nodes, and no epmd.
  {{- include "ejabberd.distribution" . | nindent 2 }}
  - name: EJABBERD_CONFIG_PATH
    value: {{ .Values.ejabberd.home }}/conf/ejabberd.yml
  # A dump would hold secrets.
  - name: ERL_CRASH_DUMP_BYTES
    value: "0"
  - name: PROBE_HOST
    value: {{ first .Values.hosts }}
  {{- include "ejabberd.clusterEnv" . | nindent 2 }}
  {{- with .Values.ejabberd.extraEnv }}{{ toYaml . | nindent 2 }}{{ end }}
ports:
  - {name: xmpp-client, containerPort: 5222}
  - {name: xmpps-client, containerPort: 5223}
  {{- if .Values.ejabberd.federation }}
  - {name: xmpp-server, containerPort: 5269}
  {{- end }}
  - {name: web, containerPort: 5443}
  - {name: distribution, containerPort: 5210}
  {{- if and .Values.turn.enabled (ne .Values.turn.mode "external") }}
  - {name: stun, containerPort: {{ int .Values.turn.port }}, protocol: UDP}
  {{- end }}
lifecycle:
  {{- if .Values.clustering.enabled }}
  postStart:
    exec: {command: [sh, /opt/chart/join.sh]}
  {{- end }}
  # A SIGTERM alone reaches the script that started Erlang, in newer images, and Mnesia is killed.
  preStop:
    exec: {command: [sh, -c, "ejabberdctl stop && ejabberdctl stopped"]}
startupProbe:
  {{- include "ejabberd.probe" "ready" | nindent 2 }}
  periodSeconds: 3
  failureThreshold: 60
readinessProbe:
  {{- include "ejabberd.probe" "ready" | nindent 2 }}
  periodSeconds: 15
  failureThreshold: 2
livenessProbe:
  {{- include "ejabberd.probe" "alive" | nindent 2 }}
  periodSeconds: 30
  failureThreshold: 3
resources: {{- toYaml .Values.ejabberd.resources | nindent 2 }}
volumeMounts:
  - {name: home, mountPath: {{ .Values.ejabberd.home }}}
  - {name: conf, mountPath: {{ .Values.ejabberd.home }}/conf, readOnly: true}
  - {name: database, mountPath: {{ .Values.ejabberd.home }}/database}
  - {name: run, mountPath: /run/ejabberd, readOnly: true}
  - {name: tmp, mountPath: /tmp}
  - {name: tls, mountPath: /etc/ejabberd-tls, readOnly: true}
  - {name: scripts, mountPath: /opt/chart, readOnly: true}
  - {name: bridge, mountPath: /opt/ejabberd-sidecar, readOnly: true}
  - {name: hook, mountPath: /run/ejabberd-sidecar}
  {{- include "ejabberd.sqlMount" . | nindent 2 }}
  {{- with .Values.ejabberd.extraVolumeMounts }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end -}}

{{/* Writes the files with secrets. */}}
{{- define "ejabberd.configure" -}}
name: configure
{{ include "ejabberd.ejabberdImage" . }}
{{ include "ejabberd.containerSecurity" . }}
command: [sh, /opt/chart/configure.sh]
env:
  {{- include "ejabberd.podName" . | nindent 2 }}
  - name: HOME
    value: {{ .Values.ejabberd.home }}
  {{- include "ejabberd.clusterEnv" . | nindent 2 }}
{{ include "ejabberd.smallResources" . }}
volumeMounts:
  - {name: home, mountPath: {{ .Values.ejabberd.home }}}
  - {name: database, mountPath: {{ .Values.ejabberd.home }}/database}
  - {name: run, mountPath: /run/ejabberd}
  - {name: scripts, mountPath: /opt/chart, readOnly: true}
  - {name: secrets, mountPath: /run/secrets/ejabberd, readOnly: true}
{{- end -}}

{{/* Looks for the cluster that a pod without anything belongs to. */}}
{{- define "ejabberd.peers" -}}
name: peers
{{ include "ejabberd.ejabberdImage" . }}
{{ include "ejabberd.erlangSecurity" . }}
command: [sh, /opt/chart/peers.sh]
env:
  {{- include "ejabberd.podName" . | nindent 2 }}
  - name: HOME
    value: {{ .Values.ejabberd.home }}
  - name: ERL_DIST_PORT
    value: "5210"
  - name: ERL_CRASH_DUMP_BYTES
    value: "0"
  {{- include "ejabberd.clusterEnv" . | nindent 2 }}
resources: {{- toYaml .Values.ejabberd.resources | nindent 2 }}
volumeMounts:
  - {name: home, mountPath: {{ .Values.ejabberd.home }}}
  - {name: conf, mountPath: {{ .Values.ejabberd.home }}/conf, readOnly: true}
  - {name: database, mountPath: {{ .Values.ejabberd.home }}/database}
  - {name: tmp, mountPath: /tmp}
  - {name: scripts, mountPath: /opt/chart, readOnly: true}
{{- end -}}

{{- define "ejabberd.sqlMount" -}}
{{- if .Values.sql.caConfigMap.name -}}
- {name: sql-ca, mountPath: /etc/ejabberd-sql, readOnly: true}
{{- end -}}
{{- end -}}

{{/* Makes the tables in PostgreSQL. */}}
{{- define "ejabberd.tablesContainer" -}}
name: tables
{{ include "ejabberd.ejabberdImage" . }}
{{ include "ejabberd.erlangSecurity" . }}
command: [sh, /opt/chart/tables.sh]
env:
  - name: HOME
    value: {{ .Values.ejabberd.home }}
  - name: CONF
    value: {{ .Values.ejabberd.home }}/conf
  {{- include "ejabberd.distribution" . | nindent 2 }}
  - name: ERL_CRASH_DUMP_BYTES
    value: "0"
resources: {{- toYaml .Values.ejabberd.resources | nindent 2 }}
volumeMounts:
  - {name: home, mountPath: {{ .Values.ejabberd.home }}}
  - {name: conf, mountPath: {{ .Values.ejabberd.home }}/conf, readOnly: true}
  - {name: run, mountPath: /run/ejabberd, readOnly: true}
  - {name: tmp, mountPath: /tmp}
  - {name: scripts, mountPath: /opt/chart, readOnly: true}
  {{- include "ejabberd.sqlMount" . | nindent 2 }}
  {{- with .Values.ejabberd.extraVolumeMounts }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end -}}

{{/* Watches the certificate and the configuration. */}}
{{- define "ejabberd.reload" -}}
name: reload
{{ include "ejabberd.ejabberdImage" . }}
{{ include "ejabberd.containerSecurity" . }}
command: [sh, /opt/chart/reload.sh]
env:
  - name: RELOAD_SECONDS
    value: {{ .Values.tls.reloadSeconds | quote }}
  {{- if eq .Values.reload "live" }}
  - name: CONF
    value: {{ .Values.ejabberd.home }}/conf
  {{- end }}
livenessProbe:
  exec: {command: [sh, -c, 'test -n "$(find /tmp/.reload -mmin -{{ add 5 (div (int .Values.tls.reloadSeconds) 60) }})"']}
  periodSeconds: 60
  timeoutSeconds: 10
{{ include "ejabberd.smallResources" . }}
volumeMounts:
  {{- if eq .Values.reload "live" }}
  - {name: conf, mountPath: {{ .Values.ejabberd.home }}/conf, readOnly: true}
  {{- end }}
  - {name: scripts, mountPath: /opt/chart, readOnly: true}
  - {name: tls, mountPath: /etc/ejabberd-tls, readOnly: true}
  - {name: tmp, mountPath: /tmp}
{{- end -}}
