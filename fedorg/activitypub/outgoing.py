"""What leaves this node: each job becomes one activity and its deliveries, recorded in one transaction.

An activity's id is the same however often its job runs, and the store records an id once: nothing is sent twice. Who
gets it is decided by ``services.fanout`` and checked again against the tier when a delivery is due. A status that was
deleted meanwhile is not sent, so that nothing of it leaves after its Delete.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

from federation.activities import Accept, Activity, Block, Follow, Like, QuoteRequest, Reject, Undo
from federation.objects import Ref
from fedorg.activitypub import documents, questions
from fedorg.activitypub.recording import record as _record
from fedorg.domain.accounts import Account
from fedorg.domain.jobs import (
    ActivityKind,
    AnswerQuoteRequest,
    DistributeDelete,
    DistributeEdit,
    DistributeProfile,
    DistributeStatus,
    RefreshStatus,
    SendActivity,
    SendQuoteRequest,
    WithdrawQuoteApproval,
)
from fedorg.domain.statuses import StatusView
from fedorg.domain.visibility import Reach
from fedorg.errors import NotFound
from fedorg.ids import AccountId, JobId, PollId, StatusId, VoteId, moment_of
from fedorg.node import Node
from fedorg.services import fanout, polls, statuses
from fedorg.store import accounts, deliveries, keys, recipients
from fedorg.store import statuses as stored_statuses

_ENDINGS: Final = frozenset({ActivityKind.UNDO_FOLLOW, ActivityKind.REJECT_FOLLOW})
SENT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Accept": "a follow was let in, by itself or by hand; a quote (`result` is the stamp) or a partnership",
        "Add": "a member pins a status, or shows a hashtag on the profile",
        "Announce": "a member boosts",
        "Block": "a member blocks somebody",
        "Create": "a member posts, or votes in a poll of another server; how many members acknowledged an announcement",
        "Delete": "a status or a member was deleted, the stamp of a quote taken back, or an announcement ended",
        "Flag": "a member asks to forward a report: by the node's own actor, to the home of the reported account alone",
        "Follow": "a member follows",
        "Like": "a member favourites",
        "Move": "a member moves to another account",
        "Offer": "administrators propose a partnership",
        "QuoteRequest": "a member quotes somebody of another server",
        "Reject": "a follow was refused or a follower removed; a quote is not allowed; a partnership is declined",
        "Remove": "a member takes a pin back, or shows a hashtag no more",
        "Undo": "likewise",
        "Update": (
            "a status, profile or partnership changed, a node announces something to its organisation, votes came in, "
            "a quote was allowed or ended, or who may quote"
        ),
    }
)
"""When each type leaves, as FEDERATION.md tells it."""


async def send_status(node: Node, job: DistributeStatus) -> None:
    """Send a new status or reblog to the servers it is meant for."""
    if not await fanout.has_remote_audience(node, job.status_id):
        return
    view = await _find_sent(node, job.status_id)
    if view is None:
        return
    inboxes = await fanout.remote_inboxes(node, view.status)
    if not inboxes:
        return
    activity: Activity = (
        documents.create(view, node.uris)
        if view.reblog is None
        else documents.announce(view, view.reblog.status, node.uris)
    )
    await _record_status(node, view, activity, inboxes)


async def send_edit(node: Node, job: DistributeEdit) -> None:
    """Send the present state of an edited status; an edit that another one overtook is not sent."""
    view = await _find_sent(node, job.status_id)
    if view is None:
        return
    if view.status.edited_at is not None and view.status.edited_at > job.edited_at:
        return
    inboxes = await fanout.remote_inboxes_of_edit(node, view.status)
    activity = documents.update(view, node.uris, job.edited_at)
    await _record_status(node, view, activity, inboxes)


async def send_poll(node: Node, poll_id: PollId, job_id: JobId) -> None:
    """Tell the servers that have a local poll how it stands; nothing, while its numbers are hidden."""
    poll = await polls.begin_update(node, poll_id)
    view = None if poll is None else await _find_sent(node, poll.status_id)
    if view is None or view.poll is None or not view.poll.shows_totals:
        return
    inboxes = await fanout.remote_inboxes_of_edit(node, view.status)
    activity = documents.update_tallies(view, node.uris, job_id)
    await _record_status(node, view, activity, inboxes)


async def send_vote(node: Node, vote_id: VoteId) -> None:
    """Send a vote to the author of the poll; a vote that became void is not sent."""
    found = await polls.find_vote(node, vote_id)
    if found is None:
        return
    vote, poll, status = found
    known = await node.read(accounts.list_by_ids, (vote.account_id, status.account_id))
    voter, author = known.get(vote.account_id), known.get(status.account_id)
    if voter is None or author is None or author.is_local or author.suspended_at is not None:
        return
    activity = questions.vote(voter, vote, poll.options[vote.choice], status, author, node.uris)
    await _record(node, voter, activity, (author.inbox,), object_uri=f"{voter.uri} {status.uri}", reach=Reach.PUBLIC)


async def send_delete(node: Node, job: DistributeDelete) -> None:
    """Tell everybody who has it that a status or reblog is gone."""
    account = await node.read(accounts.find, job.account_id)
    if account is None:
        return
    activity: Activity = (
        documents.delete(account, job.uri, node.now())
        if job.reblog_of_uri is None
        else documents.undo_announce(account, job.uri, job.reblog_of_uri, moment_of(job.status_id), node.uris)
    )
    await _record(node, account, activity, job.inboxes, object_uri=job.uri, reach=Reach.PUBLIC)


async def send_profile(node: Node, job: DistributeProfile, job_id: JobId) -> None:
    """Send a changed profile to every server that follows the account."""
    account = await node.read(accounts.find, job.account_id)
    if account is None:
        return
    held = await node.read(keys.list_of_account, account.id)
    inboxes = await node.read(deliveries.list_follower_inboxes, account.id)
    activity = documents.update_actor(account, held, node.uris, job_id)
    await _record(node, account, activity, inboxes, object_uri=account.uri, reach=Reach.PUBLIC)


async def send_activity(node: Node, job: SendActivity, job_id: JobId) -> None:
    """Send one activity from a local account to a remote one; one that is suspended only hears what has ended."""
    known = await node.glance(accounts.list_by_ids, (job.account_id, job.target_id))
    account, target = known.get(job.account_id), known.get(job.target_id)
    if account is None or target is None or target.is_local or target.deleted_at is not None:
        return
    if target.suspended_at is not None and job.kind not in _ENDINGS:
        return
    activity = _between(node, job, account, target, job_id)
    # Follow and its Undo leave in this order, and so do Like and its Undo, because both name the same object.
    await _record(
        node,
        account,
        activity,
        (target.inbox,),
        object_uri=f"{account.uri} {job.object_uri or target.uri}",
        reach=Reach.PUBLIC,
    )


async def send_refresh(node: Node, job: RefreshStatus) -> None:
    """Send the present state of a status whose text is the same."""
    view = await _find_sent(node, job.status_id)
    if view is None:
        return
    inboxes = await fanout.remote_inboxes_of_edit(node, view.status)
    activity = documents.update(view, node.uris, job.at)
    await _record_status(node, view, activity, inboxes)


async def send_quote_request(node: Node, job: SendQuoteRequest) -> None:
    """Ask the author of what a local status quotes; that server has the status then, and hears of its end."""
    view = await _find_view(node, job.status_id)
    quoted = None if view is None else view.quote
    if view is None or quoted is None or quoted.quote.quoted_account_id is None:
        return
    author = await node.read(accounts.find, quoted.quote.quoted_account_id)
    if author is None or author.is_local or author.suspended_at is not None:
        return
    await node.write(recipients.remember, view.status.id, (author.delivery_inbox,))
    activity = documents.quote_request(view, quoted, author, node.uris)
    await _record_status(node, view, activity, (author.inbox,))


async def send_quote_answer(node: Node, job: AnswerQuoteRequest, job_id: JobId) -> None:
    """Answer a peer's account that wants to quote a local status."""
    known = await node.read(accounts.list_by_ids, (job.account_id, job.target_id))
    account, target = known.get(job.account_id), known.get(job.target_id)
    if account is None or target is None or target.suspended_at is not None:
        return
    asked = QuoteRequest(
        id=job.request_uri, actor=target.uri, object=Ref(id=job.quoted_uri), instrument=Ref(id=job.quoting_uri)
    )
    own, to = account.uri, (target.uri,)
    answer: Activity = (
        Reject(id=node.uris.activity(own, "reject", job_id), actor=own, object=asked, to=to)
        if job.approval_uri is None
        else Accept(
            id=node.uris.activity(own, "accept", job_id), actor=own, object=asked, result=job.approval_uri, to=to
        )
    )
    await _record(node, account, answer, (target.inbox,), object_uri=job.quoting_uri, reach=Reach.PUBLIC)


