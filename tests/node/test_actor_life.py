"""Actors of every kind, as clients see them, and what becomes of one that changes its kind or its profile."""

import pytest

from tests.node.meeting import Meeting
from tests.node.talking import entity


@pytest.mark.parametrize(
    ("kind", "is_bot", "is_group"),
    [
        ("Person", False, False),
        ("Group", False, True),
        ("Organization", False, False),
        ("Service", True, False),
        ("Application", True, False),
    ],
)
async def test_every_kind_of_actor_is_shown_as_what_it_is(
    meeting: Meeting, kind: str, *, is_bot: bool, is_group: bool
) -> None:
    """Programs are bots, communities are groups, and all can be found and followed."""
    anna = await meeting.working.person("anna")
    uri = meeting.add("fred", type=kind)

    found = await meeting.find(anna, "fred")

    assert (found["bot"], found["group"], found["uri"]) == (is_bot, is_group, uri)
    asked = await anna.api.post(f"/api/v1/accounts/{found['id']}/follow")
    assert entity(asked, "Relationship")["requested"] is True


async def test_an_actor_may_change_its_kind_and_its_profile(meeting: Meeting) -> None:
    """An Update of an actor is believed to its own server, and replaces what was known; the id here stays."""
    anna = await meeting.working.person("anna")
    meeting.add("fred", name="Fred")
    before = await meeting.find(anna, "fred")
    document = meeting.peer.documents["/users/fred"]

    await meeting.say(
        "Update", "fred", document | {"type": "Group", "name": "Fred's club", "summary": "<b>Hi</b><script>"}
    )

    after = entity(await anna.api.get(f"/api/v1/accounts/{before['id']}"), "Account")
    assert (before["display_name"], before["group"]) == ("Fred", False)
    assert (after["display_name"], after["group"], after["uri"]) == ("Fred's club", True, before["uri"])
    assert "script" not in after["note"]


async def test_nobody_changes_somebody_elses_profile(meeting: Meeting) -> None:
    """An Update of another actor of the same server is refused (S5)."""
    meeting.add("fred", name="Fred")
    meeting.add("mallory")
    document = meeting.peer.documents["/users/fred"] | {"name": "Hacked"}
    activity = meeting.peer.activity("Update", meeting.peer.actor("mallory"), document, 8)

    assert await meeting.post(activity, "mallory") == 403
