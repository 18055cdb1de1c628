"""The poll of a status: made, changed and received together with it, in the same transaction; and the job that ends it.

Limits and words are Mastodon's. A change of the options, or of how many may be chosen, makes every vote void. One job
waits for the end of a poll; whatever moves the end moves the job.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from fedorg import text
from fedorg.config import Settings
from fedorg.domain.accounts import Account
from fedorg.domain.jobs import EndPoll, Job, RefreshPoll, StreamPoll
from fedorg.domain.notifications import NotificationType
from fedorg.domain.polls import Poll, PollDraft, PollTerms, RemotePoll
from fedorg.domain.statuses import Status
from fedorg.errors import Invalid
from fedorg.ids import PollId
from fedorg.node import Node
from fedorg.services.statuses.composing import MEDIA_MAX
from fedorg.store import accounts, jobs, notifications, polls

# The server of a poll tells by itself how it ended; who heard nothing asks after this time.
GRACE: Final = timedelta(minutes=1)
# A peer's poll that ends later than this ends, for us, when its server says so.
FAR: Final = timedelta(days=400)
# News for streams is gathered for this long.
GATHERED: Final = timedelta(seconds=1)


def read_terms(settings: Settings, draft: PollDraft | None, now: datetime) -> PollTerms | None:
    """What a client's poll asks; raises ``Invalid`` with every fault."""
    if draft is None:
        return None
    options = tuple(option for option in map(text.normalise_line, draft.options) if option)
    faults = [*_faults_of_options(settings, options), *_faults_of_end(settings, draft.expires_in)]
    if faults:
        raise Invalid(f"Validation failed: {', '.join(faults)}")
    return PollTerms(
        options=options,
        multiple=draft.multiple,
        hide_totals=draft.hide_totals,
        expires_at=now + timedelta(seconds=draft.expires_in or 0),
    )


def require_no_media(terms: PollTerms | None, attachments: Sequence[object]) -> None:
    """Raise ``Invalid`` for files beside a poll; the words are those for too many files, as in Mastodon."""
    if terms is not None and attachments:
        raise Invalid(f"Cannot attach more than {MEDIA_MAX} files")


# Of this node


def attach(conn: Connection, node: Node, status: Status, terms: PollTerms | None) -> None:
    """Give a new status, or one that has none, its poll."""
    if terms is not None:
        poll = _reset(Poll(id=PollId(node.ids.next()), status_id=status.id, options=(), tallies=()), terms)
        polls.insert(conn, poll)
        schedule_end(conn, node, poll, accounts.get(conn, status.account_id))


def differs(poll: Poll | None, terms: PollTerms | None) -> bool:
    """Whether an edit asks for another poll than there is."""
    if poll is None or terms is None:
        return poll is not None or terms is not None
    now = PollTerms(
        options=poll.options, multiple=poll.multiple, hide_totals=poll.hide_totals, expires_at=poll.expires_at
    )
    return now != terms


def change(conn: Connection, node: Node, status: Status, poll: Poll | None, terms: PollTerms | None) -> None:
    """Bring the poll of a status to what an edit asks for; ``poll`` is held."""
    if poll is None:
        attach(conn, node, status, terms)
    elif terms is None:
        _remove(conn, poll)
    elif (poll.options, poll.multiple) != (terms.options, terms.multiple):
        polls.forget_votes(conn, poll.id)
        _update(conn, node, status, _reset(poll, terms))
    else:
        _update(conn, node, status, replace(poll, hide_totals=terms.hide_totals, expires_at=terms.expires_at))


# Of peers


def record(conn: Connection, node: Node, status: Status, remote: RemotePoll | None) -> None:
    """Keep the poll that came with a status of a peer."""
    if remote is not None:
        poll = Poll(id=PollId(node.ids.next()), status_id=status.id, options=remote.options, tallies=remote.tallies)
        polls.insert(conn, _told(poll, remote, node.now()))


def is_reshaped(poll: Poll | None, remote: RemotePoll | None) -> bool:
    """Whether a peer tells of another poll, and not only of other numbers or another end."""
    if poll is None or remote is None:
        return poll is not None or remote is not None
    return (poll.options, poll.multiple) != (remote.options, remote.multiple)


def receive(conn: Connection, node: Node, status: Status, poll: Poll | None, remote: RemotePoll | None) -> None:
    """Bring the poll of a peer's status to what an edit says; ``poll`` is held."""
    if poll is None:
        record(conn, node, status, remote)
    elif remote is None:
        _remove(conn, poll)
    else:
        if is_reshaped(poll, remote):
            polls.forget_votes(conn, poll.id)
            _withdraw_notice(conn, status, poll)
        _update(conn, node, status, _told(poll, remote, node.now()))


