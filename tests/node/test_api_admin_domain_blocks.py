"""Blocks of whole servers over the admin API: what they hide, refuse and end, and what comes back after them."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Any, Final

import pytest

from fedorg.domain.accounts import UserRole
from fedorg.domain.visibility import Tier
from fedorg.services import auditing, peers, shutting_out
from tests.node.fake_peer import running_peer
from tests.node.meeting import Meeting
from tests.node.peering import PUBLIC, be_followed, find_status, follow_remote
from tests.node.serving import EVERYTHING, Member, NodeServer
from tests.node.talking import NOBODYS_ID, entities, entity, links, refusal, run_jobs, success

BLOCKS: Final = "/api/v1/admin/domain_blocks"
NUMBERS: Final = count(1)
PICTURE: Final = "https://pictures.example/1.png"


@pytest.fixture
async def below(serve: Callable[..., Awaitable[NodeServer]]) -> AsyncIterator[Meeting]:
    """A node, and a peer on a host below others."""
    server = await serve()
    async with running_peer("a.peer.localhost") as peer, run_jobs(server) as working:
        yield Meeting(working=working, peer=peer)


async def administrator(server: NodeServer) -> Member:
    return await server.person("boss", scopes=f"{EVERYTHING} admin:read admin:write", role=UserRole.ADMIN)


async def block(by: Member, domain: str, **fields: object) -> Any:  # noqa: ANN401 - JSON
    return entity(await by.api.post(BLOCKS, json={"domain": domain, **fields}), "AdminDomainBlock")


async def say(meeting: Meeting, by: str, words: str, **members: object) -> str:
    """A public note by a user of the peer, delivered; its address."""
    path = f"/notes/{next(NUMBERS)}"
    note = {
        "id": f"{meeting.peer.url}{path}",
        "type": "Note",
        "attributedTo": meeting.peer.actor(by),
        "content": f"<p>{words}</p>",
        "to": [PUBLIC],
        **members,
    }
    meeting.peer.documents[path] = {"@context": "https://www.w3.org/ns/activitystreams", **note}
    await meeting.say("Create", by, note, to=[PUBLIC])
    return f"{meeting.peer.url}{path}"


async def texts(member: Member, path: str) -> list[str]:
    return [one["content"] for one in entities(await member.api.get(path), "Status")]


async def find(member: Member, meeting: Meeting, name: str) -> list[Any]:
    query = {"q": f"@{name}@{meeting.peer.domain}", "type": "accounts", "resolve": "true"}
    found: list[Any] = success(await member.api.get("/api/v2/search", params=query))["accounts"]
    return found


async def test_a_blocked_server_is_gone_until_the_block_is_lifted(
    below: Meeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With those below it, by every door; follows end for good, and what a moderator did by hand stays."""
    monkeypatch.setattr(shutting_out, "CHUNK", 1)
    boss, anna = await administrator(below.server), await below.working.person("anna")
    for name in ("fred", "rita"):
        below.add(name)
        await follow_remote(below.working, anna, below.peer, name)
    await be_followed(below.working, below.peer, "fred", anna)
    uri = await say(below, "fred", "Hello")
    (status,) = entities(await anna.api.get("/api/v1/timelines/home"), "Status")
    fred, rita = status["account"]["id"], (await below.find(anna, "rita"))["id"]
    success(await boss.api.post(f"/api/v1/admin/accounts/{rita}/action", data={"type": "suspend"}))

    made = await block(boss, "Peer.LOCALHOST", severity="suspend")
    await below.working.settle()

    assert (made["domain"], made["severity"]) == ("peer.localhost", "suspend")
    assert await texts(anna, "/api/v1/timelines/home") == []
    assert await texts(anna, "/api/v1/timelines/public") == []
    assert refusal(await anna.api.get(f"/api/v1/statuses/{status['id']}"), 404)
    assert await find_status(anna, uri) is None
    assert await find(anna, below, "fred") == []
    profile = entity(await anna.api.get(f"/api/v1/accounts/{fred}"), "Account")
    assert (profile["suspended"], profile["display_name"]) == (True, "")
    assert await texts(anna, f"/api/v1/accounts/{fred}/statuses") == []
    mine = success(await anna.api.get("/api/v1/accounts/verify_credentials"))
    assert (mine["followers_count"], mine["following_count"]) == (0, 0)
    assert below.peer.domain not in success(await anna.api.get("/api/v1/instance/peers"))
    assert await below.post(below.peer.activity("Like", below.peer.actor("fred"), uri, 1), "fred") == 403
    shown = success(await boss.api.post(f"/api/v1/admin/accounts/{fred}/unsuspend"))
    assert shown["suspended"] is True

    assert success(await boss.api.delete(f"{BLOCKS}/{made['id']}")) == {}
    await below.working.settle()

    assert success(await anna.api.get(f"/api/v1/statuses/{status['id']}"))["content"] == "<p>Hello</p>"
    assert success(await anna.api.get(f"/api/v1/accounts/{fred}"))["suspended"] is False
    assert success(await anna.api.get(f"/api/v1/accounts/{rita}"))["suspended"] is True
    mine = success(await anna.api.get("/api/v1/accounts/verify_credentials"))
    assert (mine["followers_count"], mine["following_count"]) == (0, 0)
    lines = await auditing.list_lines(below.node, by="boss", action="domain_block.")
    assert [(line.action, line.target) for line in lines] == [
        ("domain_block.removed", "peer.localhost"),
        ("domain_block.added", "peer.localhost"),
    ]


