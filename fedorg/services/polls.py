"""Polls: how they stand, voting in them, and their end.

A vote of a member and a vote of a peer's account are counted alike, in one transaction with the news of it: streams are
told within a second or two, other servers at once and then every few minutes, and both once more at the end. Numbers
that are hidden until the end are told to nobody before.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.events import EventKind
from fedorg.domain.jobs import EndPoll, RefreshPoll, SendPoll, SendVote
from fedorg.domain.notifications import NotificationType
from fedorg.domain.polls import Poll, Vote, faults_of_vote
from fedorg.domain.statuses import Status, StatusView
from fedorg.domain.visibility import Reach, Visibility
from fedorg.errors import Invalid, NotFound
from fedorg.ids import AccountId, PollId, VoteId
from fedorg.node import Node
from fedorg.services.interactions import may_act_on
from fedorg.services.statuses import polling
from fedorg.store import accounts, events, home_timelines, jobs, notifications, polls, statuses, views

CHUNK: Final = 500
# Other servers hear of votes this soon, and after that not more often than every few minutes (Mastodon's number).
TOLD_AFTER: Final = timedelta(seconds=3)
TOLD_EVERY: Final = timedelta(minutes=3)
# How old the numbers of a peer's poll may be before its server is asked, and how often it is asked at most.
FRESH_FOR: Final = timedelta(minutes=1)


async def get_view(node: Node, viewer: AccountId | None, poll_id: PollId) -> StatusView:
    """The status of a poll for ``viewer``; ``NotFound`` when the poll is absent or the status invisible."""
    return await node.read(_get_view, node, viewer, poll_id)


async def vote(node: Node, account: Account, poll_id: PollId, choices: Sequence[int]) -> None:
    """Vote in a visible poll; ``NotFound`` when it is invisible, ``Invalid`` when ``choices`` may not be chosen."""
    await node.write(_vote, node, account, poll_id, choices)


async def refresh_if_stale(node: Node, view: StatusView) -> None:
    """Have a peer's poll that is looked at asked for, unless what is known of it is new, or final."""
    shown = view.shown
    if shown.poll is not None and not shown.account.is_local and _is_stale(shown.poll.poll, node.now()):
        await node.write(_ask, node, shown.poll.poll, shown.account)


def withdraw_votes(conn: Connection, node: Node, account_id: AccountId, polls_max: int) -> bool:
    """Count an account that is gone no more in some polls of this node, and tell of it; whether there were any."""
    found = polls.list_local_voted(conn, account_id, polls_max)
    for poll_id in found:
        poll = polls.hold(conn, poll_id)
        status = None if poll is None else statuses.find(conn, poll.status_id)
        if poll is not None and status is not None:
            _tell_votes(conn, node, polls.withdraw_votes(conn, poll, account_id), status)
    return bool(found)


# From peers


async def receive_vote(node: Node, account: Account, status_uri: str, name: str) -> str | None:
    """Count a vote of a peer's account for the option ``name``; why not, None when it counts or did before."""
    return await node.write(_receive_vote, node, account, status_uri, name)


# Jobs


async def stream(node: Node, poll_id: PollId) -> None:
    """Tell everybody who has the status in an open stream how its poll stands."""

    def unit(conn: Connection) -> None:
        poll = polls.find(conn, poll_id)
        status = None if poll is None else statuses.find(conn, poll.status_id)
        if status is not None:
            polls.release_stream(conn, poll_id)
            events.insert_many(conn, node.now(), EventKind.STATUS_UPDATE, _hearers(conn, status))

    await node.write(unit)


async def begin_update(node: Node, poll_id: PollId) -> Poll | None:
    """Note that other servers are told now; the poll, None when it is gone."""

    def unit(conn: Connection) -> Poll | None:
        polls.release_update(conn, poll_id, node.now())
        return polls.find(conn, poll_id)

    return await node.write(unit)


async def find_vote(node: Node, vote_id: VoteId) -> tuple[Vote, Poll, Status] | None:
    """A vote and where it was given; None when it is void, or its poll gone."""

    def unit(conn: Connection) -> tuple[Vote, Poll, Status] | None:
        vote = polls.find_vote(conn, vote_id)
        poll = None if vote is None else polls.find(conn, vote.poll_id)
        status = None if poll is None else statuses.find(conn, poll.status_id)
        return None if vote is None or poll is None or status is None else (vote, poll, status)

    return await node.read(unit)


async def find_remote(node: Node, poll_id: PollId) -> tuple[Poll, Status, Account] | None:
    """A poll of a peer, its status and author; None when it is gone."""

    def unit(conn: Connection) -> tuple[Poll, Status, Account] | None:
        poll = polls.find(conn, poll_id)
        status = None if poll is None else statuses.find(conn, poll.status_id)
        author = None if status is None else accounts.get(conn, status.account_id)
        return None if poll is None or status is None or author is None else (poll, status, author)

    return await node.read(unit)


async def end_if_over(node: Node, poll_id: PollId) -> None:
    """End a peer's poll with the numbers that are known, if it is over; its server was asked before."""

    def unit(conn: Connection) -> None:
        poll = polls.hold(conn, poll_id)
        if poll is not None and poll.ended_at is None and poll.is_expired(node.now()):
            job_id = jobs.enqueue(conn, node.ids, node.now(), EndPoll(poll_id=poll_id))
            before = polls.replace_end_job(conn, poll_id, job_id)
            if before is not None:
                jobs.withdraw(conn, before)

    await node.write(unit)


