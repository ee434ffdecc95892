{{/* All that cannot work, told at once: each sentence says what to do. A group of checks an own template, a problem an own line. */}}
{{- define "ejabberd.validate" -}}
{{- $problems := list -}}
{{- range list "hosts" "settings" "environment" "plain" "versions" "replicas" "uploads" "accept" "issuers" "secrets" "network" -}}
{{- $found := include (printf "validate.%s" .) $ | trim -}}
{{- if $found -}}{{- $problems = concat $problems (splitList "\n" $found) -}}{{- end -}}
{{- end -}}
{{- $lines := list -}}
{{- range $problems -}}{{- with trim . -}}{{- $lines = append $lines (printf "  - %s" .) -}}{{- end -}}{{- end -}}
{{- if $lines -}}
{{- fail (printf "\n\nThese values cannot work:\n%s\n" (join "\n" $lines)) -}}
{{- end -}}
{{- end -}}

{{- define "validate.hosts" -}}
{{- if not .Values.hosts }}
hosts is empty: name the domains that ejabberd serves, as in --set 'hosts[0]=example.org'
{{- end }}
{{- $name := include "ejabberd.fullname" . }}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) }}
no Service can be called {{ $name }}: give the release, or fullnameOverride, a name that begins with a letter and has no dot
{{- end }}
{{- range $host, $_ := .Values.sidecar.hostConfig }}
{{- if not (has $host $.Values.hosts) }}
sidecar.hostConfig has {{ $host }}, which is not among hosts: add it there, or take it out
{{- end }}
{{- end }}
{{- end -}}

{{/* What probes, Services and ejabberd rely on. */}}
{{- define "validate.settings" -}}
{{- $owned := list "listen.public" "listen.hook" "listen.hook_prefix" "listen.hook_credentials_file" "listen.ops" "listen.tls" "auth.users_file" "upload.public_url" "upload.secrets_file" "upload.max_size" "component.jid" "component.server" "component.secret_file" "store.kind" "store.path" -}}
{{- range $owned }}
{{- $path := splitList "." . }}
{{- if hasKey (get $.Values.sidecar.config (first $path) | default dict) (last $path) }}
sidecar.config has {{ . }}, which the chart sets: take it out, and use the chart's own values
{{- end }}
{{- end }}
{{- range $heading, $_ := .Values.sidecar.config }}
{{- if regexMatch "^(hosts|listen[.])" $heading }}
sidecar.config has the section {{ $heading }}, which the chart writes: take it out; issuers, sidecar.hostConfig and tls are for that
{{- end }}
{{- end }}
{{- with dig "Error" "" (.Values.ejabberd.extraConfig | default "{}" | fromYaml) }}
ejabberd.extraConfig is no mapping in YAML ({{ . | replace "\n" " " }}): write options as in "language: de"
{{- end }}
{{- $host := first $.Values.hosts | default "" }}
{{- if hasKey (dig $host "auth" dict $.Values.sidecar.hostConfig) "users_file" }}
sidecar.hostConfig has users_file for {{ $host }}: the probes need the chart's, which holds a user who always exists; take it out
{{- end }}
{{- end -}}

{{/* What the chart sets in the environment, and what tells secrets there. */}}
{{- define "validate.environment" -}}
{{- range $part := list "ejabberd" "sidecar" }}
{{- $seen := list }}
{{- range (include (printf "%s.container" $part) $ | fromYaml).env }}
{{- if has .name $seen }}
{{ $part }}.extraEnv has {{ .name }}, which is set already: take it out
{{- end }}
{{- $seen = append $seen .name }}
{{- end }}
{{- end }}
{{- range .Values.ejabberd.extraEnv }}
{{- if has .name (list "CTL_ON_CREATE" "CTL_ON_START" "REGISTER_ADMIN_PASSWORD") }}
ejabberd.extraEnv has {{ .name }}, which the image writes into its log: take it out, and use kubectl exec with ejabberdctl
{{- end }}
{{- end }}
{{- range .Values.sidecar.extraEnv }}
{{- if hasPrefix "EJABBERD_SIDECAR__" .name }}
sidecar.extraEnv has {{ .name }}: take it out; options are for sidecar.config, and what is secret for secrets
{{- end }}
{{- end }}
{{- end -}}