async def send_withdrawal(node: Node, job: WithdrawQuoteApproval) -> None:
    """Tell everybody who has a stamp that it no longer holds."""
    account = await node.read(accounts.find, job.account_id)
    if account is None:
        return
    activity = documents.delete_authorization(account, job.approval_uri, node.now())
    await _record(node, account, activity, job.inboxes, object_uri=job.approval_uri, reach=Reach.PUBLIC)


def _between(node: Node, job: SendActivity, account: Account, target: Account, job_id: JobId) -> Activity:
    own, to = account.uri, (target.uri,)

    def fresh(kind: str) -> str:
        return node.uris.activity(own, kind, job_id)

    follow = Follow(id=job.uri, actor=own, object=Ref(id=target.uri), to=to)
    asked = Follow(id=job.uri, actor=target.uri, object=Ref(id=own))
    like = Like(id=job.uri, actor=own, object=Ref(id=job.object_uri or target.uri), to=to)
    block = Block(id=job.uri, actor=own, object=Ref(id=target.uri), to=to)
    made: dict[ActivityKind, Activity] = {
        ActivityKind.FOLLOW: follow,
        ActivityKind.UNDO_FOLLOW: Undo(id=fresh("undo"), actor=own, object=follow, to=to),
        ActivityKind.ACCEPT_FOLLOW: Accept(id=fresh("accept"), actor=own, object=asked, to=to),
        ActivityKind.REJECT_FOLLOW: Reject(id=fresh("reject"), actor=own, object=asked, to=to),
        ActivityKind.LIKE: like,
        ActivityKind.UNDO_LIKE: Undo(id=fresh("undo"), actor=own, object=like, to=to),
        ActivityKind.BLOCK: block,
        ActivityKind.UNDO_BLOCK: Undo(id=fresh("undo"), actor=own, object=block, to=to),
    }
    return made[job.kind]


async def _find_view(node: Node, status_id: StatusId) -> StatusView | None:
    """The status as its author sees it; None when it was deleted in the meantime."""
    try:
        status = await node.read(stored_statuses.get, status_id)
        return await statuses.get_view(node, AccountId(status.account_id), status_id)
    except NotFound:
        return None


async def _find_sent(node: Node, status_id: StatusId) -> StatusView | None:
    """The same, when it is a status of this node that other servers may have."""
    view = await _find_view(node, status_id)
    is_sent = view is not None and view.account.is_local and view.status.audience.reach is not Reach.NODE
    return view if is_sent else None


async def _record_status(node: Node, view: StatusView, activity: Activity, inboxes: Collection[str]) -> None:
    """Record what tells of a status, while it exists: its Delete must be the last word."""
    await _record(
        node,
        view.account,
        activity,
        inboxes,
        object_uri=view.status.uri,
        reach=view.status.audience.reach,
        is_true=lambda conn: stored_statuses.hold(conn, view.status.id),
    )