async def end(node: Node, poll_id: PollId, after: AccountId | None) -> AccountId | None:
    """Tell one chunk of local voters, and at first the author, that a poll is over; the cursor of the next chunk.

    Nothing is told of a poll whose end was moved. Doing it twice is doing it once.
    """
    return await node.write(_end_chunk, node, poll_id, after)


def _get_view(conn: Connection, node: Node, viewer: AccountId | None, poll_id: PollId) -> StatusView:
    return views.get_view(conn, node.now(), viewer, polls.get(conn, poll_id).status_id)


def _vote(conn: Connection, node: Node, account: Account, poll_id: PollId, choices: Sequence[int]) -> None:
    view = _get_view(conn, node, account.id, poll_id)
    poll = polls.hold(conn, poll_id)
    if poll is None:
        raise NotFound
    faults = faults_of_vote(
        poll,
        choices,
        now=node.now(),
        is_own=view.account.id == account.id,
        earlier=polls.list_choices(conn, poll_id, account.id),
    )
    if faults:
        raise Invalid(f"Validation failed: {', '.join(faults)}")
    votes = _votes(node, poll, account, choices)
    counted = polls.add_votes(conn, poll, votes)
    if view.account.is_local:
        _tell_votes(conn, node, counted, view.status)
    else:
        for one in votes:
            jobs.enqueue(conn, node.ids, node.now(), SendVote(vote_id=one.id))
        polling.schedule_end(conn, node, counted, view.account)
    events.insert(conn, node.now(), EventKind.STATUS_UPDATE, account.id, view.status.id)


def _receive_vote(conn: Connection, node: Node, account: Account, status_uri: str, name: str) -> str | None:
    status = statuses.find_by_uri(conn, status_uri)
    poll = None if status is None else polls.hold_of_status(conn, status.id)
    if status is None or poll is None or not _may_vote(conn, account, status):
        return "it is a vote in no poll of this server that its actor may see"
    if name not in poll.options:
        return "it is a vote for nothing that the poll offers"
    choice = poll.options.index(name)
    earlier = polls.list_choices(conn, poll.id, account.id)
    if choice in earlier:
        return None
    faults = faults_of_vote(poll, [choice], now=node.now(), is_own=False, earlier=earlier)
    if faults:
        return f"it is a vote that does not count: {', '.join(faults)}"
    counted = polls.add_votes(conn, poll, _votes(node, poll, account, [choice]))
    _tell_votes(conn, node, counted, status)
    return None


def _may_vote(conn: Connection, account: Account, status: Status) -> bool:
    """Whether an account of a peer may see the status of a local author."""
    author = accounts.get(conn, status.account_id)
    return author.is_local and author.suspended_at is None and may_act_on(conn, account, status)


def _votes(node: Node, poll: Poll, account: Account, choices: Collection[int]) -> list[Vote]:
    return [
        Vote(id=VoteId(node.ids.next()), poll_id=poll.id, account_id=account.id, choice=choice, created_at=node.now())
        for choice in choices
    ]


def _tell_votes(conn: Connection, node: Node, poll: Poll, status: Status) -> None:
    """Queue what tells how the votes in a local poll stand now."""
    if poll.hide_totals:
        return
    polling.queue_stream(conn, node, poll)
    if status.audience.reach is not Reach.NODE and polls.claim_update(conn, poll.id):
        now, told_at = node.now(), polls.find_update_sent_at(conn, poll.id)
        due_at = now + TOLD_AFTER if told_at is None else max(now + TOLD_AFTER, told_at + TOLD_EVERY)
        jobs.enqueue(conn, node.ids, now, SendPoll(poll_id=poll.id), due_at=due_at)


def _hearers(conn: Connection, status: Status) -> list[tuple[AccountId | None, int]]:
    """In whose streams the status may be: home timelines, and everybody's when it is public."""
    heard: list[tuple[AccountId | None, int]] = [
        (account_id, status.id) for account_id in sorted(home_timelines.holders(conn, status.id))
    ]
    if status.audience.visibility is Visibility.PUBLIC:
        heard.append((None, status.id))
    return heard


def _is_stale(poll: Poll, now: datetime) -> bool:
    known_at = max((moment for moment in (poll.fetched_at, poll.asked_at) if moment is not None), default=None)
    return not poll.is_final and (known_at is None or known_at <= now - FRESH_FOR)


def _ask(conn: Connection, node: Node, poll: Poll, author: Account) -> None:
    now = node.now()
    if polls.claim_question(conn, poll.id, now, now - FRESH_FOR):
        jobs.enqueue(conn, node.ids, now, RefreshPoll(poll_id=poll.id, domain=author.peer or ""))


def _end_chunk(conn: Connection, node: Node, poll_id: PollId, after: AccountId | None) -> AccountId | None:
    now = node.now()
    poll = polls.hold(conn, poll_id)
    status = None if poll is None else statuses.find(conn, poll.status_id)
    if poll is None or status is None or not poll.is_expired(now):
        return None
    author = accounts.get(conn, status.account_id)
    voters = polls.list_local_voters(conn, poll_id, after or AccountId(0), CHUNK)
    if after is None:
        polls.update(conn, replace(poll, ended_at=poll.ended_at or now))
        polling.queue_stream(conn, node, poll)
        if author.is_local:
            notifications.notify_oneself(
                conn,
                node.ids,
                now,
                author.id,
                type_=NotificationType.POLL,
                origin=poll.id,
                status_id=poll.status_id,
            )
    notifications.notify(
        conn,
        node.ids,
        now,
        voters,
        type_=NotificationType.POLL,
        by=author.id,
        origin=poll.id,
        status_id=poll.status_id,
    )
    return voters[-1] if len(voters) == CHUNK else None
