{{/* Changed configuration starts the pods anew. Secrets that were made are not in it: they never change. */}}
{{- define "ejabberd.checksums" -}}
{{- $secrets := dict "secrets" .Values.secrets "issuers" .Values.issuers -}}
checksum/ejabberd: {{ include (print $.Template.BasePath "/config-ejabberd.yaml") . | sha256sum }}
checksum/sidecar: {{ include (print $.Template.BasePath "/config-sidecar.yaml") . | sha256sum }}
checksum/scripts: {{ include (print $.Template.BasePath "/config-scripts.yaml") . | sha256sum }}
checksum/secrets: {{ toJson $secrets | sha256sum }}
{{- end -}}

{{- define "ejabberd.placement" -}}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- if .Values.affinity }}
affinity: {{- toYaml .Values.affinity | nindent 2 }}
{{- else }}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels: {{- include "ejabberd.selectorLabels" . | nindent 14 }}
{{- end }}
{{- if .Values.topologySpreadConstraints }}
topologySpreadConstraints: {{- toYaml .Values.topologySpreadConstraints | nindent 2 }}
{{- else }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "ejabberd.selectorLabels" . | nindent 8 }}
{{- end }}
{{- end -}}
