"""Reports from other servers: what a node keeps of a Flag, and what it does not believe."""

import asyncio
from typing import Any

import pytest

from fedorg.domain.accounts import UserRole
from fedorg.domain.moderation import AdminReportView
from fedorg.domain.reports import ReportQuery
from fedorg.domain.statuses import PageQuery
from fedorg.domain.visibility import Tier
from fedorg.services import peers, reports
from fedorg.services.moderation import reports as moderation
from tests.node.meeting import Meeting
from tests.node.serving import Member
from tests.node.talking import entities, follow, post


async def told(member: Member) -> list[Any]:
    return entities(await member.api.get("/api/v1/notifications"), "Notification")


async def kept(meeting: Meeting) -> list[AdminReportView]:
    return await moderation.search(meeting.node, ReportQuery(), PageQuery(limit=100))


@pytest.mark.parametrize("kind", ["Application", "Person", "Service", "Group", "Organization"])
async def test_any_actor_of_a_peer_reports_for_its_server(meeting: Meeting, kind: str) -> None:
    """Whatever actor sends it, it is that server's report, and moderators hear of it with its text and statuses."""
    bert = await meeting.working.person("bert")
    mod = await meeting.working.person("mod", role=UserRole.MODERATOR)
    bad = await post(bert, "Buy now")
    meeting.add("reporter", type=kind)

    await meeting.say("Flag", "reporter", [meeting.actor(bert), bad["uri"]], content="Spam from your server")

    (view,) = await kept(meeting)
    assert view.report.peer == meeting.peer.domain
    (one,) = await told(mod)
    assert one["type"] == "admin.report"
    assert (one["report"]["comment"], one["report"]["status_ids"]) == ("Spam from your server", [bad["id"]])
    assert one["report"]["target_account"]["id"] == bert.id
    assert await told(bert) == []


async def test_the_same_report_counts_once(meeting: Meeting) -> None:
    """A repetition changes nothing; another activity of the same content is another report."""
    bert = await meeting.working.person("bert")
    meeting.add("reporter")
    activity = await meeting.say("Flag", "reporter", meeting.actor(bert))

    await meeting.deliver(activity, "reporter")
    assert len(await kept(meeting)) == 1

    await meeting.say("Flag", "reporter", meeting.actor(bert))
    assert len(await kept(meeting)) == 2


async def test_only_statuses_that_fit_are_kept(meeting: Meeting) -> None:
    """Another member's, one the peer may not see, and one that does not exist are dropped, and the report stays."""
    bert, carl = await meeting.working.person("bert"), await meeting.working.person("carl")
    own, other = await post(bert, "Own"), await post(carl, "Other")
    hidden = await post(bert, "Hidden", visibility="private")
    meeting.add("reporter")
    objects = [meeting.actor(bert), own["uri"], other["uri"], hidden["uri"], f"{own['uri']}0"]

    await meeting.say("Flag", "reporter", objects)

    (view,) = await kept(meeting)
    assert view.target.account.username == "bert"
    assert [str(one) for one in view.report.status_ids] == [own["id"]]


async def test_what_a_server_was_sent_it_may_report(meeting: Meeting) -> None:
    """A direct status to somebody there may be named by the actor of that server, which speaks for its people."""
    bert = await meeting.working.person("bert")
    meeting.add("fred")
    meeting.add("reporter", type="Application")
    await meeting.find(bert, "fred")
    rude = await post(bert, f"@fred@{meeting.peer.domain} rude", visibility="direct")

    await meeting.say("Flag", "reporter", [meeting.actor(bert), rude["uri"]])

    (view,) = await kept(meeting)
    assert [str(one) for one in view.report.status_ids] == [rude["id"]]


async def test_a_report_of_a_status_alone_is_about_its_author(meeting: Meeting) -> None:
    """Some software names no account, and calls the text a summary."""
    bert = await meeting.working.person("bert")
    bad = await post(bert, "Buy now")
    meeting.add("reporter")

    await meeting.say("Flag", "reporter", bad["uri"], summary="Off topic")

    (view,) = await kept(meeting)
    assert (view.target.account.username, view.report.comment) == ("bert", "Off topic")


async def test_a_report_about_nobody_here_is_ignored(meeting: Meeting) -> None:
    """An account elsewhere, an address of ours that names nobody, and the node's own actor are none of its people."""
    fred = meeting.add("fred")
    meeting.add("reporter")

    for object_ in (fred, f"{meeting.server.url}/users/nobody", meeting.node.uris.node_actor):
        await meeting.say("Flag", "reporter", object_)

    assert await kept(meeting) == []
    assert meeting.ignored("Flag") == 3


async def test_a_long_text_is_cut(meeting: Meeting) -> None:
    """However much a server writes, a bounded part of it is kept, as the plain text that it is."""
    bert = await meeting.working.person("bert")
    meeting.add("reporter")

    await meeting.say("Flag", "reporter", meeting.actor(bert), content="<b>bad</b> " * 1000)

    (view,) = await kept(meeting)
    assert len(view.report.comment) == reports.PEERS_COMMENT_MAX
    assert view.report.comment.startswith("<b>bad</b> <b>")


async def test_a_blocked_server_reports_nothing(meeting: Meeting) -> None:
    """What such a server sends is refused at the door."""
    bert = await meeting.working.person("bert")
    meeting.add("reporter")
    await peers.set_tier(meeting.node, meeting.peer.domain, Tier.BLOCKED)
    activity = meeting.peer.activity("Flag", meeting.peer.actor("reporter"), meeting.actor(bert), 1)

    assert await meeting.post(activity, "reporter") == 403

    assert await kept(meeting) == []


async def test_reports_of_one_server_are_bounded(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a number that wait, no more are kept, until somebody closes one."""
    monkeypatch.setattr(reports, "OPEN_PER_PEER_MAX", 3)
    bert = await meeting.working.person("bert")
    meeting.add("reporter")
    for _ in range(5):
        await meeting.say("Flag", "reporter", meeting.actor(bert))
    found = await kept(meeting)
    assert len(found) == 3

    await moderation.resolve(meeting.node, None, found[0].report.id)
    await meeting.say("Flag", "reporter", meeting.actor(bert))

    assert len(await kept(meeting)) == 4


async def test_what_means_nothing_here_is_ignored_by_name(meeting: Meeting) -> None:
    """Votes, views, joins and offers are taken, counted under their own type, and change nothing."""
    bert, carl = await meeting.working.person("bert"), await meeting.working.person("carl")
    await follow(carl, bert)
    made = await post(bert, "Hello")
    meeting.add("fred")
    kinds = ("Dislike", "Join", "Leave", "Listen", "Offer", "View")

    await asyncio.gather(*(meeting.say(kind, "fred", made["uri"]) for kind in kinds))

    assert [meeting.ignored(kind) for kind in kinds] == [1] * len(kinds)
    assert (await told(bert))[0]["type"] == "follow"
