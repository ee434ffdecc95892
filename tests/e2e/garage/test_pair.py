"""Two sidecars on one bucket, behind nginx with the configuration of docs/nginx.conf: both answer
the same, at once where nothing is said of it, else as soon as the docs say."""

import asyncio
import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from harness import component, ejabberd_api, raw_xmpp, tokens, uploads, web
from harness.pair import MAX_SIZE, QUOTA
from harness.processes import wait_until
from harness.secrecy import SECRETS, occurrences, secret
from harness.xmpp import logged_in

BOTH = [0, 1]


def told(pair, since: list[int], pattern: str, times: int) -> list[str]:
    """So many lines that both logs have in all, behind what they had."""

    def found() -> list[str]:
        logs = [s.log.read_text()[n:] for s, n in zip(pair.sidecars, since, strict=True)]
        return [line for log in logs for line in log.splitlines() if re.search(pattern, line)]

    wait_until(f"{times} lines of {pattern}", lambda: len(found()) >= times)
    lines = found()
    assert len(lines) == times
    return lines


def test_real_clients_send_files_whichever_sidecar_answers(pair, tmp_path):
    ejabberd, alice, bob = pair.server.ejabberd, pair.user("alice"), pair.user("bob")
    lengths = [sidecar.log_length() for sidecar in pair.sidecars]
    contents = [os.urandom(100_000) for _ in range(6)]

    async def upload():
        async with logged_in(ejabberd, *alice) as client:
            return [await client.upload(f"{len(c)}.bin", c) for c in contents]

    files = dict(zip(asyncio.run(upload()), contents, strict=True))
    photo = os.urandom(50_000)
    files[uploads.by_go_sendxmpp(ejabberd, tmp_path, alice, bob, photo)] = photo

    for url, content in files.items():
        assert url.startswith(f"{pair.url}/upload/localhost/")
        assert web.download(url) == content
        assert [web.download(pair.at(which, url)) for which in BOTH] == [content] * 2
    stored = [pair.bucket.read(name) for name in pair.bucket.names("files/")]
    assert all(content in stored for content in files.values())
    # ejabberd asks the one or the other for slots, and nginx for the rest.
    for sidecar, since in zip(pair.sidecars, lengths, strict=True):
        sidecar.wait_for_log('upload.* outcome="stored"', since)


def test_each_slot_is_good_at_both(pair):
    async def ask():
        async with logged_in(pair.server.ejabberd, *pair.user("sloth")) as client:
            return [await component.ask(client, "a.bin", "4") for _ in range(8)]

    lengths = [sidecar.log_length() for sidecar in pair.sidecars]
    slots = asyncio.run(ask())

    told(pair, lengths, 'outcome="issued"', len(slots))
    for at, slot in enumerate(slots):
        first, second = (pair.at(which % 2, slot.put) for which in (at, at + 1))
        assert web.request("PUT", first, b"data", slot.headers).status == 201
        again = [
            web.request("PUT", url, b"else", slot.headers).status
            for url in (first, second, slot.put)
        ]
        assert again == [409] * 3
        assert web.download(pair.at(at % 2, slot.get)) == web.download(slot.get) == b"data"


def test_logins_are_judged_alike(pair):
    key = pair.server.issuer_secret
    passwords = {
        tokens.make(key, "judged@localhost"): True,
        tokens.make(key, "judged@localhost", expires_in=-600): False,
        tokens.make(key, "other@localhost"): False,
        tokens.tampered(key, "judged@localhost"): False,
        tokens.make(key, "judged@localhost", alg="none"): False,
    }
    for password, is_right in passwords.items():
        answers = [
            pair.ask(at, "check_password", user="judged", **{"pass": password}) for at in BOTH
        ]
        assert answers == [(200, b"true" if is_right else b"false")] * 2
        got_in = raw_xmpp.login(pair.server.ejabberd, "judged", password).refused is None
        assert got_in == is_right


def test_who_exists_is_known_to_both(pair):
    """Some five seconds later: docs/logins.md."""
    for at in BOTH:
        user = f"newcomer-{at}"
        assert [pair.exists(which, user) for which in BOTH] == [False, False]
        _, token = pair.user(user)
        assert pair.ask(at, "check_password", user=user, **{"pass": token}) == (200, b"true")
        assert pair.exists(at, user)
        wait_until("the other one knows", lambda at=at, user=user: pair.exists(1 - at, user))
        # ejabberd asks the one or the other.
        for _ in range(4):
            asked = {"user": user, "host": "localhost"}
            answer = ejabberd_api.call(pair.server.ejabberd, "check_account", **asked)
            assert answer == (200, 0)


def test_a_removed_user_is_gone_at_both(pair):
    user = pair.user("leaver")
    for at in BOTH:
        assert pair.ask(at, "check_password", user="leaver", **{"pass": user[1]}) == (200, b"true")
    kept = pair.slot("leaver", 10)
    files = dict(pair.upload("leaver", 1000) for _ in range(4))
    stays, content = pair.upload("stayer", 1000)

    assert pair.ask(1, "remove_user", user="leaver")[0] == 204

    for at in BOTH:
        assert {web.status(pair.at(at, url)) for url in files} == {404}
        assert web.put(pair.at(at, kept), b"x" * 10).status == 410
        assert web.download(pair.at(at, stays)) == content
    wait_until("both know", lambda: not any(pair.exists(at, "leaver") for at in BOTH))
    folder = tokens.user_folder(user[0])
    assert [name for name in pair.bucket.names("files/") if folder in name] == []


