"""Announcements between the nodes of an organisation: from node actor to node actor, and back how many know.

A ``Create``, ``Update`` or ``Delete`` of an ``Announcement`` goes to each sibling's shared inbox; a ``Create`` of an
``Acknowledgement`` comes back. Both are terms of fedorg, and count from the actor that speaks for a sibling alone.
"""

from typing import Final

from federation.activities import Activity, Create, Delete, Update
from federation.objects import Acknowledgement, Tombstone
from federation.objects import Announcement as ToldAnnouncement
from fedorg.activitypub import counterparts, discovery, moments, policy
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.activitypub.recording import record
from fedorg.domain.accounts import Account
from fedorg.domain.announcements import Announcement, Tally
from fedorg.domain.jobs import ReportAcknowledgements, SendAnnouncement
from fedorg.domain.visibility import Reach, Tier
from fedorg.ids import JobId
from fedorg.node import Node
from fedorg.services import acknowledging, announcements, peers
from fedorg.services.registration import ensure_node_actor

_COUNT_MAX: Final = 10_000_000


async def send(node: Node, job: SendAnnouncement, job_id: JobId) -> None:
    """Tell every sibling what is announced now, or that it is no more; the last word wins."""
    actor = await ensure_node_actor(node)
    uri = node.uris.announcement(job.announcement_id)
    one = await announcements.find(node, job.announcement_id)
    activity: Activity
    if one is None or one.published_at is None:
        gone = Tombstone(id=uri, former_type="Announcement", deleted=node.now())
        activity = Delete(id=f"{uri}#delete/{job_id}", actor=actor.uri, object=gone)
    else:
        told = ToldAnnouncement(
            id=uri,
            attributed_to=actor.uri,
            content=one.text,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            all_day=one.all_day,
            needs_acknowledgement=one.needs_acknowledgement,
            published=one.published_at,
            updated=one.updated_at,
        )
        activity = Update(id=node.uris.change(uri, job_id), actor=actor.uri, object=told)
    inboxes = await peers.list_sibling_inboxes(node)
    await record(node, actor, activity, inboxes, object_uri=uri, reach=Reach.ORGANISATION)


async def report(node: Node, job: ReportAcknowledgements, job_id: JobId) -> None:
    """Tell the node that announced something how many members of this one know."""
    found = await acknowledging.find_report(node, job.announcement_id)
    if found is None:
        return
    one, tally = found
    assert one.peer is not None
    assert one.uri is not None
    actor = await ensure_node_actor(node)
    told = Acknowledgement(
        id=f"{node.uris.announcement(one.id)}/acknowledgements/{job_id}",
        attributed_to=actor.uri,
        in_reply_to=one.uri,
        acknowledged_count=tally.acknowledged_count,
        members_count=tally.members_count,
    )
    activity = Create(id=f"{told.id}/activity", actor=actor.uri, object=told)
    inboxes = (node.uris.inbox_of(one.peer),)
    await record(node, actor, activity, inboxes, object_uri=one.uri, reach=Reach.ORGANISATION)


async def receive(node: Node, sender: Account, told: ToldAnnouncement | Acknowledgement) -> Outcome:
    """What another node announces, or how many of its members know what this one announced."""
    if not await _speaks_for_sibling(node, sender):
        return Ignored("only nodes of the same organisation announce anything here")
    peer = policy.domain(node, sender.uri)
    if isinstance(told, ToldAnnouncement):
        is_shown = await acknowledging.receive(node, _announcement(node, peer, told))
        return Done() if is_shown else Ignored("it says nothing")
    number = node.uris.announcement_number(told.in_reply_to)
    tally = Tally(
        peer=peer,
        acknowledged_count=min(told.acknowledged_count, _COUNT_MAX),
        members_count=min(told.members_count, _COUNT_MAX),
    )
    if number is None or not await acknowledging.receive_count(node, number, tally):
        return Ignored("nothing of that name was announced to the organisation")
    return Done()


async def receive_end(node: Node, sender: Account, uri: str) -> bool:
    """Another node announces something no more; whether it did, and it is the node that says so (S5)."""
    speaks = await counterparts.speaks(node, sender)
    return speaks and await acknowledging.receive_end(node, policy.domain(node, sender.uri), uri)


async def _speaks_for_sibling(node: Node, sender: Account) -> bool:
    if await policy.tier_of(node, sender.uri) is not Tier.SIBLING:
        return False
    # One that was only said to be a sibling may not be known yet.
    await discovery.meet_once(node, policy.domain(node, sender.uri))
    return await counterparts.speaks(node, sender)


def _announcement(node: Node, peer: str, told: ToldAnnouncement) -> Announcement:
    now = node.now()
    ends_at = told.ends_at if told.ends_at is None or told.ends_at > (told.starts_at or now) else None
    return Announcement(
        id=node.ids.next(),
        text=told.content,
        starts_at=told.starts_at,
        ends_at=ends_at,
        all_day=told.all_day,
        needs_acknowledgement=told.needs_acknowledgement,
        uri=told.id,
        peer=peer,
        published_at=moments.past(told.published or now, now),
        updated_at=moments.past(told.updated or now, now),
    )
