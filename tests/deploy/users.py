"""What users do at a pod: log in with a token, chat, upload."""

import re
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

from pod import until

LOGIN = Path(__file__).parent / "login.py"
CONFIG = "/etc/ejabberd-sidecar/sidecar.toml"
CURL = ["curl", "-sk", "--noproxy", "*"]


def token(pod, user="alice", host="example.org"):
    mint = ["/ejabberd-sidecar", "token", "mint", "--config", CONFIG, "--sub", f"{user}@{host}"]
    return pod.run("sidecar", *mint).stdout.strip()


def login(pod, password, user="alice"):
    done = pod.outside(sys.executable, LOGIN, "example.org", user, input=password)
    return done.stdout.strip() or done.stderr


def log_in_until_refused(pod, name):
    """New users, one after the other, until one is not let in, or there are many: those who were."""
    users = (f"{name}{number}" for number in range(300))
    return list(takewhile(lambda user: login(pod, token(pod, user), user) == "success", users))


def api(pod, call):
    """Of ejabberd; its versions differ in how they write a number."""
    answer = pod.outside(*CURL, f"http://127.0.0.1:5281/api/v0/{call}").stdout
    return re.sub(r'^{"\w+":(.*)}$', r"\1", answer.strip())


def knows(pod, user):
    """Whether this pod has heard of a user who logged in, if only at another one."""
    return api(pod, f"check_account?user={user}&host=example.org") == "0"


def nobody_is_online(pod):
    return api(pod, "connected_users_number") == "0"


def component_is_connected(pod):
    return "component: connected" in pod.outside(*CURL, "http://127.0.0.1:8082/readyz").stdout


def ask(pod, user, query, *stanzas):
    """What a user is answered who logs in, sends the stanzas, and then asks this."""
    query = f"<iq id='end' {query}</iq>"
    done = pod.outside(sys.executable, LOGIN, "example.org", user, *stanzas, query, input=token(pod, user))
    assert done.stdout.startswith("success"), done.stdout + done.stderr
    return done.stdout


def say(pod, user, to, text):
    message = f"<message to='{to}@example.org' type='chat'><body>{text}</body></message>"
    ask(pod, user, "type='get'><ping xmlns='urn:xmpp:ping'/>", message)


def archive(pod, user):
    return ask(pod, user, "type='set'><query xmlns='urn:xmpp:mam:2'/>")


def befriend(pod, user, other):
    ask(pod, user, f"type='set'><query xmlns='jabber:iq:roster'><item jid='{other}@example.org'/></query>")


def roster(pod, user):
    return ask(pod, user, "type='get'><query xmlns='jabber:iq:roster'/>")


def signed(pod, name, size):
    """Where to PUT a file, as it is reached from here."""
    sign = ["url", "sign", "--config", CONFIG, "--user", "alice@example.org", "--size", str(size), name]
    url = pod.run("sidecar", "/ejabberd-sidecar", *sign).stdout.strip()
    return "https://127.0.0.1:8080/" + url.split("/", 3)[3]


def sent_and_got(slot, certificate, *more):
    """What comes back of a file that was sent as a client's slot says, by curl, which trusts this certificate alone."""
    place, headers, url = slot
    curl = ["curl", "-fsS", "--noproxy", "*", "--cacert", certificate, *more]
    given = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    send = [*curl, "-X", "PUT", "-d", "hello", "-H", "Content-Type: text/plain", *given, place]
    subprocess.run(send, check=True, timeout=60)
    return subprocess.run([*curl, url], capture_output=True, text=True, timeout=60).stdout


def status(pod, *words):
    return pod.outside(*CURL, "-o", "/dev/null", "-w", "%{http_code}", *words).stdout


def metrics(pod):
    return pod.outside(*CURL, "http://127.0.0.1:8082/metrics").stdout


def slow_put(pod, url, file):
    """An upload that is under way; its output ends with the status."""
    words = ["--limit-rate", "200k", "-w", "%{http_code}", "-T", file, url]
    command = ["nsenter", f"--target={pod.pid}", "--net", *CURL, *words]
    upload = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    until(lambda: "ejabberd_sidecar_uploads_under_way 1" in metrics(pod))
    return upload


def put(pod, url, text="hello"):
    return status(pod, "-X", "PUT", "-d", text, "-H", "Content-Type:", url)


def get(pod, url):
    return pod.outside(*CURL, url.partition("?")[0]).stdout