{{/* What is secret and would lie in a ConfigMap, which many may read. */}}
{{- define "validate.plain" -}}
{{- $socket := "the hook is a socket that the pod alone reaches, and needs none" -}}
{{- range $option, $instead := dict "store.secret_access_key" "give it in secrets.s3" "upload.secrets" "give them in secrets.upload" "component.secret" "give it in secrets.component" "listen.hook_credentials" $socket "listen.hook_slot_key" $socket }}
{{- $path := splitList "." $option }}
{{- if hasKey (get $.Values.sidecar.config (first $path) | default dict) (last $path) }}
sidecar.config has {{ $option }}, which would lie in a ConfigMap for all to read: take it out; {{ $instead }}
{{- end }}
{{- end }}
{{- range $host, $parts := .Values.sidecar.hostConfig }}
{{- if hasKey ($parts.upload | default dict) "secrets" }}
sidecar.hostConfig has upload.secrets for {{ $host }}, which would lie in a ConfigMap for all to read: take it out; secrets.upload is for all domains, or mount a Secret with extraVolumes and sidecar.extraVolumeMounts, and name its file in upload.secrets_file
{{- end }}
{{- end }}
{{- range $index, $issuer := .Values.issuers }}
{{- if hasKey ($issuer.config | default dict) "secret" }}
issuers[{{ $index }}].config has secret, which would lie in a ConfigMap for all to read: take it out, and give it in issuers[{{ $index }}].secret
{{- end }}
{{- if eq (include "issuer.hasSecretKey" $issuer) "true" }}
issuers[{{ $index }}] has a key that is secret, which would lie in a ConfigMap for all to read: give public keys alone, and one that is shared (HS256) in issuers[{{ $index }}].secret
{{- end }}
{{- end }}
{{- end -}}

{{/* "true" where the keys of an issuer are no public ones: shared (`k`), or the private half (`d`). */}}
{{- define "issuer.hasSecretKey" -}}
{{- $set := .jwks | default "{}" | fromJson -}}
{{- $keys := list $set -}}
{{- if kindIs "slice" $set.keys }}{{ $keys = concat $keys $set.keys }}{{ end -}}
{{- $secret := contains "PRIVATE KEY" (.pem | default "") -}}
{{- range $keys -}}
{{- if kindIs "map" . }}{{ if or (hasKey . "k") (hasKey . "d") (eq (toString .kty) "oct") }}{{ $secret = true }}{{ end }}{{ end -}}
{{- end -}}
{{- if $secret -}}true{{- end -}}
{{- end -}}

{{- define "validate.versions" -}}
{{- if or (regexMatch "(^|/)ejabberd/ecs$" .Values.ejabberd.image.repository) (eq .Values.ejabberd.home "/home/ejabberd") }}
ejabberd.image.repository is {{ .Values.ejabberd.image.repository }} with home {{ .Values.ejabberd.home }}: ejabberd/ecs has its programs in /home/ejabberd, where a volume would hide them; take ghcr.io/processone/ejabberd with home /opt/ejabberd
{{- end }}
{{- $version := include "ejabberd.version" . -}}
{{- if not $version }}
ejabberd.image.tag is {{ .Values.ejabberd.image.tag }}, which is no version: say in ejabberd.version which one it is, as in "26.07"
{{- else if ne (include "ejabberd.atLeast" (list . "23.01")) "true" }}
ejabberd {{ $version }} is too old: take 23.01 or newer
{{- end }}
{{- end -}}

{{- define "validate.replicas" -}}
{{- if gt (int .Values.replicas) 1 }}
{{- if ne .Values.uploads.store.kind "s3" }}
replicas is {{ .Values.replicas }}, and each pod would have files of its own: set uploads.store.kind to s3 with a bucket, or replicas to 1
{{- end }}
{{- if not .Values.sql.enabled }}
replicas is {{ .Values.replicas }}, and archives and rosters would be in the pods: set sql.enabled with a PostgreSQL, or replicas to 1
{{- end }}
{{- if not .Values.clustering.enabled }}
replicas is {{ .Values.replicas }}, and the pods would know nothing of each other: set clustering.enabled, or replicas to 1
{{- end }}
{{- if and .Values.turn.enabled (ne .Values.turn.mode "external") }}
replicas is {{ .Values.replicas }}, and a relay has one address: set turn.mode to external, or replicas to 1
{{- end }}
{{- end }}
{{- with .Values.sql }}
{{- if and .enabled (not .host) }}
sql.enabled needs sql.host: the name of the PostgreSQL server
{{- end }}
{{- if and .enabled .ssl .verify (not .caConfigMap.name) }}
sql.verify needs sql.caConfigMap: the authorities that may have signed the server's certificate; or set sql.verify to false, to encrypt with whoever answers
{{- end }}
{{- if and .enabled .caConfigMap.name (not .ssl) }}
sql.caConfigMap is of no use without sql.ssl: turn that on
{{- end }}
{{- end }}
{{- end -}}