async def test_a_limited_server_is_seen_by_followers_only(below: Meeting) -> None:
    """Whoever is met later is limited too, and asks before following; lifting frees all but whom a person limited."""
    boss, anna, bert = [
        await administrator(below.server),
        *[await below.working.person(name) for name in ("anna", "bert")],
    ]
    for name in ("fred", "gus", "rita"):
        below.add(name)
    await follow_remote(below.working, anna, below.peer, "fred")
    gus = (await below.find(anna, "gus"))["id"]
    await say(below, "fred", "Hello")
    assert await texts(bert, "/api/v1/timelines/public") == ["<p>Hello</p>"]

    made = await block(boss, "peer.localhost")
    await below.working.settle()

    assert made["severity"] == "silence"
    assert await texts(bert, "/api/v1/timelines/public") == []
    assert await texts(anna, "/api/v1/timelines/home") == ["<p>Hello</p>"]
    rita = await below.find(anna, "rita")
    assert [one["limited"] for one in (rita, *await find(anna, below, "fred"))] == [True, True]
    await be_followed(below.working, below.peer, "rita", bert)
    asking = entities(await bert.api.get("/api/v1/follow_requests"), "Account")
    assert [one["username"] for one in asking] == ["rita"]
    success(await boss.api.post(f"/api/v1/admin/accounts/{gus}/action", data={"type": "silence"}))
    shown = success(await boss.api.post(f"/api/v1/admin/accounts/{rita['id']}/unsilence"))
    assert shown["silenced"] is True

    success(await boss.api.delete(f"{BLOCKS}/{made['id']}"))
    await below.working.settle()

    assert await texts(bert, "/api/v1/timelines/public") == ["<p>Hello</p>"]
    limited = [(await below.find(anna, name))["limited"] for name in ("fred", "rita", "gus")]
    assert limited == [False, False, True]