def receive_tallies(conn: Connection, node: Node, status: Status, poll: Poll, remote: RemotePoll) -> None:
    """Take over how a peer's poll stands; ``poll`` is held and asks the same."""
    told = _told(poll, remote, node.now())
    _update(conn, node, status, told)
    if replace(told, fetched_at=poll.fetched_at) != poll:
        queue_stream(conn, node, poll)


# When it ends


def schedule_end(conn: Connection, node: Node, poll: Poll, author: Account) -> None:
    """Have a poll ended when it is over; what was queued for another moment is taken back."""
    planned = _end_of(conn, node, poll, author)
    job_id = None if planned is None else jobs.enqueue(conn, node.ids, node.now(), planned[0], due_at=planned[1])
    before = polls.replace_end_job(conn, poll.id, job_id)
    if before is not None:
        jobs.withdraw(conn, before)


def queue_stream(conn: Connection, node: Node, poll: Poll) -> None:
    """Tell open streams soon how a poll stands, once for all that happens until then."""
    if polls.claim_stream(conn, poll.id):
        jobs.enqueue(conn, node.ids, node.now(), StreamPoll(poll_id=poll.id), due_at=node.now() + GATHERED)


def _end_of(conn: Connection, node: Node, poll: Poll, author: Account) -> tuple[Job, datetime] | None:
    now = node.now()
    if poll.expires_at is None or poll.ended_at is not None:
        return None
    if author.is_local:
        return EndPoll(poll_id=poll.id), poll.expires_at
    if poll.expires_at > now + FAR or not polls.has_local_voter(conn, poll.id):
        return None
    if poll.is_final:
        return EndPoll(poll_id=poll.id), now
    return RefreshPoll(poll_id=poll.id, domain=author.peer or ""), poll.expires_at + GRACE


def _update(conn: Connection, node: Node, status: Status, poll: Poll) -> None:
    """Write a poll whose end may have moved: one that goes on was not ended."""
    if poll.ended_at is not None and not poll.is_expired(node.now()):
        poll = replace(poll, ended_at=None)
        _withdraw_notice(conn, status, poll)
    polls.update(conn, poll)
    schedule_end(conn, node, poll, accounts.get(conn, status.account_id))


def _remove(conn: Connection, poll: Poll) -> None:
    end_job = polls.replace_end_job(conn, poll.id, None)
    if end_job is not None:
        jobs.withdraw(conn, end_job)
    polls.delete(conn, poll.id)


def _withdraw_notice(conn: Connection, status: Status, poll: Poll) -> None:
    notifications.withdraw(conn, type_=NotificationType.POLL, by=status.account_id, origin=poll.id)


def _reset(poll: Poll, terms: PollTerms) -> Poll:
    """The poll as terms say, without votes."""
    return replace(
        poll,
        options=terms.options,
        tallies=(0,) * len(terms.options),
        multiple=terms.multiple,
        hide_totals=terms.hide_totals,
        expires_at=terms.expires_at,
        voters_count=0,
    )


def _told(poll: Poll, remote: RemotePoll, now: datetime) -> Poll:
    """The poll as its own server tells of it."""
    return replace(
        poll,
        options=remote.options,
        tallies=remote.tallies,
        multiple=remote.multiple,
        expires_at=remote.expires_at,
        voters_count=remote.voters_count,
        fetched_at=now,
    )


def _faults_of_options(settings: Settings, options: Sequence[str]) -> Iterator[str]:
    options_max, characters_max = settings.poll_options_max, settings.poll_option_characters_max
    if len(options) < 2:  # noqa: PLR2004 - with one there is nothing to choose
        yield "Choices must have more than one item"
    if len(options) > options_max:
        yield f"Choices can't contain more than {options_max} items"
    if any(text.has_more_graphemes(option, characters_max) for option in options):
        yield f"Choices cannot be longer than {characters_max} characters each"
    if len(set(options)) < len(options):
        yield "Choices contain duplicate items"


def _faults_of_end(settings: Settings, expires_in: int | None) -> Iterator[str]:
    if expires_in is None:
        yield "Deadline can't be blank"
    elif expires_in > settings.poll_seconds_max:
        yield "Deadline is too far into the future"
    elif expires_in < settings.poll_seconds_min:
        yield "Deadline is too soon"
