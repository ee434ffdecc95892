{{/* (list root file): a file of ejabberd-config/; what it includes is named by its whole path. */}}
{{- define "ejabberd.part" -}}
{{- $root := index . 0 -}}
{{- $text := $root.Files.Get (printf "files/ejabberd-config/%s" (index . 1)) -}}
{{- if not $text }}{{ fail (printf "files/ejabberd-config/%s is missing in this chart" (index . 1)) }}{{ end -}}
{{- $macros := printf "  %q:\n    allow_only: [define_macro]\n  \"/run/ejabberd/local.yml\":\n" (printf "%s/conf/macros.yml" $root.Values.ejabberd.home) -}}
{{- $text = $text | replace "  \"local.yml\":\n" $macros -}}
{{- $text = $text | replace "\"parts.yml\"" (printf "\"%s/conf/parts.yml\"" $root.Values.ejabberd.home) -}}
{{- if $root.Values.ejabberd.proxyProtocol -}}
{{- /* On the listeners for clients and servers; web clients' proxy tells the address in a header. */ -}}
{{- $text = regexReplaceAll "(module: ejabberd_(c2s|s2s_in))\n" $text "${1}\n    use_proxy_protocol: true\n" -}}
{{- end -}}
{{- $text -}}
{{- end -}}

{{- define "ejabberd.main" -}}
{{- $text := include "ejabberd.part" (list . "ejabberd.yml") -}}
{{- $text = $text | replace "extauth_pool_size: 4" (printf "extauth_pool_size: %d" (int .Values.ejabberd.extauthPool)) -}}
{{- if eq (include "ejabberd.component" .) "true" -}}
{{- /* Clients find it by themselves below their own domain alone. */ -}}
{{- $text = $text | replace "  mod_disco:\n" (printf "  mod_disco:\n    extra_domains: [%s]\n" (include "ejabberd.uploadHost" . | quote)) -}}
{{- end -}}
{{- $text -}}
{{- end -}}

{{/* Which files of the configuration are included, as a YAML list. */}}
{{- define "ejabberd.parts" -}}
{{- $parts := list (ternary "clients-26.04.yml" "clients-23.01.yml" (eq (include "ejabberd.atLeast" (list . "26.04")) "true")) "web.yml" -}}
{{- $parts = append $parts (ternary "federation.yml" "no-federation.yml" .Values.ejabberd.federation) -}}
{{- if .Values.uploads.enabled -}}
{{- $parts = append $parts (ternary "component.yml" "slots.yml" (eq .Values.uploads.slots "component")) -}}
{{- end -}}
{{- if .Values.turn.enabled }}{{ $parts = append $parts (ternary "relay.yml" "calls.yml" (eq .Values.turn.mode "external")) }}{{ end -}}
{{- if .Values.sql.enabled }}{{ $parts = append $parts "sql.yml" }}{{ end -}}
{{- if .Values.ejabberd.extraConfig }}{{ $parts = append $parts "extra.yml" }}{{ end -}}
{{- toYaml $parts -}}
{{- end -}}

{{- define "ejabberd.calls" -}}
{{- $last := printf "turn_max_port: %d" (add 49151 (int .Values.turn.relayPorts)) -}}
{{- include "ejabberd.part" (list . "calls.yml") | replace "turn_max_port: 49407" $last -}}
{{- end -}}

{{/* Another server's relay. */}}
{{- define "ejabberd.relay" -}}
modules:
  mod_stun_disco:
    credentials_lifetime: 12 hours
    secret: TURN_SECRET
    services:
{{- range $type, $restricted := dict "stun" false "turn" true }}
      - {host: {{ $.Values.turn.address | quote }}, port: {{ int $.Values.turn.port }}, type: {{ $type }}, transport: udp, restricted: {{ $restricted }}}
{{- end }}
{{- end -}}

