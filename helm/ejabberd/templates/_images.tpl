{{/* (list image default-tag) */}}
{{- define "ejabberd.image" -}}
{{- $image := index . 0 -}}
{{- $image.repository }}:{{ $image.tag | default (index . 1) }}{{ with $image.digest }}@{{ . }}{{ end -}}
{{- end -}}

{{- define "ejabberd.ejabberdImage" -}}
image: {{ include "ejabberd.image" (list .Values.ejabberd.image "") | quote }}
imagePullPolicy: {{ .Values.ejabberd.image.pullPolicy }}
{{- end -}}

{{- define "ejabberd.sidecarImage" -}}
image: {{ include "ejabberd.image" (list .Values.sidecar.image .Chart.AppVersion) | quote }}
imagePullPolicy: {{ .Values.sidecar.image.pullPolicy }}
{{- end -}}

{{/* Such as 26.07, without what packagers write behind it. */}}
{{- define "ejabberd.version" -}}
{{- regexFind "^[0-9]{2}[.][0-9]{2}" (.Values.ejabberd.version | default .Values.ejabberd.image.tag) -}}
{{- end -}}

{{/* (list root version): "true" where ejabberd is as new as that. Semantic versions have no leading zeros. */}}
{{- define "ejabberd.atLeast" -}}
{{- $ours := include "ejabberd.version" (index . 0) | replace ".0" "." -}}
{{- $other := index . 1 | replace ".0" "." -}}
{{- if semverCompare (printf ">=%s.0" $other) (printf "%s.0" $ours) -}}true{{- end -}}
{{- end -}}

{{- define "ejabberd.native" -}}
{{- $native := .Values.sidecar.native -}}
{{- if or (eq $native "always") (and (eq $native "auto") (semverCompare ">=1.29.0-0" .Capabilities.KubeVersion.Version)) -}}true{{- end -}}
{{- end -}}