async def test_media_and_reports_of_a_server_are_refused(below: Meeting) -> None:
    """Pictures, files and emojis are hidden while the block says so, of those met later too; reports are ignored."""
    boss, anna = await administrator(below.server), await below.working.person("anna")
    picture = {"type": "Image", "mediaType": "image/png", "url": PICTURE}
    emoji = {"id": f"{below.peer.url}/e", "type": "Emoji", "name": ":cat:", "icon": picture}
    for name in ("fred", "rita"):
        below.add(name, icon=picture, image=picture, tag=[emoji], indexable=True)
    await follow_remote(below.working, anna, below.peer, "fred")
    mine = success(await anna.api.post("/api/v1/statuses", data={"status": "Look"}))
    await below.say("EmojiReact", "fred", mine["uri"], content=":cat:", tag=[emoji])
    await say(below, "fred", ":cat:", attachment=[picture | {"type": "Document"}], tag=[emoji])

    async def shown() -> list[bool]:
        status, own = entities(await anna.api.get("/api/v1/timelines/home"), "Status")
        account, (reaction,) = status["account"], own["reactions"]
        addresses = [account["avatar"], account["avatar_static"], account["header"], reaction["url"]]
        listed = (account["emojis"], status["emojis"], status["media_attachments"])
        filtered = [
            await texts(anna, "/api/v1/timelines/public?only_media=true"),
            await texts(anna, f"/api/v1/accounts/{account['id']}/statuses?only_media=true"),
            success(await anna.api.get("/api/v2/search", params={"q": "has:media"}))["statuses"],
        ]
        return [*(address == PICTURE for address in addresses), *(bool(one) for one in (*listed, *filtered))]

    assert all(await shown())
    made = await block(boss, below.peer.domain, severity="noop", reject_media=True, reject_reports=True)
    await below.working.settle()

    assert not any(await shown())
    assert (await below.find(anna, "rita"))["avatar"] != PICTURE
    await below.say("Flag", "fred", below.actor(anna), content="Bad")
    assert below.ignored("Flag") == 1
    assert success(await boss.api.get("/api/v1/admin/reports")) == []

    changed = await boss.api.put(f"{BLOCKS}/{made['id']}", json={"reject_media": False, "reject_reports": False})
    await below.working.settle()
    assert all(await shown())
    assert entity(changed, "AdminDomainBlock") == made | {"reject_media": False, "reject_reports": False}
    await below.say("Flag", "fred", below.actor(anna), content="Bad")
    assert len(success(await boss.api.get("/api/v1/admin/reports"))) == 1


async def test_blocks_are_kept_changed_and_told(serve: Callable[..., Awaitable[NodeServer]]) -> None:
    """With paging and every refusal; the public list tells as much of a name as it may, and no private comment."""
    server = await serve(show_domain_blocks="everybody")
    boss = await administrator(server)
    first = await block(
        boss, "spam.example", severity="suspend", obfuscate=True, public_comment=" Spam ", private_comment="See #12"
    )
    second = await block(boss, "loud.example", reject_media="true")
    third = await block(boss, "quiet.example", severity="noop", reject_reports=True)

    assert (first["public_comment"], first["private_comment"]) == ("Spam", "See #12")
    assert first["digest"] == hashlib.sha256(b"spam.example").hexdigest()
    page = await boss.api.get(BLOCKS, params={"limit": 2})
    assert success(page) == [third, second]
    assert success(await boss.api.get(links(page)["next"])) == [first]
    assert success(await boss.api.get(f"{BLOCKS}/{first['id']}")) == first
    told = entities(await server.anonymous.get("/api/v1/instance/domain_blocks"), "DomainBlock")
    assert [(one["domain"], one["severity"], one["comment"]) for one in told] == [
        ("spam.****ple", "suspend", "Spam"),
        ("loud.example", "silence", None),
    ]
    assert told[0]["digest"] == first["digest"]

    for fields, words in (
        ({"domain": ""}, "blank"),
        ({"domain": "no domain"}, "not a valid domain"),
        ({"domain": "[no domain"}, "not a valid domain"),
        ({"domain": server.node.settings.domain}, "this server's own"),
        ({"domain": "localhost"}, "this server's own"),
        ({"domain": "x.example", "severity": "hard"}, "not included in the list"),
        ({"domain": "x.example", "public_comment": "x" * 1001}, "too long"),
    ):
        assert words in refusal(await boss.api.post(BLOCKS, json=fields), 422)
    for domain, severity, known in (
        ("SPAM.example", "suspend", first),
        ("a.spam.example", "silence", first),
        ("a.loud.example", "silence", second),
    ):
        answer = await boss.api.post(BLOCKS, json={"domain": domain, "severity": severity})
        assert "already imposed" in refusal(answer, 422)
        assert answer.json()["existing_domain_block"] == known
    await block(boss, "a.loud.example", severity="suspend")
    for method in ("GET", "PUT", "DELETE"):
        assert refusal(await boss.api.request(method, f"{BLOCKS}/{NOBODYS_ID}"), 404) == "Record not found"


