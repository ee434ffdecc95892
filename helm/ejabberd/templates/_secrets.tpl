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
