"""Making notifications: once per cause, never for those who do not want to hear of the one who caused it.

What waits for a yes is kept without a word to anybody (``requests``). What is told reaches open streams; a private
mention also goes on in the conversation it belongs to.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.conversations import Message
from fedorg.domain.events import EventKind
from fedorg.domain.jobs import PushNotification
from fedorg.domain.notification_policy import REQUESTED, Handling
from fedorg.domain.notifications import GROUP_HOURS, NotificationType, group_prefix, hour_of
from fedorg.domain.visibility import Visibility
from fedorg.ids import AccountId, IdSource, NotificationId, StatusId
from fedorg.store import conversations, events, jobs, push
from fedorg.store.notifications import requests, rules
from fedorg.store.notifications.rules import Subject
from fedorg.store.tables import mentions, notifications
from fedorg.store.upsert import insert_new


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cause:
    """What happened, by whom, and the status it is about."""

    type_: NotificationType
    by: AccountId
    origin: int
    subject: Subject | None


def notify(
    conn: Connection,
    ids: IdSource,
    now: datetime,
    receivers: Collection[AccountId],
    *,
    type_: NotificationType,
    by: AccountId,
    origin: int,
    status_id: StatusId | None = None,
) -> None:
    """Tell each of ``receivers`` that is local and wants to hear of ``by``; telling twice is telling once."""
    if not receivers:
        return
    subject = None if status_id is None else rules.find_subject(conn, status_id)
    hearers = rules.list_hearers(conn, now, receivers, type_=type_, by=by, subject=subject)
    _tell(conn, ids, now, hearers, _Cause(type_=type_, by=by, origin=origin, subject=subject))


def notify_staff(
    conn: Connection,
    ids: IdSource,
    now: datetime,
    receivers: Collection[AccountId],
    *,
    type_: NotificationType,
    by: AccountId,
    origin: int,
) -> None:
    """Tell those who look after the node, whomever they block or mute, but for what they did themselves."""
    hearers = {receiver: Handling.ACCEPT for receiver in sorted(receivers) if receiver != by}
    _tell(conn, ids, now, hearers, _Cause(type_=type_, by=by, origin=origin, subject=None))


def notify_oneself(
    conn: Connection,
    ids: IdSource,
    now: datetime,
    account_id: AccountId,
    *,
    type_: NotificationType,
    origin: int,
    status_id: StatusId | None = None,
) -> None:
    """Tell a local account of what became of its own doing, or befell it; telling twice is telling once."""
    subject = None if status_id is None else rules.find_subject(conn, status_id)
    if subject is None or not rules.is_deaf(conn, account_id, subject):
        cause = _Cause(type_=type_, by=account_id, origin=origin, subject=subject)
        _tell(conn, ids, now, {account_id: Handling.ACCEPT}, cause)


def take_up(
    conn: Connection, ids: IdSource, account_id: AccountId, status_ids: Collection[StatusId]
) -> list[conversations.Changed]:
    """Let what somebody was not told of at the time go on in the conversations it belongs to."""
    found = [rules.find_subject(conn, status_id) for status_id in status_ids]
    messages = [_message(conn, one) for one in found if one is not None and one.visibility is Visibility.DIRECT]
    return [changed for message in messages for changed in conversations.add(conn, ids, [account_id], message)]


def _message(conn: Connection, subject: Subject) -> Message:
    """A status for addressees only, as conversations take it."""
    named = conn.execute(sa.select(mentions.c.account_id).where(mentions.c.status_id == subject.id)).scalars()
    return Message(
        status_id=subject.id, thread_id=subject.thread_id, author_id=subject.author_id, named=frozenset(named)
    )


def _tell(conn: Connection, ids: IdSource, now: datetime, hearers: Mapping[AccountId, Handling], cause: _Cause) -> None:
    new = _insert(conn, ids, now, hearers, cause)
    told = {receiver: number for receiver, number in new.items() if hearers[receiver] is Handling.ACCEPT}
    pushed = (
        PushNotification(
            subscription_id=one.id, notification_id=told[one.account_id], host=urlsplit(one.endpoint).netloc
        )
        for one in push.list_wanting(conn, told, cause.type_, cause.by)
    )
    jobs.enqueue_many(conn, ids, now, pushed)
    subject, is_asking = cause.subject, cause.type_ in REQUESTED
    changed = []
    if is_asking and subject is not None:
        requests.put(conn, ids, now, sorted(new.keys() - told.keys()), cause.by, subject.id)
        if told and subject.visibility is Visibility.DIRECT:
            changed = conversations.add(conn, ids, told, _message(conn, subject))
    events.insert_many(conn, now, EventKind.CONVERSATION, changed)
    events.insert_many(conn, now, EventKind.NOTIFICATION, sorted(told.items()))


def _insert(
    conn: Connection, ids: IdSource, now: datetime, hearers: Mapping[AccountId, Handling], cause: _Cause
) -> dict[AccountId, NotificationId]:
    """The new notification of each hearer that was not told before."""
    keys = _group_keys(conn, now, [one for one, how in hearers.items() if how is Handling.ACCEPT], cause)
    rows = [
        {
            "id": ids.next(),
            "account_id": receiver,
            "type": cause.type_.value,
            "from_account_id": cause.by,
            "origin": cause.origin,
            "status_id": None if cause.subject is None else cause.subject.id,
            "group_key": keys.get(receiver),
            "filtered": how is Handling.FILTER,
            "created_at": now,
        }
        for receiver, how in hearers.items()
    ]
    receivers = {row["id"]: receiver for row, receiver in zip(rows, hearers, strict=True)}
    new = insert_new(conn, notifications, rows, returning="id")
    return {receivers[number]: NotificationId(number) for number in new}


def _group_keys(
    conn: Connection, now: datetime, receivers: Collection[AccountId], cause: _Cause
) -> dict[AccountId, str]:
    """For each receiver the key of the group that is open, or of a new one; nothing for kinds that stand alone."""
    prefix = group_prefix(cause.type_, None if cause.subject is None else cause.subject.id)
    if prefix is None or not receivers:
        return {}
    hour = hour_of(now)
    open_keys = [f"{prefix}{one}" for one in range(hour - GROUP_HOURS + 1, hour + 1)]
    statement = (
        sa.select(notifications.c.account_id, sa.func.max(notifications.c.group_key).label("key"))
        .where(notifications.c.account_id.in_(receivers), notifications.c.group_key.in_(open_keys))
        .group_by(notifications.c.account_id)
    )
    found = {row.account_id: row.key for row in conn.execute(statement)}
    return {receiver: found.get(receiver, f"{prefix}{hour}") for receiver in receivers}
