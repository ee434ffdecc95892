{{/* What starts the pods anew when it changes. Secrets that were made are not in it: they never change. */}}
{{- define "ejabberd.checksums" -}}
{{- if eq .Values.reload "live" -}}
checksum/start: {{ include "ejabberd.readAtStart" . | sha256sum }}
{{- else -}}
checksum/ejabberd: {{ include (print $.Template.BasePath "/config-ejabberd.yaml") . | sha256sum }}
checksum/sidecar: {{ include (print $.Template.BasePath "/config-sidecar.yaml") . | sha256sum }}
{{- end }}
checksum/scripts: {{ include (print $.Template.BasePath "/config-scripts.yaml") . | sha256sum }}
checksum/secrets: {{ include "ejabberd.secretsSum" . }}
{{- end -}}

{{/* What a reload cannot change: new modules may need tables. */}}
{{- define "ejabberd.readAtStart" -}}
{{- $sidecar := include "sidecar.sections" . | fromJson -}}
{{- $fixed := list .Values.ejabberd.extauthPool (pick $sidecar.listen "public" "hook" "ops") $sidecar.store $sidecar.log.format -}}
{{- if .Values.sql.enabled }}{{ $fixed = append $fixed (list (include "ejabberd.sql" .) .Values.ejabberd.extraConfig) }}{{ end -}}
{{- toJson $fixed -}}
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
