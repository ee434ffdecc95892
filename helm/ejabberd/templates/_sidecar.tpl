{{/* A value as TOML writes it. Numbers of values are floats to helm. */}}
{{- define "sidecar.value" -}}
{{- if kindIs "float64" . -}}{{ int64 . }}{{- else -}}{{ toRawJson . }}{{- end -}}
{{- end -}}

{{/* (list heading options) */}}
{{- define "sidecar.section" -}}
[{{ index . 0 }}]
{{ range $option, $value := index . 1 -}}
{{- if kindIs "map" $value -}}
{{ $option }} = { {{- range $i, $name := keys $value | sortAlpha }}{{ if $i }}, {{ end }}{{ $name | quote }} = {{ include "sidecar.value" (get $value $name) }}{{ end }} }
{{ else -}}
{{ $option }} = {{ include "sidecar.value" $value }}
{{ end -}}
{{- end -}}
{{- end -}}

{{/* An issuer's section: (list index issuer). */}}
{{- define "sidecar.issuer" -}}
{{- $index := index . 0 -}}
{{- $issuer := index . 1 -}}
{{- $options := dict "issuer" $issuer.issuer -}}
{{- with $issuer.audience }}{{ $_ := set $options "audience" . }}{{ end -}}
{{- if or $issuer.jwks $issuer.configMap -}}
{{- $_ := set $options "jwks_file" (printf "/etc/ejabberd-sidecar/keys/issuer-%d.jwks" $index) -}}
{{- else if $issuer.pem -}}
{{- $_ := set $options "pem_file" (printf "/etc/ejabberd-sidecar/keys/issuer-%d.pem" $index) -}}
{{- else -}}
{{- $_ := set $options "secret_file" (printf "/etc/ejabberd-sidecar/secrets/issuer-%d" $index) -}}
{{- end -}}
{{- merge $options ($issuer.config | default dict) | toJson -}}
{{- end -}}

{{/* The general sections, by heading. */}}
{{- define "sidecar.sections" -}}
{{- $listen := dict "public" (printf "%s:8080" (ternary "[::]" "0.0.0.0" (contains ":" .Values.ejabberd.listenIp))) "hook" "unix:/run/ejabberd-sidecar/hook.sock" "ops" (printf "%s:8082" (ternary "[::]" "0.0.0.0" (contains ":" .Values.ejabberd.listenIp))) -}}
{{- with .Values.ejabberd.trustedProxies }}{{ $_ := set $listen "trusted_proxies" . }}{{ end -}}
{{- $sections := dict "listen" $listen -}}
{{- if eq (include "ejabberd.webTls" .) "true" -}}
{{- $_ := set $sections "listen.tls" (dict "cert" "/etc/ejabberd-tls/tls.crt" "key" "/etc/ejabberd-tls/tls.key") -}}
{{- end -}}
{{- $_ := set $sections "auth" (dict "users_file" "/etc/ejabberd-sidecar/users") -}}
{{- $_ := set $sections "upload" (dict "public_url" (include "ejabberd.uploadUrl" .) "secrets_file" "/etc/ejabberd-sidecar/secrets/upload" "max_size" .Values.uploads.maxSize) -}}
{{- if eq (include "ejabberd.component" .) "true" -}}
{{- $_ := set $sections "component" (dict "jid" (include "ejabberd.uploadHost" .) "server" "127.0.0.1:5347" "secret_file" "/etc/ejabberd-sidecar/secrets/component") -}}
{{- end -}}
{{- $_ := set $sections "store" (include "sidecar.store" . | fromJson) -}}
{{- $_ := set $sections "ejabberd" (dict "api_url" "http://127.0.0.1:5281/api/v0") -}}
{{- $_ := set $sections "log" .Values.sidecar.log -}}
{{- mergeOverwrite $sections (deepCopy .Values.sidecar.config) | toJson -}}
{{- end -}}

{{- define "sidecar.store" -}}
{{- if eq .Values.uploads.store.kind "disk" -}}
{{- dict "kind" "disk" "path" "/var/lib/ejabberd-sidecar" | toJson -}}
{{- else -}}
{{- $s3 := .Values.uploads.store.s3 -}}
{{- $store := dict "kind" "s3" "bucket" $s3.bucket "region" $s3.region "path_style" $s3.pathStyle -}}
{{- with $s3.endpoint }}{{ $_ := set $store "endpoint" . }}{{ end -}}
{{- with $s3.prefix }}{{ $_ := set $store "prefix" . }}{{ end -}}
{{- $_ := set $store "access_key_id" $s3.accessKeyId -}}
{{- $_ := set $store "secret_access_key_file" "/etc/ejabberd-sidecar/secrets/s3" -}}
{{- toJson $store -}}
{{- end -}}
{{- end -}}

{{/* The port of the bucket's server, where there is one. */}}
{{- define "sidecar.storePort" -}}
{{- $store := (include "sidecar.sections" . | fromJson).store -}}
{{- if eq $store.kind "s3" -}}
{{- $url := urlParse ($store.endpoint | default "https://") -}}
{{- regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default (ternary "80" "443" (eq $url.scheme "http")) -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.toml" -}}
{{- range $heading, $options := include "sidecar.sections" . | fromJson }}
{{ include "sidecar.section" (list $heading $options) }}
{{- end }}
{{- range $host := .Values.hosts }}
[hosts.{{ quote $host }}]
{{ range $part, $options := index $.Values.sidecar.hostConfig $host }}
{{ include "sidecar.section" (list (printf "hosts.%s.%s" (quote $host) $part) $options) }}
{{- end }}
{{- if not $.Values.issuers }}
{{ include "sidecar.section" (list (printf "[hosts.%s.issuers]" (quote $host)) (dict "issuer" "ejabberd-sidecar" "secret_file" "/etc/ejabberd-sidecar/secrets/issuer")) }}
{{- end }}
{{- range $index, $issuer := $.Values.issuers }}
{{- if or (not $issuer.hosts) (has $host $issuer.hosts) }}
{{ include "sidecar.section" (list (printf "[hosts.%s.issuers]" (quote $host)) (include "sidecar.issuer" (list $index $issuer) | fromJson)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