def test_apps_see_the_same_at_both(pair):
    _, token = pair.user("app")
    contents = {}
    for at in [0, 1, 0, 1]:
        content = os.urandom(5000)
        wish = {"filename": f"{at}.bin", "size": len(content)}
        slot = json.loads(pair.api(at, token, "POST", "slots", wish).body)
        secret(slot["put"]["headers"]["Authorization"].removeprefix("Bearer "))
        put = web.request(
            "PUT", pair.at(1 - at, slot["put"]["url"]), content, slot["put"]["headers"]
        )
        assert put.status == 201
        contents[slot["get"]["url"]] = content

    def seen(at):
        return json.loads(pair.api(at, token, "GET", "uploads").body)["files"]

    assert seen(0) == seen(1)
    assert {file["url"] for file in seen(0)} == set(contents)
    for at, file in enumerate(seen(0)):
        assert pair.api(at % 2, token, "DELETE", f"uploads/{file['path']}").status == 204
        assert [web.status(pair.at(which, file["url"])) for which in BOTH] == [410, 410]
    assert seen(0) == seen(1) == []


def test_a_users_quota_is_the_same_at_both(pair):
    _, token = pair.user("hoarder")

    def used(at):
        answer = json.loads(pair.api(at, token, "GET", "uploads").body)
        assert answer["quota"] == QUOTA
        return answer["used"]

    def both_know(size):
        def known():
            # There is a limit to how often one may ask.
            time.sleep(2)
            return [used(at) for at in BOTH] == [size] * 2

        wait_until(f"both know of {size} bytes", known)

    def put(size, times):
        """Through nginx, which asks the one or the other, and then at each of them."""
        slots = [pair.slot("hoarder", size) for _ in range(times)]
        slots += [pair.at(which, pair.slot("hoarder", size)) for which in BOTH]
        return {web.put(slot, b"x" * size).status for slot in slots}

    most = QUOTA // MAX_SIZE - 1
    files = [pair.upload("hoarder", MAX_SIZE)[0] for _ in range(most)]
    # One byte is left.
    files.append(pair.upload("hoarder", MAX_SIZE - 1)[0])
    both_know(QUOTA - 1)
    assert put(2, times=4) == {507}

    listed = json.loads(pair.api(1, token, "GET", "uploads").body)["files"]
    path = next(file["path"] for file in listed if file["url"] == files[0])
    assert pair.api(0, token, "DELETE", f"uploads/{path}").status == 204
    both_know(QUOTA - 1 - MAX_SIZE)
    assert put(1000, times=4) == {201}
    both_know(QUOTA - 1 - MAX_SIZE + 6 * 1000)


def test_of_racers_at_both_exactly_one_wins(pair):
    racers = 3
    with ThreadPoolExecutor(2 * racers) as pool:
        for _ in range(5):
            slot = pair.slot("racer", 20_000)
            bodies = [os.urandom(20_000) for _ in range(2 * racers)]
            places = [pair.at(racer % 2, slot) for racer in range(2 * racers)]
            statuses = [answer.status for answer in pool.map(web.put, places, bodies)]

            assert sorted(statuses) == [201] + [409] * (2 * racers - 1)
            won = bodies[statuses.index(201)]
            got = slot.partition("?")[0]
            assert [web.download(pair.at(at, got)) for at in BOTH] == [won, won]


REFUSED = {"mac": 403, "path": 404, "used": 409, "too large": 413}


@pytest.mark.parametrize("size", [10, 5_000_000])
@pytest.mark.parametrize("fault", REFUSED)
def test_a_refusal_comes_through_nginx_however_large_the_file(pair, fault, size):
    if fault == "too large":
        size += MAX_SIZE
    url = pair.slot("refused", size)
    if fault == "mac":
        url = url[:-64] + "0" * 64
    if fault == "path":
        url = url.replace("/upload/", "/elsewhere/")
    if fault == "used":
        assert web.put(url, b"y" * size).status == 201

    assert web.put(url, b"x" * size).status == REFUSED[fault]


def test_logs_tell_the_clients_address_and_no_secret(pair):
    async def ask():
        async with logged_in(pair.server.ejabberd, *pair.user("logged")) as client:
            return await component.ask(client, "a.bin", "4", namespace=component.OLDER)

    token_in_path, token_in_query = asyncio.run(ask()).put, pair.slot("logged", 4)
    lengths = [sidecar.log_length() for sidecar in pair.sidecars]
    for url in (token_in_path, token_in_query):
        assert pair.put_from("127.0.0.2", url, b"data") == 201

    lines = told(pair, lengths, 'upload .*outcome="stored"', 2)
    assert all("127.0.0.2" in line for line in lines)
    access = pair.nginx.logs / "ejabberd-sidecar.log"
    seen = f" PUT {urlsplit(token_in_query).path} 201 "
    wait_until("nginx has written it down", lambda: seen in access.read_text())
    assert " PUT /upload/t/... 201 " in access.read_text()
    assert occurrences(SECRETS) == []
