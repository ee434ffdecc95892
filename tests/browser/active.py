"""Documents that run when they are shown: each with a script that a beacon tells of."""


def script(beacon: str) -> str:
    """Tells over the network, which a policy may forbid, and tells the page around it."""
    name = beacon.rsplit("/", 1)[1]
    return f"""
        new Image().src = "{beacon}?image";
        fetch("{beacon}?fetch", {{mode: "no-cors"}}).catch(() => 0);
        navigator.sendBeacon("{beacon}?beacon");
        for (const other of [parent, top, opener]) if (other) other.postMessage("{name}", "*");
    """.replace("\n", " ")


def html(beacon: str) -> str:
    handler = f"new Image().src='{beacon}?handler'"
    return f"""<!doctype html><title>page</title><script>{script(beacon)}</script>
        <img src="x:" onerror="{handler}"><body onload="{handler}">"""


def svg(beacon: str) -> str:
    handler = f"new Image().src='{beacon}?handler'"
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="{handler}">
        <rect width="9" height="9"/><script><![CDATA[{script(beacon)}]]></script></svg>"""


def xhtml(beacon: str) -> str:
    return f"""<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>page</title>
        <script><![CDATA[{script(beacon)}]]></script></head><body/></html>"""


def xml(beacon: str) -> str:
    """No page at all, but for one element."""
    return f"""<?xml version="1.0"?><list><entry/>
        <script xmlns="http://www.w3.org/1999/xhtml"><![CDATA[{script(beacon)}]]></script></list>"""


# By the type that makes a browser run it.
DOCUMENTS = {
    "text/html": html,
    "image/svg+xml": svg,
    "application/xhtml+xml": xhtml,
    "application/xml": xml,
    "text/xml": xml,
}
