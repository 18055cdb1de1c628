"""Web Push from outside: who is told of what, in a form that their device alone can read, and when it ends."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import trustme
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import Connection

from fedorg.services import oauth, users
from fedorg.store.tables import jobs, push_subscriptions
from tests.node.counting import counted_queries
from tests.node.fake_push_service import Device, FakePushService, bytes_of, running_push_service
from tests.node.serving import Member, NodeServer, serve_node
from tests.node.talking import WAIT_SECONDS, WorkingServer, entity, follow, listening, post, refusal, run_jobs, success

PUSH = "/api/v1/push/subscription"
EVERYTHING = {"mention": True, "favourite": True, "follow": True, "reblog": True, "status": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushing:
    """A served node that runs its jobs, and a push service it trusts."""

    working: WorkingServer
    service: FakePushService

    @property
    def server(self) -> NodeServer:
        """The node's server."""
        return self.working.server

    async def person(self, name: str, **fields: Any) -> Member:  # noqa: ANN401 - as of the server
        """Somebody new."""
        return await self.working.person(name, **fields)


@pytest.fixture
async def pushing(engine_url: str, tmp_path: Path) -> AsyncIterator[Pushing]:
    """A node that trusts the authority of a push service on this machine."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    async with (
        running_push_service(tls) as service,
        serve_node(engine_url, tmp_path, ca_file=str(tmp_path / "ca.pem"), contact_email="post@here.example") as server,
        run_jobs(server) as working,
    ):
        yield Pushing(working=working, service=service)


async def subscribe(member: Member, service: FakePushService, name: str = "phone", **data: object) -> Any:  # noqa: ANN401 - JSON
    body = {"subscription": service.subscription(name), "data": {"alerts": EVERYTHING, **data}}
    return entity(await member.api.post(PUSH, json=body), "WebPushSubscription")


async def count_rows(pushing: Pushing, table: sa.Table) -> int:
    def count(conn: Connection) -> int:
        return conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()

    return await pushing.server.node.read(count)


async def is_put_off(pushing: Pushing, attempts: int) -> None:
    """Wait until the one job was put off after so many attempts."""

    def find(conn: Connection) -> object:
        return conn.execute(
            sa.select(jobs.c.id).where(jobs.c.attempts == attempts, jobs.c.leased_until.is_(None))
        ).scalar()

    async with asyncio.timeout(WAIT_SECONDS):
        while await pushing.server.node.read(find) is None:  # noqa: ASYNC110 - what another connection writes
            await asyncio.sleep(0.01)


def test_the_device_of_these_tests_reads_the_example_of_the_standard() -> None:
    """RFC 8291, appendix A: what is checked by below is the standard, not what the node does."""
    secret = int.from_bytes(bytes_of("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), "big")
    device = Device(key=ec.derive_private_key(secret, ec.SECP256R1()), secret=bytes_of("BTBZMqHH6r4Tts7J_aSIgg"))
    body = bytes_of(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
        "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )

    assert device.open({"Content-Encoding": "aes128gcm"}, body) == b"When I grow up, I want to be a watermelon"


@pytest.mark.parametrize("is_standard", [True, False])
async def test_a_device_is_told_in_a_form_it_alone_can_read(pushing: Pushing, is_standard: bool) -> None:  # noqa: FBT001
    """By the standards, or by the drafts that older apps read; the push service learns who sends and nothing else."""
    anna, bert = await pushing.person("anna"), await pushing.person("bert")
    await bert.api.patch("/api/v1/accounts/update_credentials", data={"display_name": "Bert B."})
    sent = pushing.service.subscription("phone", standard=is_standard)
    if not is_standard:
        del sent["standard"]
    made = success(await anna.api.post(PUSH, json={"subscription": sent, "data": {"alerts": {"mention": True}}}))

    told = await post(bert, "@anna Tea & cake < beer?", spoiler_text="")
    (message,) = await pushing.service.wait_for(1)

    (notification,) = success(await anna.api.get("/api/v1/notifications"))
    assert message == {
        "access_token": anna.token,
        "preferred_locale": "en",
        "notification_id": int(notification["id"]),
        "notification_type": "mention",
        "icon": notification["account"]["avatar_static"],
        "title": "Bert B. mentioned you",
        "body": "@anna Tea & cake < beer?",
    }
    assert notification["status"]["id"] == told["id"]
    (claims,), (headers,) = pushing.service.claims, pushing.service.headers
    instance = success(await pushing.server.anonymous.get("/api/v2/instance"))
    assert made["server_key"] == instance["configuration"]["vapid"]["public_key"]
    assert claims["key"] == made["server_key"].rstrip("=")
    assert claims["sub"] == "mailto:post@here.example"
    assert claims["exp"] <= pushing.server.clock().timestamp() + 24 * 3600
    assert headers["Content-Encoding"] == ("aes128gcm" if is_standard else "aesgcm")
    assert (headers["TTL"], headers["Urgency"]) == (str(48 * 3600), "normal")


async def test_several_devices_cost_little_more_than_one(pushing: Pushing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their messages are queued in one statement, and the node's own key is read from its text once."""
    anna, bert = await pushing.person("anna"), await pushing.person("bert")
    made = await post(anna, "x")
    await pushing.working.settle()
    read: list[bytes] = []

    def load(pem: bytes, password: None) -> PrivateKeyTypes:
        read.append(pem)
        return load_pem_private_key(pem, password)

    monkeypatch.setattr("fedorg.services.push.messages.load_pem_private_key", load)
    await subscribe(anna, pushing.service)
    for name in ("tablet", "watch"):
        another = await pushing.server.token(anna.user)
        await subscribe(replace(anna, token=another, api=await pushing.server.api(another)), pushing.service, name)

    with counted_queries() as queries:
        success(await bert.api.post(f"/api/v1/statuses/{made['id']}/favourite"))
    await pushing.service.wait_for(3)

    assert sum("INSERT INTO jobs" in query for query in queries) == 1
    assert len(read) <= 1


