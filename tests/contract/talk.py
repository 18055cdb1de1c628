"""Polls, reports, search, trends, push, asynchronous refreshes."""

import base64
import re
import secrets
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.contract.checks import Access, Operation, Section, ids, shows
from tests.contract.people import Person
from tests.contract.scene import NOBODYS_ID, Scene

polls: Final = Section("polls")
reports: Final = Section("reports")
search: Final = Section("search")
trends: Final = Section("trends")
push: Final = Section("push")
async_refreshes: Final = Section("async_refreshes")


async def _poll(author: Person, **fields: Any) -> Any:  # noqa: ANN401 - JSON
    poll = {"options": ["Tea", "Coffee", "Water"], "expires_in": 3600, **fields}
    return (await author.status("What to drink?", poll=poll))["poll"]


@polls("GET /api/v1/polls/{id}", "read:statuses", access=Access.OPEN)
async def one(op: Operation, scene: Scene) -> None:
    """A poll as it stands, and what one chose; the totals are hidden while they must be."""
    poll = await _poll(scene.alice)
    await scene.bob.post(f"/api/v1/polls/{poll['id']}/votes", choices=[1])
    seen = await op.call(scene.nobody, id=poll["id"])
    shows(seen, id=poll["id"], votes_count=1, multiple=False, expired=False)
    assert [option["votes_count"] for option in seen["options"]] == [0, 1, 0], seen
    shows(await op.call(scene.bob, id=poll["id"]), voted=True, own_votes=[1])
    shows(await op.call(scene.carol, id=poll["id"]), voted=False, own_votes=[])
    secret = await _poll(scene.alice, hide_totals=True)
    await scene.bob.post(f"/api/v1/polls/{secret['id']}/votes", choices=[0])
    seen = await op.call(scene.carol, id=secret["id"])
    assert [option["votes_count"] for option in seen["options"]] == [None, None, None], seen
    hidden = await scene.alice.status("?", visibility="direct", poll={"options": ["A", "B"], "expires_in": 3600})
    await op.refuse(404, scene.bob, "Record not found", id=hidden["poll"]["id"])


@polls("POST /api/v1/polls/{id}/votes", "write:statuses")
async def vote(op: Operation, scene: Scene) -> None:
    """One choice, or several where several are asked for; nobody twice, and not the author."""
    poll = await _poll(scene.alice)
    shows(await op.call(scene.bob, id=poll["id"], json={"choices": [2]}), voted=True, own_votes=[2], votes_count=1)
    seen = await scene.carol.get(f"/api/v1/polls/{poll['id']}")
    assert [option["votes_count"] for option in seen["options"]] == [0, 0, 1], seen
    several = await _poll(scene.alice, multiple=True)
    told = await op.call(scene.bob, id=several["id"], data={"choices[]": ["0", "2"]})
    shows(told, own_votes=[0, 2], votes_count=2, voters_count=1)
    await op.refuse(422, scene.bob, "Validation failed", id=poll["id"], json={"choices": [1]})
    await op.refuse(422, scene.alice, "Validation failed", id=poll["id"], json={"choices": [1]})
    await op.refuse(422, scene.carol, "Validation failed", id=poll["id"], json={"choices": [7]})
    await op.refuse(422, scene.carol, "Validation failed", id=poll["id"], json={"choices": [0, 1]})


@reports("POST /api/v1/reports", "write:reports")
async def report(op: Operation, scene: Scene) -> None:
    """Moderators hear of an account and its statuses."""
    status = await scene.bob.status("Buy now")
    made = await op.call(
        scene.alice,
        json={
            "account_id": scene.bob.id,
            "status_ids": [status["id"]],
            "comment": "Advertising",
            "category": "spam",
            "forward": False,
        },
    )
    shows(made, action_taken=False, category="spam", comment="Advertising", forwarded=False, status_ids=[status["id"]])
    shows(made["target_account"], id=scene.bob.id)
    found = await scene.admin.get("/api/v1/notifications", types_=["admin.report"])
    assert [one["report"]["id"] for one in found] == [made["id"]], found
    shows(await op.call(scene.alice, data={"account_id": scene.bob.id}), category="other", comment="")
    await op.refuse(404, scene.alice, "Record not found", json={"account_id": NOBODYS_ID})
    await op.refuse(422, scene.alice, json={"account_id": scene.bob.id, "comment": "x" * 100_000})