{{- define "ejabberd.sql" -}}
{{- $newest := eq (include "ejabberd.atLeast" (list . "25.10")) "true" -}}
sql_type: pgsql
sql_server: {{ .Values.sql.host | quote }}
sql_port: {{ int .Values.sql.port }}
sql_database: {{ .Values.sql.database | quote }}
sql_username: {{ .Values.sql.user | quote }}
sql_password: SQL_PASSWORD
{{- if .Values.sql.ssl }}
sql_ssl: true
sql_ssl_verify: {{ .Values.sql.verify }}
{{- if .Values.sql.caConfigMap.name }}
sql_ssl_cafile: /etc/ejabberd-sql/ca.crt
{{- end }}
{{- end }}
default_db: sql
# Several domains in one schema. The option was renamed.
{{ ternary "sql_schema_multihost" "new_sql_schema" $newest }}: true
{{- if eq (include "ejabberd.makesTables" .) "true" }}
update_sql_schema: true
{{- end }}
{{- end -}}

{{- define "ejabberd.makesTables" -}}
{{- if and .Values.sql.enabled (eq (include "ejabberd.atLeast" (list . "23.10")) "true") -}}true{{- end -}}
{{- end -}}

{{/* The configuration for tables.sh: the same modules, and nobody to log in. */}}
{{- define "ejabberd.tables" -}}
include_config_file:
  {{ printf "%s/conf/ejabberd.yml" .Values.ejabberd.home | quote }}:
    disallow: [listen, auth_method, certfiles]
auth_method: [sql]
{{- end -}}

{{- define "ejabberd.macros" -}}
{{- $web := ternary ":5443" "" (eq (include "ejabberd.webTls" .) "true") -}}
{{- $certs := list (printf "%s/tls.crt" "/etc/ejabberd-tls") (printf "%s/tls.key" "/etc/ejabberd-tls") -}}
define_macro:
  XMPP_HOSTS: {{ toJson .Values.hosts }}
  CERTFILES: {{ toJson $certs }}
  CONTACT_URLS: {{ .Values.ejabberd.contactUrls | default (list (printf "mailto:postmaster@%s" (first .Values.hosts))) | toJson }}
  LISTEN_IP: {{ .Values.ejabberd.listenIp | quote }}
  TRUSTED_PROXIES: {{ toJson .Values.ejabberd.trustedProxies }}
  FAIL2BAN_EXEMPT: {{ toJson .Values.ejabberd.fail2banExempt }}
  C2S_PORT: 5222
  C2S_TLS_PORT: 5223
  S2S_PORT: 5269
  API_PORT: 5281
  HTTP_IP: {{ .Values.ejabberd.listenIp | quote }}
  HTTP_PORT: 5443
  HTTP_TLS: {{ eq (include "ejabberd.webTls" .) "true" }}
  WEBSOCKET_URL: "wss://@HOST@{{ $web }}/ws"
  BOSH_URL: "https://@HOST@{{ $web }}/bosh"
  EXTAUTH_PROGRAM: "/opt/ejabberd-sidecar/ejabberd-sidecar extauth --hook unix:/run/ejabberd-sidecar/hook.sock"
{{- if eq (include "ejabberd.component" .) "true" }}
  COMPONENT_PORT: 5347
  COMPONENT_HOSTS: { {{- include "ejabberd.uploadHost" . | quote }}: {password: COMPONENT_SECRET}}
{{- end }}
  UPLOAD_URL: {{ include "ejabberd.uploadUrl" . | quote }}
  UPLOAD_MAX_SIZE: {{ include "ejabberd.bytes" .Values.uploads.maxSize }}
{{- if .Values.turn.enabled }}
  STUN_PORT: {{ int .Values.turn.port }}
  TURN_IP: {{ .Values.turn.address | quote }}
{{- end }}
{{- end -}}

{{/* 100MiB as a number, by powers of 1024 and of 1000. */}}
{{- define "ejabberd.bytes" -}}
{{- $units := dict "" 1 "B" 1 "KIB" 1024 "MIB" 1048576 "GIB" 1073741824 "KB" 1000 "MB" 1000000 "GB" 1000000000 -}}
{{- $text := ternary (int64 .) . (kindIs "float64" .) | toString -}}
{{- $number := regexFind "^[0-9]+" $text -}}
{{- mul (int64 $number) (get $units (trimPrefix $number $text | trim | upper)) -}}
{{- end -}}
