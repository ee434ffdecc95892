// The chat of this page's own host, which leads /ws and /bosh to ejabberd.
const settings = await (await fetch("/settings.json")).json();
const { host, protocol } = window.location;
const secure = protocol === "https:";

converse.initialize({
    websocket_url: `${secure ? "wss" : "ws"}://${host}/ws`,
    bosh_service_url: `${protocol}//${host}/bosh`,
    discover_connection_methods: false,
    default_domain: settings.domain,
    // A token is typed in or pasted, and not kept.
    reuse_scram_keys: false,
    assets_path: "/dist/",
    // Whoever writes to us does not choose what our browser fetches.
    render_media: [new URL(settings.uploads).hostname],
    view_mode: "fullscreen",
});
