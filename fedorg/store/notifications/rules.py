"""Who is told of what somebody did: rows of ``notification_policies`` and all that stands between two accounts."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.accounts import ActorType
from fedorg.domain.notification_policy import FILTERABLE, Handling, NotificationPolicy, Sender, handling
from fedorg.domain.notifications import NotificationType
from fedorg.domain.relationships import FollowState
from fedorg.domain.visibility import Visibility
from fedorg.ids import AccountId, StatusId
from fedorg.store import domain_blocks, thread_mutes
from fedorg.store.prepared import Prepared, many
from fedorg.store.tables import (
    accounts,
    blocks,
    follows,
    mentions,
    mutes,
    notification_permissions,
    notification_policies,
    statuses,
)
from fedorg.store.upsert import upsert

_NAMES = tuple(column.name for column in notification_policies.c if column.name.startswith("for_"))
_BY: Final = sa.bindparam("by", type_=sa.BigInteger)
_THREAD: Final = sa.bindparam("thread_id", type_=sa.BigInteger)
_AUTOMATED = (ActorType.SERVICE.value, ActorType.APPLICATION.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The status that a notification is about."""

    id: StatusId
    author_id: AccountId
    thread_id: StatusId
    visibility: Visibility


def find_subject(conn: Connection, status_id: StatusId) -> Subject | None:
    """None when the status is gone."""
    statement = sa.select(statuses.c.id, statuses.c.account_id, statuses.c.thread_id, statuses.c.visibility).where(
        statuses.c.id == status_id, ~statuses.c.is_gone
    )
    row = conn.execute(statement).one_or_none()
    if row is None:
        return None
    return Subject(id=row.id, author_id=row.account_id, thread_id=row.thread_id, visibility=Visibility(row.visibility))


def find_policy(conn: Connection, account_id: AccountId) -> NotificationPolicy:
    """What an account wants, which is the usual until it says otherwise."""
    row = conn.execute(
        sa.select(notification_policies).where(notification_policies.c.account_id == account_id)
    ).one_or_none()
    return NotificationPolicy() if row is None else _policy(row)


def put_policy(conn: Connection, now: datetime, account_id: AccountId, policy: NotificationPolicy) -> None:
    """Keep what an account wants from now on."""
    values = {name: getattr(policy, name).value for name in _NAMES}
    upsert(
        conn,
        notification_policies,
        {"account_id": account_id, **values, "updated_at": now},
        key=["account_id"],
    )


def list_hearers(
    conn: Connection,
    now: datetime,
    receivers: Collection[AccountId],
    *,
    type_: NotificationType,
    by: AccountId,
    subject: Subject | None,
) -> dict[AccountId, Handling]:
    """Those of ``receivers`` that are local and are told, at once or after a yes, of what ``by`` did."""
    others = [receiver for receiver in receivers if receiver != by]
    if not others:
        return {}
    is_private = type_ is NotificationType.MENTION and subject is not None and subject.visibility is Visibility.DIRECT
    thread = {} if subject is None else {"thread_id": subject.thread_id}
    rows = _hearers(has_subject=subject is not None, is_private=is_private).rows(
        conn, receivers=sorted(others), by=by, now=now, **thread
    )
    handled = {
        AccountId(row.id): handling(_policy(row), _sender(row), now) if type_ in FILTERABLE else Handling.ACCEPT
        for row in rows
    }
    return {receiver: one for receiver, one in sorted(handled.items()) if one is not Handling.DROP}


def is_deaf(conn: Connection, account_id: AccountId, subject: Subject) -> bool:
    """Whether an account mutes the thread of a status."""
    return bool(conn.execute(sa.select(thread_mutes.is_muted(account_id, subject.thread_id))).scalar())


@cache
def _hearers(*, has_subject: bool, is_private: bool) -> Prepared:
    """A row for each of ``receivers`` whom nothing keeps from hearing what ``by`` did."""
    is_unasked = _is_unasked() if is_private else sa.false()
    return Prepared(_facts(is_unasked).where(*_bars_nothing(has_subject=has_subject)))


def _facts(is_unasked: ColumnElement[bool]) -> sa.Select[Any]:
    """A row for each receiver: its policy, and what ``by`` is to it."""
    by = _BY
    receiver, sender = accounts.c.id, accounts.alias("sender")
    accepted = follows.c.state == FollowState.ACCEPTED.value
    is_followed = sa.exists().where(follows.c.account_id == receiver, follows.c.target_id == by, accepted)
    follower_since = (
        sa.select(follows.c.created_at)
        .where(follows.c.account_id == by, follows.c.target_id == receiver, accepted)
        .scalar_subquery()
    )
    is_permitted = sa.exists().where(
        notification_permissions.c.account_id == receiver, notification_permissions.c.from_account_id == by
    )
    return (
        sa.select(
            receiver,
            *(notification_policies.c[name] for name in _NAMES),
            sender.c.created_at.label("sender_created_at"),
            sender.c.silenced_at.label("sender_silenced_at"),
            sender.c.actor_type.label("sender_actor_type"),
            is_followed.label("is_followed"),
            follower_since.label("follower_since"),
            is_permitted.label("is_permitted"),
            is_unasked.label("is_unasked"),
        )
        .select_from(accounts)
        .join(sender, sender.c.id == by)
        .outerjoin(notification_policies, notification_policies.c.account_id == receiver)
        .where(receiver.in_(many("receivers")), accounts.c.domain.is_(None))
    )


def _bars_nothing(*, has_subject: bool) -> list[ColumnElement[bool]]:
    """No block, mute or shut out server stands between a receiver and ``by``, and the thread is not muted."""
    receiver, by = accounts.c.id, _BY
    conditions = [
        ~sa.exists().where(blocks.c.account_id == receiver, blocks.c.target_id == by),
        ~sa.exists().where(blocks.c.account_id == by, blocks.c.target_id == receiver),
        ~sa.exists().where(
            mutes.c.account_id == receiver,
            mutes.c.target_id == by,
            mutes.c.notifications,
            sa.or_(mutes.c.expires_at.is_(None), mutes.c.expires_at > sa.bindparam("now")),
        ),
        ~domain_blocks.is_shut_out(receiver, by),
    ]
    if has_subject:
        conditions.append(~thread_mutes.is_muted(receiver, _THREAD))
    return conditions


def _is_unasked() -> ColumnElement[bool]:
    """It is for addressees only, and the receiver has not written so to ``by`` in its thread."""
    own = statuses.alias("own")
    return ~sa.exists().where(
        own.c.thread_id == _THREAD,
        own.c.account_id == accounts.c.id,
        own.c.visibility == Visibility.DIRECT.value,
        mentions.c.status_id == own.c.id,
        mentions.c.account_id == _BY,
    )


def _policy(row: Any) -> NotificationPolicy:  # noqa: ANN401 - a row or a record
    usual = NotificationPolicy()
    values = {name: getattr(row, name) for name in _NAMES}
    return NotificationPolicy(
        **{name: getattr(usual, name) if value is None else Handling(value) for name, value in values.items()}
    )


def _sender(row: Any) -> Sender:  # noqa: ANN401 - a record
    return Sender(
        created_at=row.sender_created_at,
        is_followed=bool(row.is_followed),
        follower_since=row.follower_since,
        is_limited=row.sender_silenced_at is not None,
        is_automated=row.sender_actor_type in _AUTOMATED,
        is_permitted=bool(row.is_permitted),
        is_unasked=bool(row.is_unasked),
    )
