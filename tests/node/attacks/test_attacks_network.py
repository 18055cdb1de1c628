"""Attacks on the way out: where a node lets itself be sent, by whom, and how long it stays there.

Every connection that this process opens is recorded, so that "it never went there" is what was seen and no guess. Names
are resolved by a hook: what resolves inside, and what changes between two looks, is decided here.
"""

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
import trustme

from federation.addresses import AddressPolicy
from federation.client import Client, Limits
from fedorg.domain.accounts import UserRole
from fedorg.node import Node
from tests.databases import SqliteFiles
from tests.node.attacks.forging import by_rsa, cavage
from tests.node.attacks.ground import NUMBERS, Ground, note, take_ground
from tests.node.attacks.raw import OK, Raw
from tests.node.fake_peer import FakePeer, key, running_peer
from tests.node.talking import refusal, success

pytestmark = pytest.mark.asyncio(loop_scope="module")

PEER: Final = "peer.example"
# The list of S21, and its neighbours: no address of these is an ordinary public one.
INSIDE: Final = (
    "127.0.0.1", "127.1.2.3", "0.0.0.0",  # noqa: S104 - nobody listens there
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.2.1", "198.18.0.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1",
    "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1", "2001:10::1",
)  # fmt: skip
# Other spellings of 127.0.0.1 that some resolver or library reads as it.
ODD: Final = (
    "2130706433", "0x7f000001", "017700000001", "0x7f.1", "127.1", "127.0.1", "0177.0.0.1", "0x7f.0.0.0x1",
    "127.0.0.1.", "127.000.000.001", "\u0661\u0662\u0667.\u0660.\u0660.\u0661", "①②⑦.⓪.⓪.①", "127。0。0。1",
    "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::1%25lo]", "[::1%lo]", "localhost", "LOCALHOST", "localhost.", "x.localhost", "ⓛocalhost",
)  # fmt: skip


