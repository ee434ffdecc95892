"""What is uploaded never runs, however a browser is brought to open it.

Each document is also served by the site, without the sidecar's headers: there its script runs, so
these tests can fail.
"""

import itertools

import pytest
from harness import web
from harness.processes import wait_until

from active import DOCUMENTS, html, svg

_NUMBERS = itertools.count()

# Passes on what the document in it says.
PAGE = """<!doctype html><title>page</title><script>
    addEventListener("message", event => fetch("/beacon/" + event.data));
</script>"""

# None says what it expects: then the browser asks in any case, and goes by the answer.
ELEMENTS = {
    "iframe": '<iframe src="{url}"></iframe>',
    "object": '<object data="{url}" width="99" height="99"></object>',
    "embed": '<embed src="{url}" width="99" height="99">',
}
WAYS = ["navigation", "window", *ELEMENTS]

# All that the sidecar sends against scripts, but for Content-Disposition.
POLICY = ["Content-Security-Policy", "X-Content-Type-Options", "Cross-Origin-Resource-Policy"]


class Opener:
    """Brings the browser to open an address."""

    def __init__(self, chromium, site):
        self._driver = chromium.driver
        self._site = site

    def open(self, way: str, url: str) -> None:
        element = ELEMENTS.get(way, "").format(url=url)
        self._driver.get(self._site.put("/page", PAGE + element))
        if way == "navigation":
            self._driver.execute_script("location.assign(arguments[0])", url)
        elif way == "window":
            self._driver.execute_script("window.open(arguments[0])", url)

    def run(self, way: str, document, content_type: str) -> None:
        """Opens a copy of the document on the site, and waits until it has run."""
        name = fresh()
        copy = document(self._site.beacon(name))
        url = self._site.put(f"/{name}", copy, {"Content-Type": content_type})
        self.open(way, url)
        self._site.wait_for(f"/beacon/{name}")

    def close_others(self, first: str) -> None:
        for handle in self._driver.window_handles:
            if handle != first:
                self._driver.switch_to.window(handle)
                self._driver.close()
        self._driver.switch_to.window(first)


@pytest.fixture
def opener(chromium, site):
    first = chromium.driver.current_window_handle
    opener = Opener(chromium, site)
    yield opener
    opener.close_others(first)


def fresh() -> str:
    return f"script-{next(_NUMBERS)}"


def uploaded(files, name: str, content: str, content_type: str) -> str:
    body = content.encode()
    put, get = files.slot(name, len(body))
    assert web.put(put, body, content_type).status == 201
    return get


@pytest.fixture
def assert_never_runs(opener, files, site):
    def check(way: str, url: str, hidden: str, said: str, document, content_type: str) -> None:
        """What is at `url` would hit the beacon `hidden`. Its copy does hit one."""
        before = files.count("downloads", "served")
        opener.open(way, url)
        wait_until("the browser has it", lambda: files.count("downloads", "served") > before)
        # Whatever the copy had the time for, the other one had, too.
        opener.run(way, document, content_type)
        assert not site.was_hit(hidden), f"{said} ran by {way}"

    return check


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("content_type", DOCUMENTS)
def test_documents_with_scripts_never_run(assert_never_runs, files, site, content_type, way):
    hidden, document = fresh(), DOCUMENTS[content_type]
    url = uploaded(files, "name", document(site.beacon(hidden)), content_type)

    assert_never_runs(way, url, hidden, content_type, document, content_type)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["page.html", "name"])
@pytest.mark.parametrize(
    "said",
    [
        "text/plain",
        "image/png",
        # Behind a comma, some look for another type; here it belongs to a text.
        'image/png; a="b, text/html"',
        "application/octet-stream",
        "a/b",
    ],
)
def test_a_page_under_another_type_never_runs(assert_never_runs, files, site, name, said, way):
    """The browser is told not to guess."""
    hidden = fresh()
    url = uploaded(files, name, html(site.beacon(hidden)), said)

    assert_never_runs(way, url, hidden, said, html, "text/html")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("content_type", DOCUMENTS)
def test_the_policy_alone_would_do(opener, files, site, content_type, way):
    """For a browser that shows what it was told to save: the same answer without that header."""
    hidden, document = fresh(), DOCUMENTS[content_type]
    served = web.get(uploaded(files, "name", document(site.beacon(hidden)), content_type))
    assert served.headers["Content-Disposition"].startswith("attachment")
    headers = {name: served.headers[name] for name in POLICY} | {"Content-Type": content_type}

    opener.open(way, site.put(f"/{hidden}", served.body, headers))
    site.wait_for(f"/{hidden}")
    opener.run(way, document, content_type)

    assert not site.was_hit(hidden), f"{content_type} ran by {way}"


def test_a_drawing_is_a_picture_and_no_more(chromium, opener, files, site):
    """As an <img> it is shown, which is what people send it for."""
    hidden = fresh()
    url = uploaded(files, "drawing.svg", svg(site.beacon(hidden)), "image/svg+xml")
    chromium.driver.get(site.put("/page", PAGE))
    script = """
        const image = new Image();
        const shown = new Promise(resolve => image.onload = image.onerror = resolve);
        image.src = given[0];
        document.body.append(image);
        await shown;
        return image.naturalWidth;
    """

    assert chromium.run(script, url) == 9
    opener.run("navigation", svg, "image/svg+xml")
    assert not site.was_hit(hidden)


def test_a_page_is_saved(chromium, opener, files, site):
    content = html(site.beacon(fresh()))
    url = uploaded(files, "Seite%201.html", content, "text/html")

    opener.open("navigation", url)

    assert chromium.wait_until_saved("Seite 1.html") == content.encode()
    assert chromium.driver.current_url == f"{site.url}/page", "the page is still there"


def test_what_is_shown_is_not_framed(chromium, opener, files):
    """Else it could be dressed up as part of a page."""
    url = uploaded(files, "name.txt", "shown to who opens it", "text/plain")
    text = "return document.body.innerText"

    opener.open("navigation", url)
    wait_until("it is shown", lambda: chromium.driver.current_url == url)
    assert chromium.driver.execute_script(text) == "shown to who opens it"

    before = files.count("downloads", "served")
    opener.open("iframe", url)
    wait_until("the browser has it", lambda: files.count("downloads", "served") > before)
    chromium.driver.switch_to.frame(0)
    assert "shown to" not in chromium.driver.execute_script(text)
    chromium.driver.switch_to.default_content()
