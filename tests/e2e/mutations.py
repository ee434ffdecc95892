"""Promises of the HTTP contract, each broken by one small change of what the service answers, or
is asked.

`file` is the hurl file that has to notice.
"""

from collections.abc import Callable
from dataclasses import dataclass

from harness.mutating_proxy import Answer, ChangeAnswer, ChangeRequest, Request


@dataclass
class Mutation:
    name: str
    file: str
    listener: str
    answer: ChangeAnswer | None = None
    request: ChangeRequest | None = None


def status(before: int, after: int, method: str | None = None) -> ChangeAnswer:
    def change(request: Request, answer: Answer) -> bool:
        if answer.status != before or method not in (None, request.method):
            return False
        answer.status = after
        if after in (204, 304):
            answer.body = b""
            answer.set("Content-Length", None)
        return True

    return change


def status_of(path: str, after: int) -> ChangeAnswer:
    def change(request: Request, answer: Answer) -> bool:
        if not request.target.startswith(path) or answer.status == after:
            return False
        answer.status = after
        return True

    return change


def header(name: str, after: str | None, method: str | None = None) -> ChangeAnswer:
    """Another value, or with None no such header."""

    def change(request: Request, answer: Answer) -> bool:
        if method not in (None, request.method) or answer.header(name) in (None, after):
            return False
        answer.set(name, after)
        return True

    return change


def part_of_header(name: str, before: str, after: str) -> ChangeAnswer:
    def change(_request: Request, answer: Answer) -> bool:
        value = answer.header(name) or ""
        if before not in value:
            return False
        answer.set(name, value.replace(before, after))
        return True

    return change


def added(name: str, value: str) -> ChangeAnswer:
    def change(_request: Request, answer: Answer) -> bool:
        answer.set(name, value)
        return True

    return change


def body(before: bytes, after: bytes) -> ChangeAnswer:
    def change(request: Request, answer: Answer) -> bool:
        if before not in answer.body:
            return False
        answer.body = answer.body.replace(before, after)
        answer.set("Content-Length", str(len(answer.body)))
        return True

    return change


def ignored(name: str) -> ChangeRequest:
    """A service that does not know this header."""

    def change(request: Request) -> bool:
        if request.header(name) is None:
            return False
        request.without(name)
        return True

    return change


def only(condition: Callable[[Request], bool], change: ChangeAnswer) -> ChangeAnswer:
    def conditional(request: Request, answer: Answer) -> bool:
        return condition(request) and change(request, answer)

    return conditional


def ranged(request: Request) -> bool:
    return request.header("Range") is not None


def asks(name: str) -> Callable[[Request], bool]:
    return lambda request: request.target.startswith(f"/{name}")


def lists(request: Request) -> bool:
    return request.method == "GET" and request.target.startswith("/api/v1/uploads")


