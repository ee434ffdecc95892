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

{{/* The names that files go to, as a YAML list: that of the URL, or one for each domain where it has @HOST@ in it. */}}
{{- define "ejabberd.uploadNames" -}}
{{- $names := list -}}
{{- if .Values.uploads.enabled -}}
{{- range .Values.hosts -}}
{{- $names = append $names (include "ejabberd.uploadUrl" $ | replace "@HOST@" . | urlParse).hostname -}}
{{- end -}}
{{- end -}}
{{- $names | uniq | toYaml -}}
{{- end -}}

{{/* Who clients and servers expect a certificate of, as a YAML list. */}}
{{- define "ejabberd.certificateNames" -}}
{{- $names := list -}}
{{- range .Values.hosts -}}
{{- $names = concat $names (list . (printf "conference.%s" .) (printf "pubsub.%s" .) (printf "upload.%s" .)) -}}
{{- end -}}
{{- concat $names (list (include "ejabberd.uploadHost" .)) (include "ejabberd.uploadNames" . | fromYamlArray) | uniq | toYaml -}}
{{- end -}}