async def test_the_command_line_and_the_api_are_two_doors_to_the_same(below: Meeting) -> None:
    """A tier is a block and a block a tier, either way; a stricter word keeps the block there is."""
    boss, anna = await administrator(below.server), await below.working.person("anna")
    below.add("fred")
    await follow_remote(below.working, anna, below.peer, "fred")
    limit = await block(boss, below.peer.domain, private_comment="Watch them")

    await peers.set_tier(below.node, below.peer.domain, Tier.BLOCKED)
    await below.working.settle()

    (now,) = entities(await boss.api.get(BLOCKS), "AdminDomainBlock")
    assert now == limit | {"severity": "suspend"}
    (account,) = success(await boss.api.get("/api/v2/admin/accounts", params={"by_domain": below.peer.domain}))
    assert (account["suspended"], account["silenced"]) == (True, False)
    await peers.set_tier(below.node, below.peer.domain, Tier.PARTNER)
    await below.working.settle()
    assert success(await boss.api.get(BLOCKS)) == []
    assert (await below.find(anna, "fred"))["suspended"] is False
    made = await block(boss, below.peer.domain, severity="suspend")
    assert (await peers.get_peer(below.node, below.peer.domain)).peer.tier is Tier.BLOCKED
    success(await boss.api.put(f"{BLOCKS}/{made['id']}", json={"severity": "noop"}))
    assert (await peers.get_peer(below.node, below.peer.domain)).peer.tier is Tier.OPEN


async def test_of_two_blocks_each_is_lifted_for_itself(below: Meeting) -> None:
    """Under the block of the host above the other one goes on, and the other way round."""
    boss, anna = await administrator(below.server), await below.working.person("anna")
    below.add("fred")
    fred = (await below.find(anna, "fred"))["id"]

    async def is_suspended() -> bool:
        await below.working.settle()
        return bool(success(await anna.api.get(f"/api/v1/accounts/{fred}"))["suspended"])

    for first_lifted in (0, 1):
        made = [await block(boss, name, severity="suspend") for name in ("peer.localhost", below.peer.domain)]
        assert await is_suspended()
        for place, expected in ((first_lifted, True), (1 - first_lifted, False)):
            success(await boss.api.delete(f"{BLOCKS}/{made[place]['id']}"))
            assert await is_suspended() is expected


async def test_follows_stay_when_the_block_is_lifted_before_they_ended(
    serve: Callable[..., Awaitable[NodeServer]],
) -> None:
    """A block that was a mistake, and was taken back before its job came to a follow, costs nobody that follow."""
    server = await serve()
    async with running_peer("a.peer.localhost") as peer:
        async with run_jobs(server) as working:
            anna = await working.person("anna")
            peer.add_user("fred")
            await follow_remote(working, anna, peer, "fred")
            await working.deliver_all()
        await peers.set_tier(server.node, "peer.localhost", Tier.BLOCKED)
        await peers.set_tier(server.node, "peer.localhost", Tier.OPEN)
        async with run_jobs(server) as working:
            await working.settle()

    mine = success(await anna.api.get("/api/v1/accounts/verify_credentials"))
    assert mine["following_count"] == 1
