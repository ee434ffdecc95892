//! All kinds of findings. `docs/config-check.md` explains each.

use super::finding::{Code, Severity};

macro_rules! codes {
    ($($constant:ident $severity:ident $name:literal $meaning:literal)*) => {
        $(
            #[doc = $meaning]
            pub const $constant: Code = Code { name: $name, severity: Severity::$severity, meaning: $meaning };
        )*
        /// Every kind.
        pub const ALL: &[Code] = &[$($constant),*];
    };
}

codes! {
    MACRO_UNDEFINED Error "macro_undefined" "a value looks like a macro that nothing defines"
    MACRO_IN_TEXT Error "macro_in_text" "an older ejabberd leaves `@NAME@` as it is"
    OPTION_TWICE Error "option_twice" "ejabberd does not start with an option that stands twice"
    OPTION_UNKNOWN Error "option_unknown" "ejabberd's version does not know an option or a module, and does not start"
    HOSTS_LIST Error "hosts_list" "ejabberd does not start where `hosts` is no list"
    VHOST_NOT_IN_EJABBERD Error "vhost_not_in_ejabberd" "the sidecar has a vhost that ejabberd does not serve"
    VHOST_NOT_IN_SIDECAR Error "vhost_not_in_sidecar" "ejabberd asks the sidecar for the users of a vhost that it does not know"
    VHOST_ON_ITS_OWN Warning "vhost_on_its_own" "ejabberd serves a vhost without the sidecar"

    AUTH_METHOD Error "auth_method" "something else than the sidecar decides who logs in"
    AUTH_ANONYMOUS Warning "auth_anonymous" "strangers log in without a token"
    AUTH_HTTP Error "auth_http" "before ejabberd 26.07 every user could log in as any other over `auth_method: http`"
    AUTH_CACHE Error "auth_cache" "ejabberd remembers tokens: an expired one goes on working, a new one is refused"
    EXTAUTH_PROGRAM Error "extauth_program" "no program asks the sidecar"
    EXTAUTH_NOT_FOUND Error "extauth_not_found" "the program that asks the sidecar is not there"
    EXTAUTH_NOT_EXECUTABLE Error "extauth_not_executable" "the program that asks the sidecar cannot be run"
    EXTAUTH_FOREIGN Warning "extauth_foreign" "the program is not `ejabberd-sidecar extauth`, or a shell script of its own"
    EXTAUTH_ARGUMENTS Error "extauth_arguments" "the bridge does not start with its arguments"
    EXTAUTH_HOOK Error "extauth_hook" "the bridge asks another address than the hook's"
    EXTAUTH_NO_HOOK Warning "extauth_no_hook" "the bridge asks its default address, which is right by chance"
    EXTAUTH_CREDENTIALS Error "extauth_credentials" "the bridge does not show the credentials that the hook wants"
    EXTAUTH_POOL_EMPTY Error "extauth_pool_empty" "ejabberd does not start with that number of bridges"
    EXTAUTH_POOL_SIZE Warning "extauth_pool_size" "how many logins are answered at once depends on the machine"
    SASL_PLAIN Error "sasl_plain" "PLAIN is switched off, by which tokens are sent"
    SASL_MECHANISMS Warning "sasl_mechanisms" "mechanisms are offered that never work with tokens"
    FAST_LOGIN Error "fast_login" "`mod_auth_fast` logs users in for weeks without asking the sidecar"
    OAUTH_LOGIN Error "oauth_login" "`ejabberd_oauth` hands out tokens that log users in without asking the sidecar"
    PASSWORD_CHANGE Warning "password_change" "`mod_register` lets users change passwords, which does nothing and is shown as done"

    C2S_WITHOUT_TLS Error "c2s_without_tls" "tokens may be sent in clear"
    MQTT_WITHOUT_TLS Error "mqtt_without_tls" "tokens are sent in clear"
    WEB_WITHOUT_TLS Warning "web_without_tls" "tokens may be sent in clear over WebSocket or BOSH"
    STANZA_SIZE Error "stanza_size" "a password longer than an extauth frame ends the bridges, one after the other"
    TOKEN_SIZE Error "token_size" "the longest tokens do not fit into what a client may send"

    UPLOAD_MISSING Warning "upload_missing" "ejabberd offers no uploads"
    SERVICE_URL Error "service_url" "ejabberd has its slots from somewhere else"
    PUT_URL Error "put_url" "clients send files to another address than the sidecar's"
    GET_URL Error "get_url" "clients are told another address than the sidecar's to fetch files from"
    UPLOAD_URL_SHARED Error "upload_url_shared" "several vhosts have one address, which cannot tell them apart"
    SECRET_MISSING Error "secret_missing" "ejabberd does not sign its slots"
    SECRET_DIFFERS Error "secret_differs" "ejabberd signs slots with a secret that the sidecar does not know"
    SECRET_RETIRED Warning "secret_retired" "ejabberd signs slots with an old secret"
    UPLOAD_MAX_SIZE Error "upload_max_size" "ejabberd promises larger files than the sidecar takes"
    JID_IN_URL Error "jid_in_url" "users' names are in public addresses, and their files are not found when they are removed"
    COMPONENT_LISTENER Error "component_listener" "the component connects to where ejabberd waits for none"
    COMPONENT_HOST Error "component_host" "ejabberd does not know the component by its name"
    COMPONENT_SECRET Error "component_secret" "ejabberd wants another secret of the component"

    API_EVERYONE Error "api_everyone" "whoever reaches the API may use it"
    API_LOCAL Error "api_local" "every process of the machine may do everything over the API"
    TRUSTED_PROXIES Error "trusted_proxies" "everybody is believed about his address"
    API_EXPOSED Warning "api_exposed" "an API or the web admin is reachable from other machines"
    ADMIN_MINTABLE Error "admin_mintable" "an issuer may log somebody in as an administrator"
    ADMIN_PATTERN Error "admin_pattern" "administrators are named by a pattern, and an issuer may log in whomever it matches"
    ADMIN_EVERYBODY Error "admin_everybody" "administrators are named by nothing that a stranger has not"

    STORE Error "store" "the store does not work"
    BUCKET_EXPIRES Error "bucket_expires" "a lifecycle rule of the bucket removes what the service needs"
    BUCKET_VERSIONS Warning "bucket_versions" "the bucket keeps all that was removed, for ever"
    BUCKET_CORS Warning "bucket_cors" "clients are sent to the bucket, and web clients cannot read there"
    CERTIFICATE_EXPIRED Error "certificate_expired" "the certificate of the public listener has expired"
    CERTIFICATE_EXPIRES Warning "certificate_expires" "the certificate of the public listener expires within two weeks"
    SECRET_SHARED Warning "secret_shared" "vhosts share an upload secret, and so accept each other's slots"
    SETTING Warning "setting" "something in the sidecar's own configuration is worth a look"
    HOOK_SILENT Error "hook_silent" "the service runs and its hook is not there or silent"
    SERVICE_DEGRADED Warning "service_degraded" "the service runs and says that something is away"
    LOGIN_PATH Error "login_path" "ejabberd runs and gets no answer from the sidecar, or is refused by its hook"
}
