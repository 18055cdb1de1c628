"""What a flood leaves behind goes by upkeep alone, and a little at a time."""

from datetime import timedelta
from typing import Any, Final

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.domain_blocks import Severity
from fedorg.domain.moderation import AccountAction, WarningAction
from fedorg.domain.severances import SeveranceCause, SeveranceType, SeveredFollow
from fedorg.domain.visibility import Tier
from fedorg.ids import AccountId
from fedorg.jobs import upkeep
from fedorg.services import peers, reports
from fedorg.services.moderation import accounts as moderated
from fedorg.services.moderation import domain_blocks
from fedorg.services.moderation.domain_blocks import DomainBlockDraft
from fedorg.services.relationships.following import follow_alike
from fedorg.store import accounts, expiry, pruning, severances, tables
from fedorg.store.home_timelines import LocalFollower
from tests.node.at_once import meanwhile
from tests.node.meeting import Meeting
from tests.node.peering import PUBLIC, follow_remote
from tests.node.serving import PASSWORD
from tests.node.talking import success

# Each names a hundred statuses: more than either engine takes as parameters.
REPORTS: Final = 2600


async def go_by(meeting: Meeting, days: int) -> None:
    """Let time pass, and upkeep do what is due then."""
    meeting.server.clock.advance(timedelta(days=days))
    await upkeep.keep_up(meeting.node)


def known_strangers(conn: Connection) -> set[str]:
    return set(
        conn.execute(sa.select(tables.accounts.c.username).where(tables.accounts.c.domain.is_not(None))).scalars()
    )


def count_reports(conn: Connection) -> int:
    return conn.execute(sa.select(sa.func.count()).select_from(tables.reports)).scalar_one()


async def knock(meeting: Meeting, name: str) -> AccountId:
    """Somebody new says what means nothing here; the account that was made of them."""
    meeting.add(name)
    await meeting.say("View", name, f"{meeting.server.url}/x")
    account = await meeting.node.read(accounts.find_by_uri, meeting.peer.actor(name))
    assert account is not None
    return account.id


async def test_s32_strangers_of_a_limited_server_are_forgotten(meeting: Meeting) -> None:
    """S32: a limited server fills no node either; whom moderators decided about stays."""
    await knock(meeting, "early")
    judged = await knock(meeting, "judged")
    await moderated.act(meeting.node, None, judged, AccountAction(action=WarningAction.SUSPEND))
    draft = DomainBlockDraft(severity=Severity.SILENCE)
    await domain_blocks.create(meeting.node, None, meeting.peer.domain, draft)
    await meeting.working.settle()
    await knock(meeting, "late")
    before = await meeting.node.read(known_strangers)
    await go_by(meeting, 31)

    assert before == {"early", "judged", "late"}
    assert await meeting.node.read(known_strangers) == {"judged"}


async def test_s32_strangers_of_a_blocked_server_are_forgotten(meeting: Meeting) -> None:
    """S32: likewise those of one that is shut out, and those whom their own server hides."""
    for name in ("early", "hidden"):
        await knock(meeting, name)
    meeting.peer.documents["/users/hidden"] |= {"suspended": True}
    await meeting.say("Update", "hidden", meeting.peer.documents["/users/hidden"])
    hidden = await meeting.node.read(accounts.find_by_uri, meeting.peer.actor("hidden"))
    await peers.set_tier(meeting.node, meeting.peer.domain, Tier.BLOCKED)
    await meeting.working.settle()
    await go_by(meeting, 31)

    assert hidden is not None
    assert hidden.suspended_remotely
    assert await meeting.node.read(known_strangers) == set()


async def test_who_is_followed_just_as_they_would_be_forgotten_stays(meeting: Meeting) -> None:
    """They are no stranger any more, and the follow is not gone with them."""
    node, anna = meeting.node, await meeting.working.person("anna")
    known = await knock(meeting, "fred")
    follower, fred = [await node.read(accounts.get, one) for one in (anna.user.account_id, known)]
    like = LocalFollower(account_id=follower.id, show_reblogs=True, notify=False, languages=())
    await meeting.working.rest()
    meeting.server.clock.advance(timedelta(days=31))

    await meanwhile(node, lambda conn: follow_alike(conn, node, follower, fred, like), upkeep.keep_up(node))

    (relation,) = success(await anna.api.get("/api/v1/accounts/relationships", params={"id[]": str(known)}))
    assert relation["requested"] is True


async def test_reports_of_any_number_of_statuses_keep_nothing_else(meeting: Meeting) -> None:
    """However many statuses open reports name, old statuses of others go, and all that comes after them."""
    anna = await meeting.working.person("anna")
    meeting.add("fred")
    await follow_remote(meeting.working, anna, meeting.peer, "fred")
    uri = f"{meeting.peer.url}/notes/old"
    said = meeting.server.clock().isoformat()
    actor = meeting.peer.actor("fred")
    note = {"id": uri, "type": "Note", "attributedTo": actor, "content": "Old", "published": said, "to": [PUBLIC]}
    await meeting.say("Create", "fred", note)

    def reported_a_lot(conn: Connection) -> None:
        common = {"target_account_id": int(anna.id), "category": "other", "peer": "bad.example", "comment": ""}
        rows = [
            {
                **common,
                "id": one,
                "uri": f"urn:{one}",
                "status_ids": [str(number) for number in range(one * 100, one * 100 + 100)],
                "created_at": meeting.server.clock(),
            }
            for one in range(1, REPORTS + 1)
        ]
        conn.execute(sa.insert(tables.reports), rows)

    def is_known(conn: Connection) -> bool:
        return conn.execute(sa.select(tables.statuses.c.id).where(tables.statuses.c.uri == uri)).first() is not None

    await meeting.node.write(reported_a_lot)
    assert await meeting.node.read(is_known)
    await go_by(meeting, 181)

    assert not await meeting.node.read(is_known)
    assert await meeting.node.read(count_reports) == REPORTS