@dataclass
class Names:
    """A resolver that answers what the attacker wants; each answer is given once, the last one for ever."""

    answers: dict[str, list[list[str]]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    async def lookup(self, host: str) -> list[str]:
        """See ``federation.lookups.Lookup``."""
        await asyncio.sleep(0)
        self.asked[host] += 1
        given = self.answers.get(host)
        if given is None:
            raise OSError("no such name")
        return given.pop(0) if len(given) > 1 else given[0]


@pytest.fixture(scope="module")
def names() -> Names:
    """The names of the module."""
    return Names()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who vouches for the hosts of these tests."""
    return trustme.CA()


@pytest.fixture(scope="module")
def folder(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the nodes keep their things."""
    path = tmp_path_factory.mktemp("network")
    authority.cert_pem.write_to_path(path / "ca.pem")
    return path


def narrowed(names: Names, folder: Path, policy: AddressPolicy, clients: list[Client], limits: Limits) -> Any:  # noqa: ANN401 - see ``serving.Changes``
    """A change of a node: its way out asks our resolver, and has little patience."""

    def change(node: Node) -> Node:
        client = Client(
            policy, "fedorg/test", now=node.now, ca_file=folder / "ca.pem", limits=limits, lookup=names.lookup
        )
        clients.append(client)
        return replace(node, client=client)

    return change


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clients() -> AsyncIterator[list[Client]]:
    """The ways out that the nodes of this module use; closed at its end."""
    opened: list[Client] = []
    yield opened
    for client in opened:
        await client.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground(sqlite_files: SqliteFiles, folder: Path, names: Names, clients: list[Client]) -> AsyncIterator[Ground]:
    """A node that may speak with this machine, so that it can be sent on from here; it has no patience."""
    limits = Limits(total_seconds=1.5, connect_seconds=1, read_seconds=0.5)
    change = narrowed(names, folder, AddressPolicy(allow_http_loopback=True), clients, limits)
    (folder / "open").mkdir()
    async with take_ground(sqlite_files, folder / "open", change) as taken:
        yield taken


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def strict(sqlite_files: SqliteFiles, folder: Path, names: Names, clients: list[Client]) -> AsyncIterator[Ground]:
    """A node as it stands in the world: no loopback, https only."""
    change = narrowed(names, folder, AddressPolicy(), clients, Limits(total_seconds=2, connect_seconds=1))
    (folder / "strict").mkdir()
    settings = {"public_url": "https://social.example.org", "insecure_loopback": False}
    async with take_ground(sqlite_files, folder / "strict", change, **settings) as taken:
        yield taken


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def secure(authority: trustme.CA, names: Names) -> AsyncIterator[FakePeer]:
    """A peer with a name and a certificate, on loopback."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(PEER, "changing.example", "mixed.example").configure_cert(context)
    names.answers[PEER] = [["127.0.0.1"]]
    async with running_peer(PEER, context) as running:
        running.add_user("mallory")
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def connected() -> AsyncIterator[list[tuple[str, int]]]:
    """Where this process connected to during the test."""
    loop = asyncio.get_running_loop()
    found: list[tuple[str, int]] = []
    connect = loop.sock_connect

    async def recorded(sock: Any, address: Any) -> None:  # noqa: ANN401 - as the loop's own
        found.append(address[:2])
        await connect(sock, address)

    loop.sock_connect = recorded  # type: ignore[method-assign] # to watch it
    yield found
    loop.sock_connect = connect  # type: ignore[method-assign]


def ports(connected: list[tuple[str, int]], ground: Ground) -> set[tuple[str, int]]:
    """Where it connected to, but for the doors of the node itself."""
    own = urlsplit(str(ground.server.anonymous.base_url)).port
    return {(host, port) for host, port in connected if port != own}


async def test_the_recorder_sees_connections(
    ground: Ground, secure: FakePeer, connected: list[tuple[str, int]]
) -> None:
    """What is permitted is seen; so what is not seen was not done."""
    secure.add_user("seen")

    assert await ground.account(secure.actor("seen")) is not None

    assert ports(connected, ground) == {("127.0.0.1", int(secure.domain.partition(":")[2]))}


async def try_everything(ground: Ground, url: str) -> None:
    """All that can make a node ask a URL: a search, a handle, the key of a signature, what an activity names."""
    assert await ground.status(url, resolve=True) is None
    assert await ground.account(url) is None
    host = url.partition("://")[2].partition("/")[0]
    assert await ground.account(f"@x@{host}") is None
    activity = {"id": f"{url}/1", "type": "Follow", "actor": url, "object": ground.alice_uri}
    message = cavage(ground.inbox, activity, f"{url}#main-key", by_rsa(key("mallory")))
    await ground.assert_refused(message, 400, 401, 403)


@pytest.mark.parametrize("address", [*INSIDE, *ODD])
async def test_s21_an_address_inside_is_never_connected_to(
    strict: Ground, names: Names, connected: list[tuple[str, int]], address: str
) -> None:
    """S21: as a literal, in any spelling and any of the doors, an address that is not public is no place to go.

    Literals never reach a resolver: they are refused before anybody is asked.
    """
    before = names.asked.total()
    host = f"[{address}]" if ":" in address and not address.startswith("[") else address

    await try_everything(strict, f"https://{host}/users/x")

    assert ports(connected, strict) == set()
    assert names.asked.total() == before


async def test_s21_no_push_service_lies_inside(strict: Ground, names: Names, connected: list[tuple[str, int]]) -> None:
    """S21, S22: a member cannot have notifications sent to an address inside, whatever the service calls itself."""
    before = names.asked.total()
    for address in (*INSIDE, *ODD, "user:password@push.example", "push.example:8443"):
        host = f"[{address}]" if address.count(":") > 1 and not address.startswith("[") else address
        if host.lower().rstrip(".").endswith(("localhost", "ocalhost")):
            # A name: it is refused when something is sent.
            continue
        for endpoint in (f"https://{host}/push", f"http://{host}/push"):
            asked = {"subscription": {"endpoint": endpoint, "keys": {"p256dh": "x", "auth": "x"}}}
            answer = await strict.alice.api.post("/api/v1/push/subscription", json=asked)
            assert "Endpoint" in refusal(answer, 422), endpoint

    assert ports(connected, strict) == set()
    assert names.asked.total() == before


async def test_s31_an_invitation_leads_the_node_nowhere_inside(
    strict: Ground, names: Names, connected: list[tuple[str, int]]
) -> None:
    """S31, S21: an administrator cannot have the node look inside for a partner, by number, spelling or name."""
    owner = await strict.server.person("owner", role=UserRole.OWNER, scopes="read write admin:read admin:write")
    names.answers["inside-partner.example"] = [["10.0.0.1"]]
    for address in (*INSIDE, *ODD, "inside-partner.example", "user@partner.example", "partner.example/path"):
        host = f"[{address}]" if address.count(":") > 1 and not address.startswith("[") else address
        asked = {"domain": host, "tier": "partner"}
        answer = await owner.api.post("/api/fedorg/v1/admin/partnerships", data=asked)
        assert answer.status_code in (404, 422, 503), (host, answer.text)

    assert ports(connected, strict) == set()
    assert success(await owner.api.get("/api/fedorg/v1/admin/partnerships")) == []


@pytest.mark.parametrize("address", [one for one in INSIDE if "%" not in one])
async def test_s20_a_name_that_leads_inside_is_never_connected_to(
    strict: Ground, names: Names, connected: list[tuple[str, int]], address: str
) -> None:
    """S20, S21: all records of a name are looked at; one that is not public spoils it, alone or beside a public one."""
    for records in ([address], ["93.184.216.34", address], [address, "2606:2800:220:1::1"]):
        host = f"n{next(NUMBERS)}.example"
        names.answers[host] = [records]

        await try_everything(strict, f"https://{host}/users/x")

        assert names.asked[host]
    assert ports(connected, strict) == set()


async def test_s20_the_address_that_was_checked_is_the_one_connected_to(
    ground: Ground, secure: FakePeer, names: Names, connected: list[tuple[str, int]]
) -> None:
    """S20: a name that changes between check and connection gains nothing: there is one look, and it is kept to."""
    names.answers["changing.example"] = [["127.0.0.1"], ["10.0.0.1"]]
    moved = secure.domain.replace(PEER, "changing.example")
    status = note(secure, "mallory")
    address = str(status["id"]).replace(secure.domain, moved)
    secure.documents[address.removeprefix(f"https://{moved}")] = status | {"id": address}

    await ground.status(address, resolve=True)

    assert names.asked["changing.example"] == 1
    assert {host for host, _ in ports(connected, ground)} == {"127.0.0.1"}


@pytest.mark.parametrize(
    "url",
    [
        "http://{host}/users/x",
        "https://user:password@{host}/users/x",
        "https://{host}:8443/users/x",
        "https://{host}:22/",
        "ftp://{host}/x",
        "file:///etc/passwd",
        "data:application/activity+json,{{}}",
        "javascript:alert(1)",
        "gopher://{host}:6379/_INFO",
        "unix:/run/x.sock",
        "https:/{host}/x",
        "https:\\\\{host}/x",
        "https://{host}\\@127.0.0.1/x",
        "https://127.0.0.1#@{host}/",
        "https://{host}%00.evil.example/",
        "https://{host}\r\nHost: evil/",
        "https://[{host}]/",
        "https:///{host}/",
        "https://",
    ],
)
async def test_s22_only_plain_https_urls_are_spoken(
    strict: Ground, names: Names, connected: list[tuple[str, int]], url: str
) -> None:
    """S22: another scheme or port, credentials and what two readers read differently lead nowhere."""
    address = url.format(host="public.example")

    assert await strict.status(address, resolve=True) is None
    assert await strict.account(address) is None

    assert ports(connected, strict) == set()
    assert not names.asked["public.example"]


@pytest.mark.parametrize(
    "location",
    [
        "https://10.0.0.1/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://169.254.169.254/latest/meta-data/",
        "https://0xa.0.0.1/x",
        "https://inside.example/x",
        "//10.0.0.1/x",
        "http://{domain}/users/mallory",
        "http://localhost/x",
        "https://x@{domain}/users/mallory",
        "data:application/activity+json,{{}}",
        "file:///etc/passwd",
        "javascript:x",
        "https://[",
        "\u0000",
    ],
)
async def test_s22_each_hop_is_checked(
    ground: Ground, secure: FakePeer, names: Names, connected: list[tuple[str, int]], location: str
) -> None:
    """S22: a redirect leads no further inside, and to no other scheme, than an address itself; for every question."""
    names.answers["inside.example"] = [["10.0.0.1"]]
    number = next(NUMBERS)
    secure.redirects |= {f"/hop/{number}": location.format(domain=secure.domain)}
    secure.handles[f"hop{number}@{secure.domain}"] = f"{secure.url}/hop/{number}"

    for query in (f"{secure.url}/hop/{number}", f"hop{number}@{secure.domain}"):
        assert await ground.account(query) is None
    assert await ground.status(f"{secure.url}/hop/{number}", resolve=True) is None

    assert ports(connected, ground) <= {("127.0.0.1", int(secure.domain.partition(":")[2]))}


async def test_s23_redirects_come_to_an_end(ground: Ground, peer: FakePeer) -> None:
    """S23: to itself, in a circle and for ever: each is left after a few steps, and nothing is known by them."""
    peer.redirects |= {"/self": f"{peer.url}/self", "/one": f"{peer.url}/two", "/two": f"{peer.url}/one"}
    peer.redirects |= {f"/chain/{step}": f"/chain/{step + 1}" for step in range(100)}

    for path in ("/self", "/one", "/chain/0"):
        assert await ground.account(f"{peer.url}{path}") is None

    assert peer.asked["/self"] == 1
    assert peer.asked["/one"] + peer.asked["/two"] == 2
    assert sum(count for path, count in peer.asked.items() if path.startswith("/chain/")) <= 6


async def test_s23_a_key_that_cannot_be_had_is_asked_for_once(ground: Ground, peer: FakePeer) -> None:
    """S23: a key that was asked for in vain is not asked for by each of many requests."""
    message = peer.sign(
        ground.inbox, peer.activity("Follow", peer.actor("nobody"), ground.alice_uri, 1), by="nobody", key_name="x"
    )
    for _ in range(5):
        await ground.assert_refused(message, 401)

    assert peer.asked["/users/nobody"] == 1


# Slow and endless ----------------------------------------------------------------------------------------------------


MEGABYTE: Final = b"x" * 1_048_576
ENDLESS: Final = {
    "no answer at all": Raw(b"", b"", 0.1),
    "a status line drop by drop": Raw(b"", b"H", 0.1),
    "headers without end": Raw(OK, b"X: y\r\n", 0.0),
    "headers drop by drop": Raw(OK, b"X", 0.1),
    "a body drop by drop": Raw(OK + b"Content-Length: 1000\r\n\r\n", b"{", 0.1),
    "a body without end": Raw(OK + b"\r\n", MEGABYTE),
    "chunks without end": Raw(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    "empty-looking chunks": Raw(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", 0.05),
    "an error page without end": Raw(b"HTTP/1.1 404 Not Found\r\n\r\n", MEGABYTE),
    "a redirect page without end": Raw(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", MEGABYTE),
    "a length beyond reason": Raw(OK + b"Content-Length: 99999999999\r\n\r\n", b"x"),
}


@pytest.mark.parametrize("raw", ENDLESS.values(), ids=list(ENDLESS))
async def test_s24_the_node_gives_up_on_slow_and_endless_answers(ground: Ground, raw: Raw) -> None:
    """S24: whatever a server says, and however long, the node leaves in time with little read, and works meanwhile."""
    async with raw.for_ever() as url, asyncio.timeout(20):
        asking = asyncio.create_task(ground.account(f"{url}/users/x"))
        await ground.assert_well()
        found = await asking

    assert found is None
    # What lies in the buffers of two sockets, and in a pipe, is some megabytes.
    assert raw.sent < 24 * 1_048_576
