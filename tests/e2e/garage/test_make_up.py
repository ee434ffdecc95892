"""`make up STORE=s3`, as a stranger runs it."""

import asyncio
import os

import pytest

from harness import uploads
from harness.bucket import Bucket
from harness.make_up import Place, everything_ended, shell
from harness.processes import descendants
from harness.secrecy import secret_token
from harness.web import download, status
from harness.xmpp import logged_in


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    made.stop()


def bucket(place: Place) -> Bucket:
    endpoint = f"http://127.0.0.1:{place.s3_ports[0]}"
    key = (place.data / "secrets" / "s3.secret").read_text().strip()
    return Bucket(endpoint, "garage", "uploads", "GK656a6162626572642d757000", key)


def ended_by_ctrl_c(run) -> None:
    processes = descendants(run.pid)
    assert any("garage" in command for command in processes.values())
    run.press_ctrl_c()
    run.wait()
    everything_ended(processes)
    assert "error" not in run.printed()


def test_files_go_into_the_bucket_and_are_there_at_the_next_start(place, tmp_path):
    run = place.start("STORE=s3")
    alice = ("alice@localhost", run.token)
    bob = ("bob@localhost", secret_token(shell(run.another_token).decode().strip()))
    contents = [os.urandom(300_000), os.urandom(100)]

    shell(run.upload)
    urls = [
        uploads.by_slixmpp(place.server, alice, "greeting.bin", contents[0]),
        uploads.by_go_sendxmpp(place.server, tmp_path, alice, bob, contents[1]),
    ]

    assert shell(run.download) == (place.data / "hello.txt").read_bytes()
    assert [download(url) for url in urls] == contents
    files = bucket(place).names("files/")
    stored = [bucket(place).read(name) for name in files]
    assert sorted(map(len, stored)) == sorted([len(c) for c in contents] + [29])
    assert all(content in stored for content in contents)
    ended_by_ctrl_c(run)

    # Users are known from before, too: to whom nobody knows nothing can be written.
    again = place.start("STORE=s3")
    assert shell(run.download) == (place.data / "hello.txt").read_bytes()
    assert [download(url) for url in urls] == contents

    async def write():
        async with logged_in(place.server, "carol@localhost", token(again, "carol")) as carol:
            return [await carol.bounces(f"{user}@localhost") for user in ("bob", "nobody-else")]

    assert asyncio.run(write()) == [False, True]
    assert bucket(place).names("files/") == files
    ended_by_ctrl_c(again)


def token(run, user: str) -> str:
    command = run.another_token.replace("bob@localhost", f"{user}@localhost")
    return secret_token(shell(command).decode().strip())


def test_each_store_keeps_its_own_files_and_says_where_the_others_are(place):
    run = place.start()
    shell(run.upload)
    on_disk = run.download
    run.press_ctrl_c()
    run.wait()

    run = place.start("STORE=s3")
    shell(run.upload)
    in_bucket = run.download
    assert status(url_in(on_disk)) == 404
    printed = run.printed()
    assert "The files of STORE=disk stay in" in printed
    (copy,) = [line for line in printed.splitlines() if " store copy " in line]
    shell(copy)
    assert shell(on_disk) == shell(in_bucket) == (place.data / "hello.txt").read_bytes()
    ended_by_ctrl_c(run)

    run = place.start()
    assert "The files of STORE=s3 stay in" in run.printed()
    assert shell(on_disk) == (place.data / "hello.txt").read_bytes()
    assert status(url_in(in_bucket)) == 404


def url_in(command: str) -> str:
    return command.split("'")[-2]


def test_without_object_storage_it_says_so_and_ends(place):
    run = place.start("STORE=s3")
    processes = descendants(run.pid)

    os.kill(run.pid_of("garage"), 9)

    assert run.wait() != 0
    assert "error: Garage ended by itself" in run.printed()
    everything_ended(processes)
