"""Streams of server-sent events. Spec: Mastodon API, methods/streaming."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from tests.contract.checks import Access, Operation, Section
from tests.contract.document import entity_faults
from tests.contract.people import Person
from tests.contract.scene import WAIT_SECONDS, Scene
from tests.node.talking import listening

section: Final = Section("streaming")


async def _hears(
    op: Operation,
    who: Person,
    act: Any,  # noqa: ANN401 - whatever makes the event
    kind: str,
    *,
    params: Mapping[str, str] | None = None,
) -> Any:  # noqa: ANN401 - JSON
    """The payload of the first event of ``kind`` that comes after ``act``."""
    path = op.template.removeprefix("/api/v1/streaming/")
    op.remember(who.http, params=params or {})
    async with listening(who.http, path, **(params or {})) as events:
        await act()
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                heard, payload = await events.next(WAIT_SECONDS)
                if heard == kind:
                    break
    for fault in entity_faults(payload, {"update": "Status", "notification": "Notification"}.get(kind, "Conversation")):
        op.note(f"{kind}: {fault}")
    return payload


@section("GET /api/v1/streaming/health", access=Access.PUBLIC)
async def is_healthy(op: Operation, scene: Scene) -> None:
    """Streams are served."""
    answer = await op.send(scene.nobody)
    assert (answer.status_code, answer.text) == (200, "OK"), answer.text


@section("GET /api/v1/streaming/user", "read:statuses")
async def user(op: Operation, scene: Scene) -> None:
    """What comes into the home timeline, and notifications."""
    reader, friend = await scene.people(2)
    await reader.follow(friend)
    heard = await _hears(op, reader, lambda: friend.status("Live"), "update")
    assert heard["content"] == "<p>Live</p>", heard
    heard = await _hears(op, reader, lambda: friend.status(f"@{reader.username} you"), "notification")
    assert heard["type"] == "mention", heard


@section("GET /api/v1/streaming/user/notification", "read:notifications")
async def notifications(op: Operation, scene: Scene) -> None:
    """Notifications alone."""
    reader, friend = await scene.people(2)
    heard = await _hears(op, reader, lambda: friend.follow(reader), "notification")
    assert heard["type"] == "follow", heard


@section("GET /api/v1/streaming/public", "read:statuses")
async def public(op: Operation, scene: Scene) -> None:
    """Every public status; with only_media those with media alone."""
    heard = await _hears(op, scene.bob, lambda: scene.alice.status("For all to hear"), "update")
    assert "For all to hear" in heard["content"], heard
    media = await scene.alice.upload()

    async def act() -> None:
        await scene.alice.status("Only words")
        await scene.alice.status("A picture", media_ids=[media["id"]])

    heard = await _hears(op, scene.bob, act, "update", params={"only_media": "true"})
    assert "A picture" in heard["content"], heard


@section("GET /api/v1/streaming/public/local", "read:statuses")
async def local(op: Operation, scene: Scene) -> None:
    """Public statuses of this node."""
    heard = await _hears(op, scene.bob, lambda: scene.alice.status("From here"), "update")
    assert "From here" in heard["content"], heard


@section("GET /api/v1/streaming/public/remote", "read:statuses")
async def remote(op: Operation, scene: Scene) -> None:
    """Public statuses of other nodes."""
    rita = await scene.bob.find(scene.rita)
    await scene.bob.post(f"/api/v1/accounts/{rita['id']}/follow")
    await scene.settle()
    heard = await _hears(op, scene.bob, lambda: scene.rita.status("From afar"), "update")
    assert "From afar" in heard["content"], heard
    await scene.bob.post(f"/api/v1/accounts/{rita['id']}/unfollow")


@section("GET /api/v1/streaming/hashtag", "read:statuses")
async def hashtag(op: Operation, scene: Scene) -> None:
    """Public statuses with a hashtag."""
    tag = {"tag": "streamed"}
    heard = await _hears(op, scene.bob, lambda: scene.alice.status("All #streamed"), "update", params=tag)
    assert "All" in heard["content"], heard


@section("GET /api/v1/streaming/hashtag/local", "read:statuses")
async def local_hashtag(op: Operation, scene: Scene) -> None:
    """Those of this node."""
    tag = {"tag": "streamed"}
    heard = await _hears(op, scene.bob, lambda: scene.alice.status("Local #streamed"), "update", params=tag)
    assert "Local" in heard["content"], heard


@section("GET /api/v1/streaming/list", "read:statuses")
async def of_list(op: Operation, scene: Scene) -> None:
    """What the members of a list of one's own post; lists of others are closed."""
    owner, member = await scene.people(2)
    await owner.follow(member)
    made = await owner.post("/api/v1/lists", title="Live")
    await owner.post(f"/api/v1/lists/{made['id']}/accounts", account_ids=[member.id])
    heard = await _hears(op, owner, lambda: member.status("To the list"), "update", params={"list": made["id"]})
    assert "To the list" in heard["content"], heard
    refused = await op.send(scene.bob, params={"list": made["id"]})
    assert refused.status_code in {401, 403, 404}, f"a list of somebody else is streamed: {refused.status_code}"


@section("GET /api/v1/streaming/direct", "read:statuses")
async def direct(op: Operation, scene: Scene) -> None:
    """Conversations as they go on."""
    reader, friend = await scene.people(2)

    async def act() -> None:
        await friend.status(f"@{reader.username} psst", visibility="direct")

    heard = await _hears(op, reader, act, "conversation")
    assert "psst" in heard["last_status"]["content"], heard
