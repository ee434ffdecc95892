{{- define "ejabberd.secretsName" -}}
{{- include "ejabberd.fullname" . }}-secrets
{{- end -}}

{{/* Which of .Values.secrets this installation has, as a YAML list. */}}
{{- define "ejabberd.secretsInUse" -}}
{{- $ids := list "upload" "cookie" -}}
{{- if not .Values.issuers }}{{ $ids = append $ids "issuer" }}{{ end -}}
{{- if eq (include "ejabberd.component" .) "true" }}{{ $ids = append $ids "component" }}{{ end -}}
{{- if .Values.turn.enabled }}{{ $ids = append $ids "turn" }}{{ end -}}
{{- if .Values.sql.enabled }}{{ $ids = append $ids "sql" }}{{ end -}}
{{- if eq .Values.uploads.store.kind "s3" }}{{ $ids = append $ids "s3" }}{{ end -}}
{{- toYaml $ids -}}
{{- end -}}

{{/* What the chart's own Secret holds, as YAML. Kept once it was asked for: what is made differs each time. */}}
{{- define "ejabberd.secretsData" -}}
{{- if not (hasKey .Values "secretsData") }}{{ $_ := set .Values "secretsData" (include "ejabberd.makeSecrets" . | fromYaml) }}{{ end -}}
{{- toYaml .Values.secretsData -}}
{{- end -}}

{{/* What is given is taken, what was made is kept, the rest is made. */}}
{{- define "ejabberd.makeSecrets" -}}
{{- $old := dig "data" dict (lookup "v1" "Secret" .Release.Namespace (include "ejabberd.secretsName" .) | default dict) -}}
{{- $data := dict -}}
{{- range $id := include "ejabberd.secretsInUse" . | fromYamlArray -}}
{{- $given := index $.Values.secrets $id -}}
{{- if not $given.existingSecret.name -}}
{{- $made := index $old $id | default (randAlphaNum 48 | b64enc) -}}
{{- $_ := set $data $id (ternary ($given.value | b64enc) $made (not (empty $given.value))) -}}
{{- end -}}
{{- end -}}
{{- range $index, $issuer := .Values.issuers -}}
{{- with dig "secret" "value" "" $issuer }}{{ $_ := set $data (printf "issuer-%d" $index) (b64enc .) }}{{ end -}}
{{- end -}}
{{- if and $data (not (pick $data "upload" "cookie")) -}}
{{- $_ := set $data "salt" (index $old "salt" | default (randAlphaNum 48 | b64enc)) -}}
{{- end -}}
{{- toYaml $data -}}
{{- end -}}

{{/* Differs when a given secret does. Many may read it, and a password can be short: nobody guesses it without what is long in the same Secret. */}}
{{- define "ejabberd.secretsSum" -}}
{{- $given := list -}}
{{- range omit .Values.secrets "keep" }}{{ with .value }}{{ $given = append $given . }}{{ end }}{{ end -}}
{{- range .Values.issuers }}{{ with dig "secret" "value" "" . }}{{ $given = append $given . }}{{ end }}{{ end -}}
{{- $salt := ternary (pick (include "ejabberd.secretsData" . | fromYaml) "upload" "cookie" "salt") dict (not (empty $given)) -}}
{{- $sources := list .Values.secrets -}}
{{- range .Values.issuers }}{{ $sources = append $sources (list .secret .pem) }}{{ end -}}
{{- toJson (list $salt $sources) | sha256sum -}}
{{- end -}}

{{- define "ejabberd.component" -}}
{{- if and .Values.uploads.enabled (eq .Values.uploads.slots "component") -}}true{{- end -}}
{{- end -}}

{{/* (list root secret key path): a source of a projected volume; `key` is the one that the chart's own Secret has it under. */}}
{{- define "ejabberd.secretSource" -}}
{{- $existing := (index . 1).existingSecret | default dict -}}
{{- $key := index . 2 -}}
- secret:
    name: {{ $existing.name | default (include "ejabberd.secretsName" (index . 0)) }}
    items:
      - key: {{ ternary ($existing.key | default $key) $key (not (empty $existing.name)) }}
        path: {{ index . 3 }}
{{- end -}}

{{- define "ejabberd.tlsName" -}}
{{- .Values.tls.existingSecret | default (printf "%s-tls" (include "ejabberd.fullname" .)) -}}
{{- end -}}

{{- define "ejabberd.tlsMade" -}}
{{- if not (or .Values.tls.existingSecret .Values.tls.certManager.enabled) -}}true{{- end -}}
{{- end -}}

{{/* Whether the pod itself speaks TLS with web clients. */}}
{{- define "ejabberd.webTls" -}}
{{- $web := .Values.tls.web -}}
{{- if or (eq $web "pod") (and (eq $web "auto") (not (or .Values.ingress.enabled .Values.gateway.enabled))) -}}true{{- end -}}
{{- end -}}
