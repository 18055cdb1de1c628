"""Partnerships on the wire: what comes in to ``services.partnerships``, and what this node tells the other side.

Only the actor that speaks for a server says anything about a partnership, and only about its own side of it. What
leaves is the state of this side as it is when it leaves; deliveries of one partnership go in order.
"""

from dataclasses import replace as replaced
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from federation import render
from federation.activities import Accept, Activity, Delete, Offer, Reject, Undo, Update
from federation.agreements import partnership_of
from federation.audience import Reach as WireReach
from federation.objects import Ref, Relationship, Terms, Tombstone
from federation.vocabulary import PARTNERSHIP
from fedorg.activitypub import counterparts
from fedorg.activitypub.outcomes import Done, Ignored, Outcome
from fedorg.activitypub.recording import record
from fedorg.activitypub.signed import Signer
from fedorg.domain.accounts import Account
from fedorg.domain.ceilings import Ceilings
from fedorg.domain.jobs import AgreementKind, AskToPurge, SendAgreement
from fedorg.domain.partnerships import Grant, Partnership, Side, TheirSide
from fedorg.domain.visibility import Reach, Tier
from fedorg.errors import NotFound
from fedorg.ids import JobId, PartnershipId
from fedorg.node import Node
from fedorg.services import partnerships
from fedorg.services.partnerships import looking
from fedorg.services.registration import ensure_node_actor
from fedorg.store import accounts, recipients
from fedorg.store import partnerships as stored

PURGE_CHUNK: Final = 50


async def receive(node: Node, sender: Account, activity: Activity) -> Outcome | None:
    """What an activity says of a partnership; None for one that says nothing of any."""
    found = partnership_of(activity)
    if found is None:
        return None
    if not await counterparts.speaks(node, sender):
        return Ignored("its actor does not speak for its server")
    problem = await _take(node, sender, activity, found)
    return Done() if problem is None else Ignored(problem)


async def send(node: Node, job: SendAgreement, job_id: JobId) -> None:
    """Tell the other side of a partnership how it stands here; nothing when it is gone."""
    partnership = await node.read(stored.find, job.partnership_id)
    other = None if partnership is None else await node.read(accounts.find_by_uri, partnership.their_actor)
    if partnership is None or other is None:
        return
    actor = await ensure_node_actor(node)
    activity = _activity(node, actor, partnership, job, job_id)
    # All that is told one node goes in order: an offer that was taken back does not come after the next one.
    about = partnership.their_actor
    await record(node, actor, activity, (other.inbox,), object_uri=about, reach=Reach.PUBLIC, beyond_tier=True)
    if job.kind is AgreementKind.OFFER:
        await partnerships.mark_sent(node, partnership.id)


async def document(node: Node, partnership_id: PartnershipId, signer: Signer | None) -> bytes:
    """What this node grants another one, for the actor that speaks for that one; ``NotFound`` for everybody else."""
    partnership = await node.read(stored.find, partnership_id)
    if partnership is None or signer is None or signer.account.uri != partnership.their_actor:
        raise NotFound
    ours = _our_side(node, partnership, partnership.reason)
    people, announced = await node.read(looking.count_listed, node, partnership)
    return render.to_bytes(replaced(ours, terms=replaced(_required(ours), people=people, announcements=announced)))


async def ask_to_purge(node: Node, job: AskToPurge) -> AskToPurge | None:
    """Ask a former partner to delete some of what it was sent of a limited reach; what is left of the job.

    Each is a Delete by the author to that server alone, which stays in force elsewhere: it carries no proof, so that
    nobody can pass it on, and an id of its own.
    """
    partnership = await node.read(stored.find, job.partnership_id)
    live = None if partnership is None else await node.read(stored.find_live, partnership.domain)
    if partnership is None or (live is not None and not live.state.is_pending):
        # They came to terms again: what the partner has, it may keep.
        return None
    found = await node.read(recipients.list_limited_at, partnership.domain, job.after, PURGE_CHUNK)
    authors = await node.read(accounts.list_by_ids, {author_id for _, author_id, _, _ in found})
    for _, author_id, uri, inbox in found:
        author = authors[author_id]
        asked = Delete(
            id=f"{uri}#purge/{partnership.id}",
            actor=author.uri,
            object=Tombstone(id=uri),
            to=(partnership.their_actor,),
        )
        await record(node, author, asked, (inbox,), object_uri=uri, reach=Reach.PUBLIC, beyond_tier=True)
    await node.write(stored.count_purge, partnership.id, len(found))
    return replace(job, after=found[-1][0]) if len(found) == PURGE_CHUNK else None