async def test_only_what_was_chosen_is_told(pushing: Pushing) -> None:
    """Kinds that were not named, or named with no, are silent; a change counts from then on."""
    anna, bert = await pushing.person("anna"), await pushing.person("bert")
    made = await post(anna, "x")
    choice = {"alerts": {"favourite": True, "mention": False}}
    body = {"subscription": pushing.service.subscription("phone"), "data": choice}
    assert success(await anna.api.post(PUSH, json=body))["alerts"] == choice["alerts"]

    await post(bert, "@anna no")
    await follow(bert, anna)
    await bert.api.post(f"/api/v1/statuses/{made['id']}/favourite")
    await pushing.working.settle()
    assert [one["notification_type"] for one in pushing.service.opened] == ["favourite"]
    changed = success(await anna.api.put(PUSH, data={"data[alerts][mention]": "true"}))
    assert (changed["alerts"], changed["policy"]) == ({"mention": True}, "all")
    assert success(await anna.api.get(PUSH)) == changed
    await post(bert, "@anna yes")
    await bert.api.post(f"/api/v1/statuses/{made['id']}/reblog")
    await pushing.working.settle()
    assert [one["body"] for one in pushing.service.opened[1:]] == ["@anna yes"]


@pytest.mark.parametrize(
    ("policy", "heard"),
    [("all", "abc"), ("followed", "b"), ("follower", "c"), ("none", "")],
)
async def test_the_policy_says_of_whose_doings_one_is_told(pushing: Pushing, policy: str, heard: str) -> None:
    """Of everybody's, of those one follows, of those who follow, or of nobody's."""
    anna, stranger, followed, follower = [await pushing.person(name) for name in ("anna", "ada", "bea", "cleo")]
    await follow(anna, followed)
    await follow(follower, anna)
    await subscribe(anna, pushing.service, policy=policy)

    for name, author in (("a", stranger), ("b", followed), ("c", follower)):
        await post(author, f"@anna {name}")
        await pushing.working.settle()

    assert "".join(one["body"].removeprefix("@anna ") for one in pushing.service.opened) == heard
    assert refusal(await anna.api.put(PUSH, json={"data": {"policy": "friends"}}), 422)


async def test_nothing_is_told_that_is_not_shown(pushing: Pushing) -> None:
    """What waits for a yes, what was deleted before it could be sent, and muted threads are not pushed."""
    anna, bert = await pushing.person("anna"), await pushing.person("bert")
    await subscribe(anna, pushing.service)
    await anna.api.patch("/api/v2/notifications/policy", json={"for_not_following": "filter"})
    await post(bert, "@anna filtered")
    await pushing.working.settle()
    await anna.api.patch("/api/v2/notifications/policy", json={"for_not_following": "accept"})
    muted = await post(anna, "x")
    await anna.api.post(f"/api/v1/statuses/{muted['id']}/mute")
    await post(bert, "@anna muted", in_reply_to_id=muted["id"])
    pushing.service.answers = [503]
    gone = await post(bert, "@anna gone")
    await pushing.service.wait_for_requests(1)
    await bert.api.delete(f"/api/v1/statuses/{gone['id']}")
    pushing.server.clock.advance(timedelta(minutes=1))

    await pushing.working.settle()
    assert pushing.service.opened == []
    await post(bert, "@anna heard")
    assert [one["body"] for one in await pushing.service.wait_for(1)] == ["@anna heard"]


