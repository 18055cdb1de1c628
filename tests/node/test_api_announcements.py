"""Announcements over the client API: shown, answered with an emoji, dismissed, told on streams."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fedorg.domain.announcements import Announcement
from fedorg.errors import Invalid, NotFound
from fedorg.services import announcements, custom_emojis
from tests.node.serving import Member
from tests.node.talking import WorkingServer, entities, listening, picture, refusal, success

ANNOUNCEMENTS = "/api/v1/announcements"


async def announce(working: WorkingServer, words: str, **dates: Any) -> Announcement:  # noqa: ANN401 - datetimes
    when = {"starts_at": None, "ends_at": None, "all_day": False, **dates}
    return await announcements.publish(working.server.node, words, **when)


async def shown(viewer: Member, **params: str) -> list[Any]:
    return entities(await viewer.api.get(ANNOUNCEMENTS, params=params), "Announcement")


async def test_members_see_what_is_announced_until_they_dismiss_it(working: WorkingServer) -> None:
    """Dismissing is counted, and shows nothing to others; what is over is shown to nobody."""
    anna, bert = await working.person("anna"), await working.person("bert")
    made = await announce(working, "@anna The #canteen is closed <now>")
    now = working.server.clock()
    await announce(working, "Feast", starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=2))

    first, feast = await shown(anna)
    assert first["content"].startswith("<p>")
    assert "&lt;now&gt;" in first["content"]
    assert [one["username"] for one in first["mentions"]] == ["anna"]
    assert [one["name"] for one in first["tags"]] == ["canteen"]
    assert (first["read"], feast["starts_at"] is not None) == (False, True)
    for _ in range(2):
        assert success(await anna.api.post(f"{ANNOUNCEMENTS}/{made.id}/dismiss")) == {}
    assert [one["id"] for one in await shown(anna)] == [feast["id"]]
    dismissed, _ = await shown(anna, with_dismissed="true")
    assert (dismissed["read"], dismissed["dismissals"]) == (True, 1)
    assert len(await shown(bert)) == 2
    browser = await working.server.browser()
    await browser.sign_in("bert")
    page = " ".join((await browser.open("/announcements")).text.split())
    assert len(re.findall(r"from \S+ \S+ \S+ \d\d:\d\d UTC until \S+ \S+ \S+ \d\d:\d\d UTC", page)) == 1
    assert [(one.id, count) for one, count in await announcements.list_all(working.server.node)][-1] == (made.id, 1)
    working.server.clock.advance(timedelta(hours=3))
    assert [one["id"] for one in await shown(bert)] == [str(made.id)]


async def test_reactions_are_counted_once_for_each(working: WorkingServer, tmp_path: Path) -> None:
    """By emoji of Unicode and of this node; anything else is refused, and there is an end to kinds."""
    anna, bert = await working.person("anna"), await working.person("bert")
    made = await announce(working, "Cake")
    file = tmp_path / "party.png"
    file.write_bytes(picture(size=(32, 32)))
    await custom_emojis.add_emoji(working.server.node, "party", file, None)
    path = f"{ANNOUNCEMENTS}/{made.id}/reactions"

    for member, name in ((anna, "🎉"), (anna, "🎉"), (bert, "🎉"), (anna, "party")):
        assert success(await member.api.put(f"{path}/{name}")) == {}
    (seen,) = await shown(anna)
    assert [(one["name"], one["count"], one["me"]) for one in seen["reactions"]] == [
        ("🎉", 2, True),
        ("party", 1, True),
    ]
    assert seen["reactions"][1]["url"].startswith(working.server.url)
    for name in ("notanemoji", "🎉🎉", "x", "unknown"):
        assert "recognized emoji" in refusal(await anna.api.put(f"{path}/{name}"), 422)
    for name in "😀😁😂😃😄😅":
        success(await bert.api.put(f"{path}/{name}"))
    assert "8 different reactions" in refusal(await bert.api.put(f"{path}/😇"), 422)

    assert success(await anna.api.delete(f"{path}/party")) == {}
    assert refusal(await anna.api.delete(f"{path}/party"), 404) == "Record not found"
    (seen,) = await shown(bert)
    assert [one["name"] for one in seen["reactions"]][:2] == ["🎉", "😀"]


async def test_streams_tell_of_announcements(working: WorkingServer) -> None:
    """New ones, how reactions stand, and the end of one."""
    anna, bert = await working.person("anna"), await working.person("bert")

    async with listening(anna.api, "user") as events:
        made = await announce(working, "Cake")
        kind, told = await events.next()
        assert (kind, told["id"], told["read"]) == ("announcement", str(made.id), False)
        await bert.api.put(f"{ANNOUNCEMENTS}/{made.id}/reactions/🎉")
        assert await events.next() == (
            "announcement.reaction",
            {"announcement_id": str(made.id), "name": "🎉", "count": 1},
        )
        await bert.api.delete(f"{ANNOUNCEMENTS}/{made.id}/reactions/🎉")
        assert (await events.next())[1]["count"] == 0
        await announcements.set_shown(working.server.node, made.id, shown=False)
        kind, gone = await events.next()

    assert (kind, str(gone)) == ("announcement.delete", str(made.id))
    assert await shown(anna) == []


async def test_what_is_not_shown_does_not_exist(working: WorkingServer) -> None:
    """S47: an unpublished announcement, a deleted and an unknown one answer alike."""
    anna = await working.person("anna")
    hidden, deleted = await announce(working, "Hidden"), await announce(working, "Deleted")
    await announcements.set_shown(working.server.node, hidden.id, shown=False)
    await announcements.delete(working.server.node, deleted.id)

    for number in (hidden.id, deleted.id, 1):
        path = f"{ANNOUNCEMENTS}/{number}"
        for answer in (
            await anna.api.post(f"{path}/dismiss"),
            await anna.api.put(f"{path}/reactions/🎉"),
            await anna.api.delete(f"{path}/reactions/🎉"),
        ):
            assert refusal(answer, 404) == "Record not found"
    refusal(await working.server.anonymous.get(ANNOUNCEMENTS), 401)
    with pytest.raises(NotFound):
        await announcements.delete(working.server.node, deleted.id)
    with pytest.raises(Invalid, match="characters"):
        await announce(working, "   ")
    with pytest.raises(Invalid, match="ends after"):
        await announce(working, "x", ends_at=working.server.clock() - timedelta(days=1))