MUTATIONS = [
    # The hook: anything but exactly this is read as something else, or not at all.
    Mutation("a yes in capitals", "hook", "hook", body(b"true", b"True")),
    Mutation("a yes with a line end", "hook", "hook", body(b"true", b"true\n")),
    Mutation("a no that is a yes", "hook", "hook", body(b"false", b"true")),
    Mutation("a yes that is a no", "hook", "hook", body(b"true", b"false")),
    Mutation("a yes without length", "hook", "hook", header("Content-Length", None)),
    Mutation(
        "an unknown user who exists",
        "hook",
        "hook",
        only(asks("user_exists"), body(b"false", b"true")),
    ),
    Mutation("a login by 204", "hook", "hook", status(200, 204)),
    Mutation(
        "a refused login by 401",
        "hook",
        "hook",
        lambda q, a: a.body == b"false" and status(200, 401)(q, a),
    ),
    Mutation("accounts for everybody", "hook", "hook", status_of("/register", 201)),
    Mutation("removal for everybody", "hook", "hook", status_of("/remove_user", 204)),
    Mutation("passwords that change", "hook", "hook", status_of("/set_password", 204)),
    Mutation("a password to be read", "hook", "hook", status_of("/get_password", 200)),
    Mutation("a certificate to be read", "hook", "hook", status_of("/get_certs", 200)),
    Mutation("half a question is answered", "hook", "hook", status(400, 200)),
    Mutation("accounts by GET", "hook", "hook", status(405, 403)),
    Mutation("files at the hook", "hook", "hook", status_of("/upload", 200)),
    # Upwards.
    Mutation("200 for a stored file", "upload", "public", status(201, 200)),
    Mutation("a second upload is fine", "upload", "public", status(409, 201)),
    Mutation("a refusal by 401", "upload", "public", status(403, 401)),
    Mutation("a file nobody stored", "upload", "public", status(403, 201, "PUT")),
    Mutation("a page at a new file", "upload", "public", lambda q, a: a.status == 201 and _page(a)),
    Mutation("what is missing is empty", "upload", "public", status(404, 200)),
    Mutation("another file than was sent", "upload", "public", body(b"Hello,", b"Hallo,")),
    # Downwards.
    Mutation("sniffing", "download", "public", header("X-Content-Type-Options", None)),
    Mutation(
        "sniffing after HEAD", "download", "public", header("X-Content-Type-Options", None, "HEAD")
    ),
    Mutation("no policy", "download", "public", header("Content-Security-Policy", None)),
    Mutation(
        "a policy without sandbox",
        "download",
        "public",
        part_of_header("Content-Security-Policy", " sandbox;", ""),
    ),
    Mutation(
        "a policy that may be framed",
        "download",
        "public",
        part_of_header("Content-Security-Policy", "; frame-ancestors 'none'", ""),
    ),
    Mutation(
        "pages inline",
        "download",
        "public",
        part_of_header("Content-Disposition", "attachment", "inline"),
    ),
    Mutation(
        "pictures as attachments",
        "download",
        "public",
        part_of_header("Content-Disposition", "inline", "attachment"),
    ),
    Mutation(
        "no name", "download", "public", part_of_header("Content-Disposition", "hello.txt", "")
    ),
    Mutation("another type", "download", "public", header("Content-Type", "text/html")),
    Mutation("no entity tag", "download", "public", header("ETag", None)),
    Mutation("a weak entity tag", "download", "public", part_of_header("ETag", '"', "W/")),
    Mutation("no date", "download", "public", header("Last-Modified", None)),
    Mutation(
        "a shared cache", "download", "public", part_of_header("Cache-Control", "private", "public")
    ),
    Mutation(
        "isolated pages see nothing",
        "download",
        "public",
        header("Cross-Origin-Resource-Policy", None),
    ),
    Mutation("ranges are not announced", "download", "public", header("Accept-Ranges", None)),
    Mutation("a cookie", "download", "public", added("Set-Cookie", "a=b")),
    Mutation("ranges are ignored", "download", "public", request=ignored("Range")),
    Mutation("a part by 200", "download", "public", status(206, 200)),
    Mutation("a part of something", "download", "public", header("Content-Range", None)),
    Mutation("the wrong part", "download", "public", only(ranged, body(b"He", b"el"))),
    Mutation("If-None-Match is ignored", "download", "public", request=ignored("If-None-Match")),
    Mutation(
        "If-Modified-Since is ignored", "download", "public", request=ignored("If-Modified-Since")
    ),
    Mutation("If-Range is ignored", "download", "public", request=ignored("If-Range")),
    # Errors.
    Mutation("If-Match is ignored", "errors", "public", request=ignored("If-Match")),
    Mutation(
        "If-Unmodified-Since is ignored", "errors", "public", request=ignored("If-Unmodified-Since")
    ),
    Mutation("no challenge", "errors", "public", header("WWW-Authenticate", None)),
    Mutation("another challenge", "errors", "public", header("WWW-Authenticate", "Basic")),
    Mutation("parts are taken", "errors", "public", request=ignored("Content-Range")),
    Mutation("Authorization is ignored", "errors", "public", request=ignored("Authorization")),
    Mutation("too large is malformed", "errors", "public", status(413, 400)),
    Mutation("no length is malformed", "errors", "public", status(411, 400)),
    Mutation("a conflict is stored", "errors", "public", status(409, 201)),
    Mutation("files are deleted", "errors", "public", status(405, 204, "DELETE")),
    Mutation("forms are taken", "errors", "public", status(405, 200, "POST")),
    Mutation("no methods are named", "errors", "public", header("Allow", None)),
    Mutation("DELETE is named", "errors", "public", part_of_header("Allow", "PUT", "PUT, DELETE")),
    Mutation("behind the end is the whole", "errors", "public", status(416, 200)),
    Mutation(
        "the length is not told",
        "errors",
        "public",
        lambda q, a: a.status == 416 and header("Content-Range", None)(q, a),
    ),
    Mutation(
        "folders are listed",
        "errors",
        "public",
        lambda q, a: q.target.endswith("/") and status(400, 200)(q, a),
    ),
    Mutation("refusals are cached", "errors", "public", header("Cache-Control", None)),
    Mutation(
        "refusals say why", "errors", "public", body(b"Not Found\n", b"Not Found: no such file\n")
    ),
    Mutation("metrics for the world", "errors", "public", status_of("/metrics", 200)),
    Mutation("logins for the world", "errors", "public", status_of("/check_password", 200)),
    Mutation("a reason of another name", "errors", "ops", body(b"scheme_not_accepted", b"scheme")),
    Mutation(
        "strangers' vhosts as labels",
        "errors",
        "ops",
        body(b'vhost="unknown"', b'vhost="favicon.ico"'),
    ),
    # Web clients.
    Mutation(
        "one origin", "cors", "public", header("Access-Control-Allow-Origin", "https://example.org")
    ),
    Mutation(
        "one origin at PUT", "cors", "public", header("Access-Control-Allow-Origin", None, "PUT")
    ),
    Mutation(
        "refusals are kept from pages",
        "cors",
        "public",
        lambda q, a: a.status == 404 and header("Access-Control-Allow-Origin", None)(q, a),
    ),
    Mutation(
        "no PUT", "cors", "public", part_of_header("Access-Control-Allow-Methods", "PUT", "POST")
    ),
    Mutation(
        "one header", "cors", "public", header("Access-Control-Allow-Headers", "content-type")
    ),
    Mutation("credentials", "cors", "public", added("Access-Control-Allow-Credentials", "true")),
    Mutation("preflights each time", "cors", "public", header("Access-Control-Max-Age", None)),
    Mutation(
        "no header is exposed", "cors", "public", header("Access-Control-Expose-Headers", None)
    ),
    # Apps.
    Mutation("everybody is somebody", "api", "public", status(401, 200)),
    Mutation(
        "why a token is not good",
        "api",
        "public",
        body(b"not_authenticated", b"signature_invalid"),
    ),
    Mutation("no challenge to apps", "api", "public", header("WWW-Authenticate", None)),
    Mutation("answers are kept", "api", "public", header("Cache-Control", None)),
    Mutation("a list is kept", "api", "public", only(lists, header("Cache-Control", None))),
    Mutation("a removal is kept", "api", "public", header("Cache-Control", None, "DELETE")),
    Mutation("a list that is a page", "api", "public", header("Content-Type", "text/html")),
    Mutation("answers are sniffed", "api", "public", header("X-Content-Type-Options", None)),
    Mutation("tokens are ignored", "api", "public", request=ignored("Authorization")),
    Mutation("a slot by 200", "api", "public", status(201, 200)),
    Mutation("a slot without its header", "api", "public", body(b'"Authorization"', b'"Other"')),
    Mutation("a slot without an end", "api", "public", body(b'"expires"', b'"ends"')),
    Mutation("a slot that leads nowhere", "api", "public", body(b'"get"', b'"got"')),
    Mutation("no file on the page", "api", "public", only(lists, body(b'"files":[{', b'"f":[{'))),
    Mutation("a file without path", "api", "public", only(lists, body(b'"path"', b'"p"'))),
    Mutation("a file without name", "api", "public", only(lists, body(b'"name"', b'"n"'))),
    Mutation("a file without size", "api", "public", only(lists, body(b'"size"', b'"s"'))),
    Mutation("a file without type", "api", "public", only(lists, body(b'"type"', b'"t"'))),
    Mutation("a file without date", "api", "public", only(lists, body(b'"uploaded_at"', b'"u"'))),
    Mutation("a file without end", "api", "public", only(lists, body(b'"keep_until"', b'"k"'))),
    Mutation("a file without URL", "api", "public", only(lists, body(b'"url"', b'"u"'))),
    Mutation("a page without next", "api", "public", only(lists, body(b'"next"', b'"n"'))),
    Mutation("no sum", "api", "public", only(lists, body(b'"used"', b'"u"'))),
    Mutation("no quota", "api", "public", only(lists, body(b'"quota"', b'"q"'))),
    Mutation("somebody else removes it", "api", "public", status(404, 204, "DELETE")),
    Mutation("removed by 200", "api", "public", status(204, 200)),
    Mutation("half a wish", "api", "public", status(400, 201)),
    Mutation("another reason for half a wish", "api", "public", body(b"slot_request", b"request")),
    Mutation("forms are JSON", "api", "public", status(415, 201)),
    Mutation("files of any size", "api", "public", status(413, 201)),
    Mutation("users are listed", "api", "public", status_of("/api/v1/users", 200)),
    Mutation("slots are listed", "api", "public", status(405, 200)),
    Mutation("no method for slots", "api", "public", header("Allow", None)),
    Mutation(
        "pages remove nothing",
        "api",
        "public",
        part_of_header("Access-Control-Allow-Methods", "DELETE", "PATCH"),
    ),
    Mutation(
        "pages show no token",
        "api",
        "public",
        header("Access-Control-Allow-Headers", "content-type"),
    ),
    Mutation("cookies count", "api", "public", added("Access-Control-Allow-Credentials", "true")),
    # Those who watch.
    Mutation("dead", "ops", "ops", status_of("/livez", 500)),
    Mutation("not ready", "ops", "ops", status_of("/readyz", 503)),
    Mutation("ready without the store", "ops", "ops", body(b"store: ", b"s: ")),
    Mutation("ready without the users", "ops", "ops", body(b"users: ", b"u: ")),
    Mutation("not ready, by 200", "ops", "ops", body(b"ready\n", b"starting\n")),
    Mutation("metrics as a page", "ops", "ops", header("Content-Type", "text/html")),
    Mutation("no logins are counted", "ops", "ops", body(b"sidecar_logins_total", b"logins")),
    Mutation("no zero for uploads", "ops", "ops", body(b"sidecar_uploads_total", b"uploads")),
    Mutation("the store's health is not told", "ops", "ops", body(b"sidecar_store_up", b"store")),
    Mutation("something may be written", "ops", "ops", status(405, 200)),
]


def _page(answer: Answer) -> bool:
    answer.body = b"<html>"
    answer.set("Content-Length", "6")
    return True