@search("GET /api/v2/search", "read:search")
async def find(op: Operation, scene: Scene) -> None:
    """Accounts, hashtags and statuses, here and, where it may ask, elsewhere."""
    person = await scene.person()
    mine = await person.status("A wonderful zeppelin #zeppelins")
    await scene.settle()
    found = await op.call(scene.alice, params={"q": person.username})
    assert person.id in ids(found["accounts"]), found["accounts"]
    found = await op.call(scene.alice, params={"q": "#zeppelins", "type": "hashtags"})
    assert [tag["name"] for tag in found["hashtags"]] == ["zeppelins"], found
    assert found["accounts"] == found["statuses"] == [], found
    found = await op.call(person, params={"q": "wonderful zeppelin from:me", "type": "statuses"})
    assert ids(found["statuses"]) == [mine["id"]], found
    found = await op.call(person, params={"q": "wonderful -zeppelin", "type": "statuses"})
    assert found["statuses"] == [], found
    found = await op.call(scene.alice, params={"q": mine["url"], "resolve": "true"})
    assert ids(found["statuses"]) == [mine["id"]], found
    remote = await scene.rita.status("Over there")
    found = await op.call(scene.alice, params={"q": remote["url"], "resolve": "true"})
    assert [one["uri"] for one in found["statuses"]] == [remote["uri"]], found
    await op.refuse(401, scene.nobody, params={"q": remote["url"], "resolve": "true"})
    await op.refuse(401, scene.nobody, params={"q": "alice", "offset": 20})
    await op.refuse(400, scene.alice, params={"q": ""})


async def _popular(scene: Scene, tag: str) -> tuple[Any, str]:
    """A status that many liked, with a hashtag and a link that many used."""
    address = f"{scene.elsewhere.url}/about"
    author, *fans = await scene.people(6)
    await author.patch("/api/v1/accounts/update_credentials", discoverable=True)
    status = await author.status(f"Look at {address} #{tag}")
    for fan in fans:
        await fan.post(f"/api/v1/statuses/{status['id']}/favourite")
        await fan.post(f"/api/v1/statuses/{status['id']}/reblog")
        await fan.status(f"Indeed {address} #{tag}")
    await scene.settle()
    return status, address


@trends("GET /api/v1/trends/tags", access=Access.PUBLIC)
async def trending_tags(op: Operation, scene: Scene) -> None:
    """Hashtags that many use these days."""
    await _popular(scene, "trendingtags")

    async def look() -> Any:  # noqa: ANN401 - JSON
        found = await op.call(scene.nobody)
        return next((one for one in found if one["name"] == "trendingtags"), None)

    tag = await scene.until(look, "the hashtag to trend")
    assert int(tag["history"][0]["accounts"]) >= 5, tag["history"][0]
    assert len(await op.call(scene.nobody, params={"limit": 1})) == 1
    assert await op.call(scene.nobody, params={"offset": 1000}) == []


@trends("GET /api/v1/trends/statuses", access=Access.PUBLIC)
async def trending_statuses(op: Operation, scene: Scene) -> None:
    """Statuses that many like these days."""
    status, _ = await _popular(scene, "trendingstatuses")

    async def look() -> bool | None:
        return status["id"] in ids(await op.call(scene.nobody)) or None

    await scene.until(look, "the status to trend")
    assert len(await op.call(scene.nobody, params={"limit": 1})) == 1


@trends("GET /api/v1/trends/links", access=Access.PUBLIC)
async def trending_links(op: Operation, scene: Scene) -> None:
    """Pages that many point to these days."""
    _, address = await _popular(scene, "trendinglinks")

    async def look() -> bool | None:
        return address in {one["url"] for one in await op.call(scene.nobody)} or None

    await scene.until(look, "the link to trend")


