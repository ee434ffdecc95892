"""A web client on another origin uploads and downloads, and can read why it may not."""

import pytest

# The bytes 0 to 255, over and over.
BYTES = "const bytes = length => Uint8Array.from({length}, (_, at) => at % 256);"


def put(page, url: str, size: int, headers: dict[str, str]) -> int:
    """The status that the page reads."""
    script = """
        const [url, size, headers] = given;
        return (await fetch(url, {method: "PUT", headers, body: bytes(size)})).status;
    """
    return page.run(BYTES + script, url, size, headers)


def get(page, url: str, headers: dict[str, str] | None = None, method: str = "GET") -> dict:
    script = """
        const [url, headers, method] = given;
        const answer = await fetch(url, {method, headers, cache: "no-store"});
        const body = [...new Uint8Array(await answer.arrayBuffer())];
        return {status: answer.status, headers: Object.fromEntries(answer.headers), body};
    """
    return page.run(script, url, headers or {}, method)


def content(size: int) -> list[int]:
    return [at % 256 for at in range(size)]


def test_a_file_goes_up_and_comes_down(page, files):
    upload, download = files.slot("photo.png", 1000)

    assert put(page, upload, 1000, {"Content-Type": "image/png"}) == 201

    got = get(page, download)
    assert (got["status"], got["body"]) == (200, content(1000))
    assert got["headers"]["content-type"] == "image/png"
    assert got["headers"]["content-length"] == "1000"
    assert got["headers"]["content-disposition"] == 'inline; filename="photo.png"'
    assert got["headers"]["accept-ranges"] == "bytes"
    assert "etag" in got["headers"]
    assert "last-modified" in got["headers"]
    head = get(page, download, method="HEAD")
    assert (head["status"], head["body"]) == (200, [])
    assert head["headers"]["content-length"] == "1000"


def test_parts_and_what_is_known_already(page, files):
    upload, download = files.slot("film.mp4", 1000)
    assert put(page, upload, 1000, {"Content-Type": "video/mp4"}) == 201

    part = get(page, download, {"Range": "bytes=10-19"})
    assert (part["status"], part["body"]) == (206, content(20)[10:])
    assert part["headers"]["content-range"] == "bytes 10-19/1000"
    behind = get(page, download, {"Range": "bytes=1000-"})
    assert (behind["status"], behind["headers"]["content-range"]) == (416, "bytes */1000")
    known = get(page, download, {"If-None-Match": part["headers"]["etag"]})
    assert (known["status"], known["body"]) == (304, [])
    assert known["headers"]["etag"] == part["headers"]["etag"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "image/png", "Authorization": "Bearer x"}, 401),
        ({"Content-Type": "image/png", "X-Anything": "x"}, 201),
        ({}, 201),
    ],
)
def test_headers_that_clients_send_get_through_the_preflight(page, files, headers, status):
    upload, _ = files.slot("photo.png", 1000)

    assert put(page, upload, 1000, headers) == status


def test_a_refusal_can_be_read(page, files):
    upload, download = files.slot("photo.png", 1000)
    png = {"Content-Type": "image/png"}

    assert get(page, download)["status"] == 404
    assert put(page, download, 1000, png) == 403
    assert put(page, upload, 999, png) == 403
    assert put(page, upload, 1000, {"Content-Type": "png"}) == 400
    assert put(page, files.slot("photo.exe", 1000)[0], 1000, png) == 415
    assert put(page, f"{files.public_url}/elsewhere", 1000, png) == 404
    assert put(page, upload, 1000, png) == 201
    assert put(page, upload, 1000, png) == 409
    assert get(page, f"{download}/..%2f")["status"] == 400


def test_a_refusal_can_be_read_although_the_file_is_large(page, files):
    """It comes while the browser is still sending."""
    size = 8 * 1024 * 1024
    upload, download = files.slot("film.mp4", size)

    assert put(page, upload, size, {"Content-Type": "video/mp4"}) == 413
    assert put(page, download, size, {"Content-Type": "video/mp4"}) == 403


def test_a_client_that_shows_its_progress(page, files):
    """Converse.js and others use XMLHttpRequest, and listen to it."""
    upload, download = files.slot("photo.png", 100_000)
    script = """
        const [url] = given;
        return await new Promise((resolve, reject) => {
            const request = new XMLHttpRequest();
            let sent = 0;
            request.upload.onprogress = event => sent = event.loaded;
            request.onload = () => resolve([request.status, sent]);
            request.onerror = () => reject("no answer");
            request.open("PUT", url, true);
            request.setRequestHeader("Content-Type", "image/png");
            request.send(new Blob([bytes(100000)]));
        });
    """

    assert page.run(BYTES + script, upload) == [201, 100_000]
    assert len(get(page, download)["body"]) == 100_000


PNG = (
    "89504e470d0a1a0a0000000d494844520000000100000001080200000090"
    "7753de0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


def test_pictures_are_shown_on_other_origins(chromium, files, site):
    """Also on a page that takes nothing from others unless they agree, and by a canvas."""
    isolated = {"Cross-Origin-Embedder-Policy": "require-corp"}
    chromium.driver.get(site.put("/isolated", "<!doctype html>", isolated))
    picture = bytes.fromhex(PNG)
    upload, download = files.slot("dot.png", len(picture))
    script = """
        const [upload, download, picture] = given;
        const stored = await fetch(upload, {
            method: "PUT", headers: {"Content-Type": "image/png"}, body: new Uint8Array(picture),
        });
        const shown = cors => new Promise(resolve => {
            const image = new Image();
            if (cors) image.crossOrigin = "anonymous";
            image.onload = () => resolve(image);
            image.onerror = () => resolve(null);
            image.src = download + (cors ? "?cors" : "");
        });
        const [plain, readable] = [await shown(false), await shown(true)];
        const canvas = document.createElement("canvas");
        canvas.getContext("2d").drawImage(readable, 0, 0);
        canvas.toDataURL();
        return [stored.status, plain.naturalWidth, readable.naturalWidth, crossOriginIsolated];
    """

    assert chromium.run(script, upload, download, list(picture))[:3] == [201, 1, 1]
