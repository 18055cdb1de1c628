"""The table of leaks: every door x reach x visibility x who looks, on one node with statuses for every audience."""

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.store.tables import statuses
from tests.node.leaks.audiences import Ledger, may_learn
from tests.node.leaks.deeds import try_deeds
from tests.node.leaks.doors import Walk, try_writing
from tests.node.leaks.scene import MEMBERS, Scene

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

# Doors that must have shown something to somebody, or the table looks the wrong way.
TELLING = {
    "objects.get_note", "objects.get_activity", "collections.get_outbox", "collections.get_featured",
    "collections.get_replies", "collections.get_context", "objects.get_quote_authorization", "profiles.show_profile",
    "profiles.show_status", "profiles.show_embedded", "oembed.show_embed", "statuses.get", "statuses.list_by_ids",
    "statuses.get_context", "statuses.list_history", "timelines.list_home", "timelines.list_public",
    "timelines.list_tagged", "timelines.list_of_account", "timelines.list_of_list", "search.search_all", "polls.get",
    "notifications.list_notifications", "conversations.list_conversations", "timelines.list_bookmarks",
    "timelines.list_favourites", "streaming.converse", "delivery",
}  # fmt: skip


async def test_nothing_is_shown_to_anybody_it_is_not_for(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """By no address, number, list, search, stream, delivery, activity or page, whoever asks with whatever signature.

    So followers-only is for accepted followers (S51), and a message stands in no list (S59).
    """
    walk = Walk(scene)

    await walk.go()
    await try_writing(scene)
    await try_deeds(scene)

    ledger = scene.ledger
    tried = f"{len(ledger.doors)} doors, {len(ledger.cases)} cases, {walk.requests} requests"
    with capsys.disabled():
        print(f"\n{tried}, {len(ledger.leaks)} leaks")  # noqa: T201 - how much was tried is part of the result
    assert ledger.leaks == []
    assert TELLING - {door for door, _, _ in ledger.shown} == set()
    assert len(ledger.cases) > 5000
    _hold_exactly(scene, walk)


def _hold_exactly(scene: Scene, walk: Walk) -> None:
    """Where a status is asked for by itself, whoever may see it does, and for all others there is none."""
    members = [viewer for viewer in MEMBERS if viewer.standing == "member"]
    wrong = [
        f"{door} answers {viewer.name} {code} for {mark}"
        for door, viewers in (("objects.get_note", scene.viewers()), ("statuses.get", members))
        for viewer in viewers
        for mark in scene.statuses
        if mark.kind == "status" and (code := walk.answered.get((door, viewer.name, mark), 0))
        if code
        not in ({200} if may_learn(viewer, mark) else {404} if viewer.standing != "blocked" else {401, 403, 404})
    ]
    assert wrong == []


async def test_a_leak_that_is_planted_is_found(scene: Scene) -> None:
    """What was for the organisation lies open in the database: each door that shows it now is named."""
    planted = next(mark for mark in scene.roots if (mark.ring, mark.visibility) == ("organisation", "public"))

    def plant(conn: Connection) -> None:
        conn.execute(sa.update(statuses).where(statuses.c.id == int(str(planted.number))).values(reach="public"))

    await scene.working.server.node.write(plant)
    doors = {
        "objects.get_note", "collections.get_outbox", "collections.get_featured", "profiles.show_status",
        "profiles.show_profile", "statuses.get", "statuses.list_by_ids", "timelines.list_public",
        "timelines.list_tagged", "timelines.list_of_account", "oembed.show_embed", "profiles.show_embedded",
    }  # fmt: skip
    scene.ledger = Ledger(marks=scene.ledger.marks)

    await Walk(scene, only=frozenset(doors)).go(
        [viewer for viewer in MEMBERS if viewer.name == "nobody"],
        [viewer for viewer in scene.viewers() if viewer.name == "stranger"],
    )

    assert {leak.split()[0] for leak in scene.ledger.leaks} == doors
    assert all(planted.words in leak for leak in scene.ledger.leaks)
