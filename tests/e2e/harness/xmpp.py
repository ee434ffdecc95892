"""A real XMPP client, slixmpp, that trusts this server's certificate alone."""

import asyncio
import io
from contextlib import asynccontextmanager

from slixmpp import ClientXMPP, Message, Presence

from .ejabberd import Ejabberd
from .secrecy import secret, secret_url

# Above what the bridge rides out (8 s); a hung login fails here.
LOGIN_PATIENCE = 40

# Uploads; and what ejabberd-config/ is asked for: services, rooms, nodes, archives.
PLUGINS = ["xep_0363", "xep_0030", "xep_0045", "xep_0060", "xep_0313"]

# Never logs in.
NOBODY = "nobody@localhost"


class RefusedError(Exception):
    """The server said no; the text is its SASL condition."""


class Client(ClientXMPP):
    def __init__(self, server: Ejabberd, jid: str, token: str):
        super().__init__(jid, token, sasl_mech="PLAIN")
        self.ca_certs = server.certificate
        self.enable_direct_tls = False  # STARTTLS, or nothing
        for plugin in PLUGINS:
            self.register_plugin(plugin)
        self.inbox: asyncio.Queue[Message] = asyncio.Queue()
        self.add_event_handler("message", self.inbox.put_nowait)
        self.roster.auto_authorize = None  # who asks is answered by the test
        self.subscriptions: asyncio.Queue[Presence] = asyncio.Queue()
        self.add_event_handler("presence_subscribe", self.subscriptions.put_nowait)
        self.add_filter("in", self._remember_slot)
        self._port = server.port

    def _remember_slot(self, stanza):
        if stanza.name == "iq" and stanza.get_plugin("http_upload_slot", check=True):
            put = stanza["http_upload_slot"]["put"]
            headers = [header.text for header in put.xml]
            # Without headers its address permits something.
            for header in headers:
                secret(header.removeprefix("Bearer "))
            if not headers:
                secret_url(put["url"])
        return stanza

    async def login(self) -> None:
        outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def settle(error: Exception | None) -> None:
            if outcome.done():
                return
            if error:
                outcome.set_exception(error)
            else:
                outcome.set_result(None)

        handlers = {
            "session_start": lambda _: settle(None),
            "failed_auth": lambda failure: settle(RefusedError(failure["condition"])),
            "disconnected": lambda why: settle(ConnectionError(f"disconnected: {why}")),
            "connection_failed": lambda why: settle(ConnectionError(str(why))),
            "ssl_invalid_chain": lambda why: settle(ConnectionError(str(why))),
        }
        for event, handler in handlers.items():
            self.add_event_handler(event, handler)
        self.connect("127.0.0.1", self._port)
        await asyncio.wait_for(outcome, LOGIN_PATIENCE)

    async def bounces(self, jid: str) -> bool:
        """Whether a message to `jid` comes back: there is no such user."""
        self.send_message(jid, "is this somebody?", mtype="chat")
        answers = await self.all_answers()
        return any(a["type"] == "error" and a["from"].bare == jid for a in answers)

    async def all_answers(self) -> list[Message]:
        """Those to what was sent so far: the server answers in order."""
        self.send_message(NOBODY, "this comes back", mtype="chat")
        answers = []
        while (message := await asyncio.wait_for(self.inbox.get(), 30))["from"].bare != NOBODY:
            answers.append(message)
        return answers

    async def upload(self, name: str, content: bytes) -> str:
        """Through a slot of ejabberd; gives the address to download from."""
        return await self.plugin["xep_0363"].upload_file(name, input_file=io.BytesIO(content))


@asynccontextmanager
async def logged_in(server: Ejabberd, jid: str, token: str):
    client = Client(server, jid, token)
    try:
        await client.login()
        yield client
    finally:
        await client.disconnect()


def talk(server, conversation, user="alice@localhost"):
    """What a user of an installation finds out in a conversation of a minute at most."""

    async def go():
        async with logged_in(server.ejabberd, user, server.sidecar.mint(user)) as client:
            return await asyncio.wait_for(conversation(client), 60)

    return asyncio.run(go())