{{- define "validate.uploads" -}}
{{- $store := .Values.uploads.store -}}
{{- if eq $store.kind "s3" }}
{{- if not $store.s3.bucket }}
uploads.store.kind is s3: name the bucket in uploads.store.s3.bucket
{{- end }}
{{- if not $store.s3.accessKeyId }}
uploads.store.kind is s3: set uploads.store.s3.accessKeyId, and give the key that goes with it in secrets.s3
{{- end }}
{{- end }}
{{- $taken := list }}
{{- $shared := list }}
{{- range .Values.hosts }}
{{- $taken = concat $taken (list . (printf "conference.%s" .) (printf "pubsub.%s" .)) }}
{{- if not (dig . "upload" "public_url" "" $.Values.sidecar.hostConfig) }}{{ $shared = append $shared . }}{{ end }}
{{- end }}
{{- $host := include "ejabberd.uploadHost" (dict "Values" (dict "uploads" .Values.uploads "hosts" (.Values.hosts | default (list "-")))) }}
{{- if has $host $taken }}
uploads.host is {{ $host }}, which is one of hosts or has their rooms or nodes: it has to be a domain of its own, such as upload.example.org
{{- end }}
{{- with .Values.uploads.url }}
{{- if and (gt (len $shared) 1) (not (contains "@HOST@" (regexReplaceAll "^https?://[^/]*" . ""))) }}
uploads.url is {{ . }}, where files of {{ join " and " $shared }} could not be told apart: put @HOST@ into its path
{{- end }}
{{- end }}
{{- end -}}

{{/* The scheme of the slots that are handed out has to be among those that are accepted. */}}
{{- define "validate.accept" -}}
{{- if .Values.uploads.enabled }}
{{- $scheme := ternary "bearer" "v" (eq .Values.uploads.slots "component") }}
{{- $given := dict "sidecar.config" (.Values.sidecar.config.upload | default dict) }}
{{- range $host, $parts := .Values.sidecar.hostConfig }}{{ $_ := set $given (printf "sidecar.hostConfig (%s)" $host) ($parts.upload | default dict) }}{{ end }}
{{- range $where, $upload := $given }}
{{- if and (hasKey $upload "accept") (not (has $scheme (kindIs "slice" $upload.accept | ternary $upload.accept (list $upload.accept)))) }}
{{ $where }} has upload.accept without {{ $scheme }}, which slots have with uploads.slots {{ $.Values.uploads.slots }}: add it there, or take upload.accept out
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "validate.issuers" -}}
{{- if .Values.issuers }}
{{- range $host := .Values.hosts }}
{{- $names := list }}
{{- range $.Values.issuers }}{{ if or (not .hosts) (has $host .hosts) }}{{ $names = append $names .issuer }}{{ end }}{{ end }}
{{- if not $names }}
issuers has none for {{ $host }}, where nobody could log in: name it in the hosts of one
{{- else if ne (len $names) (len (uniq $names)) }}
issuers has one twice for {{ $host }}: give all keys of an issuer in one entry, or hosts to each
{{- end }}
{{- end }}
{{- end }}
{{- range $index, $issuer := .Values.issuers }}
{{- $given := list }}
{{- range list "jwks" "pem" "configMap" "secret" }}
{{- if get $issuer . }}{{ $given = append $given . }}{{ end }}
{{- end }}
{{- if ne (len $given) 1 }}
issuers[{{ $index }}] ({{ $issuer.issuer }}) has {{ ternary (join " and " $given) "no key" (not (empty $given)) }}: give one of jwks, pem, configMap and secret
{{- end }}
{{- range list "secret_file" "pem_file" "jwk_file" "jwks_file" }}
{{- if hasKey ($issuer.config | default dict) . }}
issuers[{{ $index }}].config has {{ . }}, which the chart sets: take it out, and give the keys in one of jwks, pem, configMap and secret
{{- end }}
{{- end }}
{{- if hasKey ($issuer.jwks | default "{}" | fromJson) "Error" }}
issuers[{{ $index }}].jwks is no JSON: give a key set, as in {"keys": […]}
{{- end }}
{{- with $issuer.secret }}
{{- if not (or .value (dig "existingSecret" "name" "" .)) }}
issuers[{{ $index }}].secret needs value, or existingSecret with a name
{{- else if and .value (lt (len .value) 32) }}
issuers[{{ $index }}].secret.value is weak: take 32 characters or more, as of `openssl rand -hex 32`
{{- else if and .value (eq .value $.Values.secrets.upload.value) }}
issuers[{{ $index }}].secret.value is secrets.upload, too: take another one, since who signs uploads must not sign logins
{{- end }}
{{- end }}
{{- range $issuer.hosts }}
{{- if not (has . $.Values.hosts) }}
issuers[{{ $index }}].hosts has {{ . }}, which is not among hosts: add it there, or take it out
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "validate.secrets" -}}
{{- $least := dict "upload" 32 "component" 16 "issuer" 32 "cookie" 20 "turn" 16 "sql" 1 "s3" 1 -}}
{{- range $id, $least := $least }}
{{- $given := index $.Values.secrets $id }}
{{- if and $given.value $given.existingSecret.name }}
secrets.{{ $id }} has both value and existingSecret: give one of them
{{- end }}
{{- if and $given.value (lt (len $given.value) $least) }}
secrets.{{ $id }}.value is weak: take {{ $least }} characters or more, as of `openssl rand -hex 32`, or leave it empty and one is made
{{- end }}
{{- end }}
{{- range $id, $needed := dict "sql" .Values.sql.enabled "s3" (eq .Values.uploads.store.kind "s3") "turn" (and .Values.turn.enabled (eq .Values.turn.mode "external")) }}
{{- $given := index $.Values.secrets $id }}
{{- if and $needed (not (or $given.value $given.existingSecret.name)) }}
secrets.{{ $id }} is missing: it belongs to another server and cannot be made here; give value or existingSecret
{{- end }}
{{- end }}
{{- if and .Values.secrets.issuer.value (eq .Values.secrets.issuer.value .Values.secrets.upload.value) }}
secrets.issuer is secrets.upload, too: take another one, since who signs uploads must not sign logins
{{- end }}
{{- if and .Values.issuers (or .Values.secrets.issuer.value .Values.secrets.issuer.existingSecret.name) }}
secrets.issuer is for installations without issuers: give the secret at the issuer, in issuers[].secret
{{- end }}
{{- end -}}

