{{- define "ejabberd.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "ejabberd.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "ejabberd.labels" -}}
{{ include "ejabberd.selectorLabels" . }}
app.kubernetes.io/version: {{ include "ejabberd.version" . | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* The metadata of an object: (list root suffix annotations). */}}
{{- define "ejabberd.metadata" -}}
{{- $root := index . 0 -}}
name: {{ include "ejabberd.fullname" $root }}{{ index . 1 }}
namespace: {{ $root.Release.Namespace }}
labels: {{- include "ejabberd.labels" $root | nindent 2 }}
{{- with index . 2 }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "ejabberd.uploadHost" -}}
{{- .Values.uploads.host | default (printf "upload.%s" (first .Values.hosts)) -}}
{{- end -}}

{{- define "ejabberd.uploadUrl" -}}
{{- .Values.uploads.url | default (printf "https://%s/upload/@HOST@" (include "ejabberd.uploadHost" .)) -}}
{{- end -}}

{{/* Who clients and servers expect a certificate of, as a YAML list. */}}
{{- define "ejabberd.certificateNames" -}}
{{- $names := list -}}
{{- range .Values.hosts -}}
{{- $names = concat $names (list . (printf "conference.%s" .) (printf "pubsub.%s" .) (printf "upload.%s" .)) -}}
{{- end -}}
{{- append $names (include "ejabberd.uploadHost" .) | uniq | toYaml -}}
{{- end -}}