async def _take(node: Node, sender: Account, activity: Activity, found: Relationship) -> str | None:
    own = node.uris.node_actor
    match activity:
        case Offer() if (found.subject, found.object) == (sender.uri, own):
            return await partnerships.receive_offer(node, sender, their_side(found))
        case Update() if (found.subject, found.object) == (sender.uri, own):
            return await partnerships.receive_update(node, sender, their_side(found))
        case Accept() if (found.subject, found.object) == (sender.uri, own):
            offered = node.uris.partnership_id_of(activity.object.id)
            if offered is not None:
                return await partnerships.receive_accept(node, sender, offered, their_side(found))
        case Reject() if (found.subject, found.object) == (own, sender.uri):
            offered = node.uris.partnership_id_of(found.id)
            if offered is not None:
                return await partnerships.receive_decline(node, sender, offered, activity.content)
        case Undo() if found.subject == sender.uri:
            return await partnerships.receive_end(node, sender, found.id, activity.content)
        case _:
            pass
    return "it is about no partnership between its server and this one"


def _activity(node: Node, actor: Account, partnership: Partnership, job: SendAgreement, job_id: JobId) -> Activity:
    uri, to = node.uris.partnership(partnership.id), (partnership.their_actor,)
    ours = _our_side(node, partnership, job.reason)
    theirs = Offer(
        id=f"{partnership.their_uri}#offer",
        actor=partnership.their_actor,
        object=_their_words(node, partnership),
        target=actor.uri,
    )
    offer = Offer(id=f"{uri}#offer", actor=actor.uri, object=ours, target=partnership.their_actor, to=to)
    accept = Accept(id=f"{uri}#accept", actor=actor.uri, object=Ref(id=theirs.id), result=ours, to=to)
    match job.kind:
        case AgreementKind.OFFER:
            return offer
        case AgreementKind.ACCEPT:
            return accept
        case AgreementKind.UPDATE:
            return Update(id=node.uris.change(uri, job_id), actor=actor.uri, object=ours, to=to)
        case AgreementKind.DECLINE:
            return Reject(id=f"{uri}#reject", actor=actor.uri, object=theirs, content=job.reason, to=to)
        case AgreementKind.END:
            said = offer if partnership.is_inviter else accept
            return Undo(id=f"{uri}#undo", actor=actor.uri, object=said, content=job.reason, to=to)


def _our_side(node: Node, partnership: Partnership, reason: str) -> Relationship:
    is_suspended = Side.HERE in partnership.suspended
    plan = partnership.planned.get(Side.HERE)
    if plan is not None:
        reason = plan.reason
    says_why = is_suspended or plan is not None
    return _relationship(
        node.uris.partnership(partnership.id),
        node.uris.node_actor,
        partnership.their_actor,
        _terms(
            partnership.tier,
            partnership.ours,
            is_approved=Side.HERE in partnership.approved,
            is_suspended=is_suspended,
            suspends_at=None if plan is None else plan.at,
        ),
        content=reason if says_why else partnership.note if partnership.is_inviter else "",
    )


def _their_words(node: Node, partnership: Partnership) -> Relationship:
    """What the other side offered, to name what is declined."""
    terms = _terms(partnership.tier, partnership.theirs or Grant(), is_approved=False, is_suspended=False)
    return _relationship(partnership.their_uri or "", partnership.their_actor, node.uris.node_actor, terms)


def _relationship(uri: str, subject: str, object_: str, terms: Terms, content: str = "") -> Relationship:
    return Relationship(id=uri, subject=subject, object=object_, relationship=PARTNERSHIP, content=content, terms=terms)


def _terms(
    tier: Tier, grant: Grant, *, is_approved: bool, is_suspended: bool, suspends_at: datetime | None = None
) -> Terms:
    return Terms(
        tier=tier.value,
        largest_reach=WireReach(grant.ceilings.largest_reach),
        direct_messages=grant.ceilings.direct_messages,
        directory=grant.ceilings.directory,
        media=grant.ceilings.media,
        contact=grant.contact,
        retention=grant.retention,
        review_at=grant.review_at,
        approved=is_approved,
        suspended=is_suspended,
        suspends_at=suspends_at,
    )


def _required(found: Relationship) -> Terms:
    assert found.terms is not None, "a partnership is read with its terms"
    return found.terms


def their_side(found: Relationship) -> TheirSide:
    """What a document of the other side says."""
    terms = _required(found)
    return TheirSide(
        uri=found.id,
        tier=Tier(terms.tier),
        grant=Grant(
            ceilings=Ceilings(
                largest_reach=Reach(terms.largest_reach),
                direct_messages=terms.direct_messages,
                directory=terms.directory,
                media=terms.media,
            ),
            contact=terms.contact,
            retention=terms.retention,
            review_at=terms.review_at,
        ),
        note=found.content,
        is_approved=terms.approved,
        is_suspended=terms.suspended,
        suspends_at=terms.suspends_at,
        people=terms.people,
        announcements=terms.announcements,
    )