async def test_reports_of_strangers_come_to_an_end(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many of all peers wait, and not for ever; those of partners come nevertheless."""
    monkeypatch.setattr(reports, "OPEN_OF_PEERS_MAX", 2)
    bert, anna = await meeting.working.person("bert"), await meeting.working.person("anna")
    meeting.add("reporter")
    for text in ("one", "two", "three"):
        await meeting.say("Flag", "reporter", meeting.actor(bert), content=text)
    of_strangers = await meeting.node.read(count_reports)
    await peers.set_tier(meeting.node, meeting.peer.domain, Tier.PARTNER)
    await meeting.say("Flag", "reporter", meeting.actor(bert), content="four")
    of_partners = await meeting.node.read(count_reports)
    success(await anna.api.post("/api/v1/reports", data={"account_id": bert.id, "comment": "our own"}))

    def take_one_on(conn: Connection) -> None:
        first = sa.select(sa.func.min(tables.reports.c.id)).scalar_subquery()
        conn.execute(sa.update(tables.reports).where(tables.reports.c.id == first).values(assigned_to=bert.user.id))

    await meeting.node.write(take_one_on)
    await go_by(meeting, 401)

    assert (of_strangers, of_partners) == (2, 3)
    assert await meeting.node.read(count_reports) == 2, "what was taken on, and what somebody here reported, waits"


async def test_a_thread_goes_a_few_statuses_at_a_time(meeting: Meeting) -> None:
    """Boosts would go with what they boost, however many they are: they go before it, likewise a few at a time."""
    anna = await meeting.working.person("anna")
    meeting.add("fred")
    await follow_remote(meeting.working, anna, meeting.peer, "fred")
    actor = meeting.peer.actor("fred")
    said = meeting.server.clock().isoformat()
    uri = f"{meeting.peer.url}/notes/boosted"
    note = {"id": uri, "type": "Note", "attributedTo": actor, "content": "Old", "published": said, "to": [PUBLIC]}
    await meeting.say("Create", "fred", note)
    fans = [await knock(meeting, f"fan{number}") for number in range(5)]

    def boost(conn: Connection) -> tuple[int, int]:
        row: dict[str, Any] = dict(
            conn.execute(sa.select(tables.statuses).where(tables.statuses.c.uri == uri)).mappings().one()
        )
        for place, fan in enumerate(fans, 1):
            number = row["id"] + place
            own = {
                "id": number,
                "uri": f"{uri}/{place}",
                "account_id": fan,
                "reblog_of_id": row["id"],
                "thread_id": number,
            }
            conn.execute(sa.insert(tables.statuses), {**row, **own})
        return row["id"], row["thread_id"]

    status_id, thread_id = await meeting.node.write(boost)
    meeting.server.clock.advance(timedelta(days=181))
    before = meeting.node.now() - timedelta(days=180)
    ids = await meeting.node.read(pruning.list_statuses, [thread_id], 0, 10)
    now = meeting.node.now()
    steps = [await meeting.node.write(pruning.forget, before, ids, 2, reported_from=now) for _ in range(4)]

    assert ids == [status_id]
    assert steps == [(2, True), (2, True), (1, True), (1, False)]


async def test_much_of_one_thing_goes_a_little_at_a_time(meeting: Meeting) -> None:
    """A member who posted a lot at once, and one who lost many by a block."""
    anna = await meeting.working.person("anna")
    for number in range(3):
        success(
            await anna.api.post("/api/v1/statuses", data={"status": "x"}, headers={"Idempotency-Key": f"k{number}"})
        )
    lost = [SeveredFollow(handle=f"u{number}@bad.example", is_follower=True) for number in range(3)]
    cause = SeveranceCause(number=1, type=SeveranceType.DOMAIN_BLOCK, target_name="bad.example")
    now = meeting.node.now()
    await meeting.node.write(severances.add, meeting.node.ids, now, cause, AccountId(int(anna.id)), lost)
    later = now + timedelta(days=1)

    assert [await meeting.node.write(expiry.delete_idempotency_keys, later, 2) for _ in range(2)] == [2, 1]
    assert [await meeting.node.write(severances.delete_before, later, 2) for _ in range(3)] == [2, 1, 0]


async def test_who_is_never_let_in_holds_a_name_for_half_a_year(serve: Any) -> None:  # noqa: ANN401 - a fixture
    """Whoever registers where one has to be let in, and hears nothing, is forgotten; the name is free again."""
    server = await serve(registration="approval")
    page = await (browser := await server.browser()).open("/auth/sign_up")
    form = {"username": "carla", "email": "carla@people.example", "password": PASSWORD, "reason": "Let me in"}
    for days, taken in ((0, False), (179, True), (2, False)):
        server.clock.advance(timedelta(days=days))
        await upkeep.keep_up(server.node)
        answer = await browser.submit(page, "/auth/sign_up", **form, agreement="true")
        assert ("already" in answer.text) == taken, answer.text
