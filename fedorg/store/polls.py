"""Rows of ``polls`` and ``poll_votes``.

A poll's row is held (``hold``) by whoever adds votes or changes it, so that its tallies are always the votes that were
counted, each once: a vote is unique by poll, account and option. What is read for a page is not held.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.polls import Poll, Vote
from fedorg.errors import NotFound
from fedorg.ids import AccountId, JobId, PollId, StatusId, VoteId
from fedorg.store.gathered import Part
from fedorg.store.prepared import Prepared, many
from fedorg.store.tables import accounts, poll_votes, polls, statuses
from fedorg.store.upsert import insert_ignore

_NAMES: Final = tuple(field.name for field in fields(Poll))
_COLUMNS: Final = tuple(polls.c[name] for name in _NAMES)
_TUPLES: Final = ("options", "tallies")
_OF_STATUS: Final = Prepared(sa.select(*_COLUMNS).where(polls.c.status_id == sa.bindparam("status_id")))
OF_STATUSES: Final = Part(
    sa.select(polls.c.status_id.label("which"), *_COLUMNS).where(polls.c.status_id.in_(many("ids"))),
    lambda rows: _poll_with(rows[0]._asdict()),
)
"""The poll of statuses."""
CHOSEN: Final = Part(
    sa.select(polls.c.status_id, poll_votes.c.choice)
    .join(poll_votes, poll_votes.c.poll_id == polls.c.id)
    .where(polls.c.status_id.in_(many("ids")), poll_votes.c.account_id == sa.bindparam("viewer", type_=sa.BigInteger)),
    lambda rows: tuple(sorted(row.choice for row in rows)),
)
"""What a viewer chose in the polls of statuses."""
_CHOICES: Final = Prepared(
    sa.select(poll_votes.c.poll_id, poll_votes.c.choice)
    .where(poll_votes.c.account_id == sa.bindparam("account_id"), poll_votes.c.poll_id.in_(many("ids")))
    .order_by(poll_votes.c.choice)
)


def insert(conn: Connection, poll: Poll) -> None:
    """Add the poll of a status; a second one raises ``IntegrityError``."""
    conn.execute(sa.insert(polls), _values(poll))


def find(conn: Connection, poll_id: PollId) -> Poll | None:
    """The poll with an id, whoever may see it."""
    row = conn.execute(sa.select(*_COLUMNS).where(polls.c.id == poll_id)).one_or_none()
    return None if row is None else _poll(row)


def get(conn: Connection, poll_id: PollId) -> Poll:
    """Likewise; ``NotFound`` when there is none."""
    poll = find(conn, poll_id)
    if poll is None:
        raise NotFound
    return poll


def find_of_status(conn: Connection, status_id: StatusId) -> Poll | None:
    """The poll of a status."""
    return next((_poll_with(row._asdict()) for row in _OF_STATUS.rows(conn, status_id=status_id)), None)


def hold(conn: Connection, poll_id: PollId) -> Poll | None:
    """The poll as it stands once everybody else is done with it, held against other writers; None when it is gone."""
    row = conn.execute(sa.select(*_COLUMNS).where(polls.c.id == poll_id).with_for_update()).one_or_none()
    return None if row is None else _poll(row)


def hold_of_status(conn: Connection, status_id: StatusId) -> Poll | None:
    """Likewise the poll of a status."""
    row = conn.execute(sa.select(*_COLUMNS).where(polls.c.status_id == status_id).with_for_update()).one_or_none()
    return None if row is None else _poll(row)


def update(conn: Connection, poll: Poll) -> None:
    """Write a poll that is held."""
    conn.execute(sa.update(polls).where(polls.c.id == poll.id).values(_values(poll)))


def delete(conn: Connection, poll_id: PollId) -> None:
    """Remove a poll with its votes."""
    conn.execute(sa.delete(polls).where(polls.c.id == poll_id))


# Votes


def list_choices(conn: Connection, poll_id: PollId, account_id: AccountId) -> tuple[int, ...]:
    """What an account chose."""
    return _list_choices(conn, account_id, [poll_id]).get(poll_id, ())


def add_votes(conn: Connection, poll: Poll, votes: Sequence[Vote]) -> Poll:
    """Count votes of one account in a poll that is held, each option once, and return the poll as it then stands."""
    is_new_voter = not list_choices(conn, poll.id, votes[0].account_id)
    tallies = list(poll.tallies)
    for vote in votes:
        row = {name: getattr(vote, name) for name in ("id", "poll_id", "account_id", "choice", "created_at")}
        tallies[vote.choice] += insert_ignore(conn, poll_votes, [row])
    voters = None if poll.voters_count is None else poll.voters_count + is_new_voter
    counted = replace(poll, tallies=tuple(tallies), voters_count=voters)
    update(conn, counted)
    return counted


def forget_votes(conn: Connection, poll_id: PollId) -> None:
    """Remove every vote; the caller writes the tallies."""
    conn.execute(sa.delete(poll_votes).where(poll_votes.c.poll_id == poll_id))


def withdraw_votes(conn: Connection, poll: Poll, account_id: AccountId) -> Poll:
    """Count an account no more in a poll that is held; the poll as it then stands."""
    gone = sa.delete(poll_votes).where(poll_votes.c.poll_id == poll.id, poll_votes.c.account_id == account_id)
    chosen = conn.execute(gone.returning(poll_votes.c.choice)).scalars().all()
    tallies = tuple(max(0, tally - chosen.count(choice)) for choice, tally in enumerate(poll.tallies))
    voters = None if poll.voters_count is None else max(0, poll.voters_count - bool(chosen))
    counted = replace(poll, tallies=tallies, voters_count=voters)
    update(conn, counted)
    return counted


def list_local_voted(conn: Connection, account_id: AccountId, limit: int) -> list[PollId]:
    """Up to ``limit`` polls of accounts of this node in which an account voted."""
    statement = (
        sa.select(poll_votes.c.poll_id)
        .join(polls, polls.c.id == poll_votes.c.poll_id)
        .join(statuses, statuses.c.id == polls.c.status_id)
        .where(poll_votes.c.account_id == account_id, statuses.c.is_local)
        .distinct()
        .order_by(poll_votes.c.poll_id)
        .limit(limit)
    )
    return list(conn.execute(statement).scalars())


def find_vote(conn: Connection, vote_id: VoteId) -> Vote | None:
    """The vote with an id; None when the poll, its options or the voter are gone."""
    row = conn.execute(sa.select(poll_votes).where(poll_votes.c.id == vote_id)).one_or_none()
    if row is None:
        return None
    return Vote(id=row.id, poll_id=row.poll_id, account_id=row.account_id, choice=row.choice, created_at=row.created_at)


def has_local_voter(conn: Connection, poll_id: PollId) -> bool:
    """Whether anybody here voted."""
    return bool(list_local_voters(conn, poll_id, AccountId(0), 1))


def list_local_voters(conn: Connection, poll_id: PollId, after: AccountId, limit: int) -> list[AccountId]:
    """Accounts of this node that voted, by id, from the one after ``after``."""
    statement = (
        sa.select(poll_votes.c.account_id)
        .join(accounts, accounts.c.id == poll_votes.c.account_id)
        .where(poll_votes.c.poll_id == poll_id, poll_votes.c.account_id > after, accounts.c.domain.is_(None))
        .distinct()
        .order_by(poll_votes.c.account_id)
        .limit(limit)
    )
    return list(conn.execute(statement).scalars())


# News


def replace_end_job(conn: Connection, poll_id: PollId, job_id: JobId | None) -> JobId | None:
    """Note which queued job ends a poll; the one that was noted before."""
    before = conn.execute(sa.select(polls.c.end_job_id).where(polls.c.id == poll_id)).scalar_one_or_none()
    conn.execute(sa.update(polls).where(polls.c.id == poll_id).values(end_job_id=job_id))
    return before


def claim_stream(conn: Connection, poll_id: PollId) -> bool:
    """Whether the caller is to queue the job that tells streams: False while one is queued."""
    return _set_flag(conn, polls.c.is_stream_queued, poll_id)


def release_stream(conn: Connection, poll_id: PollId) -> None:
    """The job that tells streams has begun; what comes now is for the next one."""
    conn.execute(sa.update(polls).where(polls.c.id == poll_id).values(is_stream_queued=False))


def claim_update(conn: Connection, poll_id: PollId) -> bool:
    """Whether the caller is to queue the job that tells other servers: False while one is queued."""
    return _set_flag(conn, polls.c.is_update_queued, poll_id)


def release_update(conn: Connection, poll_id: PollId, now: datetime) -> None:
    """The job that tells other servers has begun."""
    conn.execute(sa.update(polls).where(polls.c.id == poll_id).values(is_update_queued=False, update_sent_at=now))


def find_update_sent_at(conn: Connection, poll_id: PollId) -> datetime | None:
    """When other servers were last told."""
    return conn.execute(sa.select(polls.c.update_sent_at).where(polls.c.id == poll_id)).scalar_one_or_none()


def claim_question(conn: Connection, poll_id: PollId, now: datetime, since: datetime) -> bool:
    """Whether the caller is to ask a poll's server how it stands: False when it was asked after ``since``."""
    statement = (
        sa.update(polls)
        .where(polls.c.id == poll_id, sa.or_(polls.c.asked_at.is_(None), polls.c.asked_at <= since))
        .values(asked_at=now)
    )
    return bool(conn.execute(statement).rowcount)


def _set_flag(conn: Connection, flag: sa.Column[bool], poll_id: PollId) -> bool:
    statement = sa.update(polls).where(polls.c.id == poll_id, flag.is_(sa.false())).values({flag: True})
    return bool(conn.execute(statement).rowcount)


def _list_choices(conn: Connection, account_id: AccountId, ids: Collection[PollId]) -> dict[PollId, tuple[int, ...]]:
    if not ids:
        return {}
    chosen: defaultdict[PollId, list[int]] = defaultdict(list)
    for row in _CHOICES.rows(conn, account_id=account_id, ids=ids):
        chosen[row.poll_id].append(row.choice)
    return {poll_id: tuple(choices) for poll_id, choices in chosen.items()}


def _poll(row: sa.Row[Any]) -> Poll:
    return _poll_with(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name


def _poll_with(values: Mapping[Any, Any]) -> Poll:
    found: dict[str, Any] = {name: tuple(values[name]) if name in _TUPLES else values[name] for name in _NAMES}
    return Poll(**found)


def _values(poll: Poll) -> dict[str, Any]:
    return {name: list(getattr(poll, name)) if name in _TUPLES else getattr(poll, name) for name in _NAMES}
