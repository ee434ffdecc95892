"""Slots a second through real ejabberd: the component against ejabberd's own `mod_http_upload`,
the same clients asking both in turns.

Run by scripts/bench, with the tools of the end-to-end tests.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from harness import component, processes, web_xmpp
from harness.server import Server

ROUNDS = 5
ROUND_SECONDS = 4
CLIENTS = 4
# Questions that each client has open at once.
OPEN = 32


def installation(folder: Path, slots: str) -> Server:
    unlimited = {"EJABBERD_SIDECAR__LIMITS__SLOTS_PER_MINUTE": str(10**9)}
    server = Server(folder / slots, folder / slots / "store", unlimited, UP_SLOTS=slots)
    server.ejabberd.let_clients_hurry()
    server.start()
    if slots == "component":
        component.connected(server.sidecar)
    return server


async def ask_until(end: float, client: web_xmpp.WebSession) -> int:
    for at in range(OPEN):
        await client.send(component.REQUEST % at)
    slots, still_open = 0, OPEN
    while still_open:
        answer = await client.answer()
        assert answer.get("type") == "result", "each question gets a slot"
        still_open -= 1
        if time.monotonic() < end:
            slots += 1
            still_open += 1
            await client.send(component.REQUEST % answer.get("id"))
    return slots


async def one_client(server: Server, user: str, started: asyncio.Barrier) -> int:
    token = await asyncio.to_thread(server.sidecar.mint, f"{user}@localhost")
    async with web_xmpp.session(server.ejabberd, user, token) as client:
        await started.wait()
        return await ask_until(time.monotonic() + ROUND_SECONDS, client)


async def slots_a_second(server: Server) -> float:
    started = asyncio.Barrier(CLIENTS)
    asking = (one_client(server, f"user{n}", started) for n in range(CLIENTS))
    return sum(await asyncio.gather(*asking)) / ROUND_SECONDS


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = (installation(Path(folder), slots) for slots in ("component", "ejabberd"))
        rounds = {"component": [], "mod_http_upload": []}
        try:
            for _ in range(ROUNDS):
                rounds["component"].append(asyncio.run(slots_a_second(ours)))
                rounds["mod_http_upload"].append(asyncio.run(slots_a_second(theirs)))
        finally:
            processes.end_all()
    for name, each in rounds.items():
        median, least, most = statistics.median(each), min(each), max(each)
        print(
            f"  slots a second, {name:<16} {median:>7.0f}   of all rounds {least:.0f} to {most:.0f}"
        )
    ratio = statistics.median(a / b for a, b in zip(*rounds.values(), strict=True))
    verdict = "met" if ratio >= 1 else "MISSED"
    print(f"  component / mod_http_upload   {ratio:>7.2f}   goal >= 1.00   {verdict}")


if __name__ == "__main__":
    main()