{{- define "validate.network" -}}
{{- if and .Values.turn.enabled (not .Values.turn.address) }}
turn.enabled needs turn.address: the public IPv4 address that clients reach the relay at
{{- else if and .Values.turn.enabled (ne .Values.turn.mode "external") (not (regexMatch "^[0-9]{1,3}([.][0-9]{1,3}){3}$" .Values.turn.address)) }}
turn.address is {{ .Values.turn.address }}: ejabberd's own relay needs an IPv4 address there
{{- end }}
{{- $proxied := or .Values.ingress.enabled .Values.gateway.enabled }}
{{- if and $proxied (eq .Values.tls.web "pod") }}
tls.web is pod, and ingress or gateway would speak plain HTTP to it: set it to auto
{{- end }}
{{- if and (or $proxied (eq .Values.tls.web "proxy")) (not .Values.ejabberd.trustedProxies) }}
ejabberd.trustedProxies is empty, and all web users would have the proxy's address, which one who guesses passwords gets banned for all: name the networks of the ingress controller's or balancer's addresses, as in [10.0.0.0/8]
{{- end }}
{{- if and .Values.gateway.enabled (not .Values.gateway.parentRefs) }}
gateway.enabled needs gateway.parentRefs: the Gateways that lead here
{{- end }}
{{- if and .Values.tls.certManager.enabled .Values.tls.existingSecret }}
tls has both existingSecret and certManager: give one of them
{{- end }}
{{- if and .Values.tls.certManager.enabled (not .Values.tls.certManager.issuerRef.name) }}
tls.certManager needs issuerRef.name: who signs the certificate
{{- end }}
{{- if and .Values.ingress.enabled .Values.ingress.tls (not .Values.ingress.tlsSecret) (eq (include "ejabberd.tlsMade" .) "true") }}
ingress.tls would show a certificate that nobody trusts: give ingress.tlsSecret, tls.existingSecret or tls.certManager; or set ingress.tls to false where the controller has its own
{{- end }}
{{- end -}}