async def test_long_texts_are_cut_and_warnings_take_their_place(pushing: Pushing) -> None:
    """A message is short; what hides behind a warning stays behind it."""
    anna, bert = await pushing.person("anna"), await pushing.person("bert")
    await subscribe(anna, pushing.service)

    await post(bert, f"@anna {'long ' * 100}")
    await pushing.working.settle()
    await post(bert, "@anna the butler", spoiler_text="Who did it")
    await pushing.working.settle()

    first, second = pushing.service.opened
    assert len(first["body"]) == 140
    assert first["body"].endswith("…")
    assert second["body"] == "Who did it"


async def test_a_service_that_is_ill_is_asked_again_and_one_that_forgot_is_not(pushing: Pushing) -> None:
    """5xx, 429 and other refusals are tried again later; 404 and 410 end the subscription, and that of nobody else."""
    anna, bert, carl = [await pushing.person(name) for name in ("anna", "bert", "carl")]
    await subscribe(anna, pushing.service)
    beside = await subscribe(carl, pushing.service, "tablet")
    pushing.service.answers = [503, 429, 400, 302]

    await post(bert, "@anna patience")
    for count in range(1, 5):
        await pushing.service.wait_for_requests(count)
        # When it is tried again is counted from when that is written down.
        await is_put_off(pushing, count)
        pushing.server.clock.advance(timedelta(minutes=5))
    assert [one["body"] for one in await pushing.service.wait_for(1)] == ["@anna patience"]
    await pushing.working.settle()

    for status in (404, 410):
        pushing.service.answers = [status]
        await post(bert, f"@anna {status}")
        await pushing.working.settle()
        assert refusal(await anna.api.get(PUSH), 404) == "Record not found"
        await subscribe(anna, pushing.service)
    assert len(pushing.service.opened) == 1
    assert success(await carl.api.get(PUSH)) == beside


async def test_what_comes_too_late_is_told_no_more(pushing: Pushing) -> None:
    """A message that could not be sent for half a day is dropped, a subscription that fails for a week ends."""
    anna, bert = await pushing.person("anna"), await pushing.person("bert")
    await subscribe(anna, pushing.service)
    pushing.service.answers = [500] * 100

    await post(bert, "@anna late")
    await pushing.service.wait_for_requests(1)
    pushing.server.clock.advance(timedelta(hours=13))
    await pushing.working.settle()
    assert await count_rows(pushing, jobs) == 0
    assert pushing.service.asked == 1
    assert success(await anna.api.get(PUSH))["endpoint"] == pushing.service.address("phone")
    pushing.server.clock.advance(timedelta(days=7))
    await post(bert, "@anna last")
    await pushing.working.settle()
    assert refusal(await anna.api.get(PUSH), 404) == "Record not found"
    assert await count_rows(pushing, jobs) == 0


@pytest.mark.parametrize("end", ["revoked", "disabled", "unsubscribed", "replaced"])
async def test_a_subscription_ends_with_its_token(pushing: Pushing, end: str) -> None:
    """S42: nothing is told once the token is revoked, its person kept out, or the subscription taken back."""
    anna, bert = await pushing.person("anna"), await pushing.person("bert")
    node = pushing.server.node
    await subscribe(anna, pushing.service)
    pushing.service.answers = [503]
    await post(bert, "@anna under way")
    await pushing.service.wait_for_requests(1)

    match end:
        case "revoked":
            credentials = await oauth.authenticate(node, anna.token)
            assert credentials is not None
            await oauth.revoke_application(node, anna.user.id, credentials.token.application_id)
        case "disabled":
            await users.disable(node, anna.user)
        case "unsubscribed":
            assert success(await anna.api.delete(PUSH)) == {}
            assert success(await anna.api.delete(PUSH)) == {}
        case _:
            await subscribe(anna, pushing.service, "tablet", policy="none")
    await post(bert, "@anna afterwards")
    pushing.server.clock.advance(timedelta(minutes=1))
    await pushing.working.settle()

    assert pushing.service.opened == []
    assert await count_rows(pushing, push_subscriptions) == (1 if end == "replaced" else 0)