def _subscription() -> dict[str, Any]:
    """What a browser sends: an address, the public half of a key, and a secret."""
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    raw = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    keys = {"p256dh": _text(raw), "auth": _text(secrets.token_bytes(16))}
    return {"endpoint": "https://push.example/send/1", "keys": keys, "standard": True}


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


_PUSH: Final = "/api/v1/push/subscription"


@push("POST /api/v1/push/subscription", "push")
async def subscribe(op: Operation, scene: Scene) -> None:
    """One subscription for each token; a new one takes the place of the old."""
    person = await scene.person()
    subscription = _subscription()
    alerts = {"mention": True, "favourite": False}
    made = await op.call(person, json={"subscription": subscription, "data": {"alerts": alerts, "policy": "followed"}})
    shows(made, endpoint=subscription["endpoint"], standard=True)
    assert made["alerts"]["mention"] is True, made
    assert made["alerts"]["favourite"] is False, made
    instance = await person.get("/api/v2/instance")
    assert made["server_key"] == instance["configuration"]["vapid"]["public_key"], made
    again = await op.call(person, json={"subscription": _subscription()})
    assert (await person.get(_PUSH))["id"] == again["id"], "the new one takes the place of the old"
    await op.refuse(422, person, json={})
    await op.refuse(422, person, json={"subscription": {**subscription, "endpoint": "not an address"}})


@push("GET /api/v1/push/subscription", "push")
async def subscription(op: Operation, scene: Scene) -> None:
    """The one of this token."""
    person = await scene.person()
    await op.refuse(404, person, "Record not found")
    made = await person.post(_PUSH, subscription=_subscription(), data={"alerts": {"follow": True}})
    shows(await op.call(person), id=made["id"], endpoint=made["endpoint"], alerts=made["alerts"])


@push("PUT /api/v1/push/subscription", "push")
async def change_subscription(op: Operation, scene: Scene) -> None:
    """What it tells changes."""
    person = await scene.person()
    await op.refuse(404, person, "Record not found", json={"data": {"alerts": {"poll": True}}})
    await person.post(_PUSH, subscription=_subscription(), data={"alerts": {"follow": True}})
    told = await op.call(person, json={"data": {"alerts": {"poll": True}, "policy": "none"}})
    assert told["alerts"]["poll"] is True, told
    assert (await person.get(_PUSH))["alerts"] == told["alerts"]


@push("DELETE /api/v1/push/subscription", "push")
async def unsubscribe(op: Operation, scene: Scene) -> None:
    """It ends."""
    person = await scene.person()
    await person.post(_PUSH, subscription=_subscription())
    assert await op.call(person) == {}
    assert (await person.http.get(_PUSH)).status_code == 404
    assert await op.call(person) == {}


@async_refreshes("GET /api/v1_alpha/async_refreshes/{id}", "read", records=())
async def refresh(op: Operation, scene: Scene) -> None:
    """Whether replies that are fetched from another server have come; the context says where to ask."""
    root = await scene.rita.status("A thread over there")
    await scene.rita.reply(root, "goes on over there")
    found = await scene.alice.get("/api/v2/search", q=root["url"], type="statuses", resolve="true")
    answer = await scene.alice.http.get(f"/api/v1/statuses/{found['statuses'][0]['id']}/context")
    header = answer.headers.get("Mastodon-Async-Refresh")
    assert header, "the context of a remote status says nothing of a refresh"
    named = re.fullmatch(r'id="([^"]+)", retry=\d+(, result_count=\d+)?', header)
    assert named, header

    async def look() -> bool | None:
        told = await op.call(scene.alice, id=named[1])
        return told["async_refresh"]["status"] == "finished" or None

    await scene.until(look, "the refresh to finish")
    seen = await scene.alice.get(f"/api/v1/statuses/{found['statuses'][0]['id']}/context")
    assert len(seen["descendants"]) == 1, seen["descendants"]
    await op.refuse(404, scene.alice, id="nothing")