async def test_each_token_has_a_subscription_of_its_own(pushing: Pushing) -> None:
    """Two programs of one person are told side by side; each reads, changes and ends its own alone (S45)."""
    anna, bert = await pushing.person("anna"), await pushing.person("bert")
    second = await pushing.server.api(await pushing.server.token(anna.user))
    await subscribe(anna, pushing.service, "phone")
    assert refusal(await second.get(PUSH), 404) == "Record not found"
    assert refusal(await second.put(PUSH, json={"data": {"policy": "none"}}), 404) == "Record not found"
    body = {"subscription": pushing.service.subscription("tablet"), "data": {"alerts": EVERYTHING}}
    success(await second.post(PUSH, json=body))

    await post(bert, "@anna both")
    tokens = {one["access_token"] for one in await pushing.service.wait_for(2)}

    assert len(tokens) == 2
    before = success(await anna.api.get(PUSH))
    success(await second.put(PUSH, json={"data": {"alerts": {"mention": False}, "policy": "none"}}))
    assert success(await anna.api.get(PUSH)) == before
    assert success(await second.delete(PUSH)) == {}
    assert success(await anna.api.get(PUSH))["endpoint"] == pushing.service.address("phone")
    narrow = await pushing.person("narrow", scopes="read write")
    assert refusal(await narrow.api.get(PUSH), 403)


async def test_a_silent_service_holds_nobody_up(pushing: Pushing) -> None:
    """While it does not answer, statuses are distributed and everything else is told."""
    anna, bert = await pushing.person("anna"), await pushing.person("bert")
    await subscribe(anna, pushing.service)
    pushing.service.stalled = asyncio.Event()
    for number in range(20):
        await post(bert, f"@anna {number}")
    await pushing.service.wait_for_requests(1)

    async with asyncio.timeout(20), listening(anna.api, "user/notification") as heard:
        await post(bert, "@anna now")
        while "now" not in (await heard.next())[1]["status"]["content"]:
            pass
    assert pushing.service.opened == []
    pushing.service.stalled.set()
    assert len(await pushing.service.wait_for(21)) == 21


@pytest.mark.parametrize(
    "changes",
    [
        {"endpoint": "http://localhost/send"},
        {"endpoint": "http://127.0.0.1/"},
        {"endpoint": "https://10.0.0.1/send"},
        {"endpoint": "https://[::ffff:10.0.0.1]/send"},
        {"endpoint": "https://user:secret@push.example/send"},
        {"endpoint": "ftp://push.example/send"},
        {"endpoint": "https://push.example/" + "x" * 3000},
        {"endpoint": ""},
        {"keys": {"p256dh": "AAAA", "auth": "c2l4dGVlbiBieXRlcyBvaw"}},
        {"keys": {"p256dh": "BA" + "A" * 85, "auth": "c2l4dGVlbiBieXRlcyBvaw"}},
        {"keys": {"auth": "c2l4dGVlbiBieXRlcyBvaw"}},
    ],
)
async def test_what_nothing_can_be_sent_to_is_refused(pushing: Pushing, changes: dict[str, object]) -> None:
    """Addresses that may not be contacted, and keys that are none (S20 to S22)."""
    anna = await pushing.person("anna")

    answer = await anna.api.post(PUSH, json={"subscription": pushing.service.subscription("phone", **changes)})

    assert refusal(answer, 422).startswith("Validation failed")
    assert refusal(await anna.api.get(PUSH), 404)


async def test_keys_come_in_either_alphabet(pushing: Pushing) -> None:
    """Padded or not, for URLs or not: apps send all of them."""
    anna, bert = await pushing.person("anna"), await pushing.person("bert")
    sent: Any = pushing.service.subscription("phone")
    keys = {
        name: value.replace("-", "+").replace("_", "/") + "=" * (-len(value) % 4)
        for name, value in sent["keys"].items()
    }
    form = {f"subscription[keys][{name}]": value for name, value in keys.items()}
    form |= {"subscription[endpoint]": sent["endpoint"], "subscription[standard]": "true"}

    success(await anna.api.post(PUSH, data=form | {"data[alerts][mention]": "1"}))

    await post(bert, "@anna hi")
    assert [one["body"] for one in await pushing.service.wait_for(1)] == ["@anna hi"]
    registered = await pushing.server.anonymous.post(
        "/api/v1/apps", data={"client_name": "x", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob"}
    )
    assert registered.json()["vapid_key"] == success(await anna.api.get(PUSH))["server_key"]


async def test_a_copy_of_the_subscriptions_holds_no_tokens(pushing: Pushing) -> None:
    """Tokens are kept closed: who reads the table alone can do nothing with it."""
    anna = await pushing.person("anna")
    await subscribe(anna, pushing.service)

    def rows(conn: Connection) -> str:
        return str(conn.execute(sa.select(push_subscriptions)).all())

    assert anna.token not in await pushing.server.node.read(rows)
