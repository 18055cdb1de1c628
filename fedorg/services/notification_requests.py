"""From whom an account hears, and who waits for a yes. Spec: Mastodon API, methods/notifications.

Who is accepted is heard from that moment on; what waited until then is brought in by a job, a little at a time.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from fedorg.domain.events import EventKind
from fedorg.domain.jobs import MergeNotifications
from fedorg.domain.notification_policy import (
    REQUESTED,
    Handling,
    NotificationPolicy,
    NotificationRequest,
    NotificationRequestView,
    PolicySummary,
)
from fedorg.domain.statuses import PageQuery
from fedorg.ids import AccountId, NotificationRequestId, StatusId
from fedorg.node import Node
from fedorg.store import accounts, events, jobs, views
from fedorg.store.notifications import making, requests, rules

CHUNK: Final = 100


async def get_policy(node: Node, account_id: AccountId) -> PolicySummary:
    """What an account wants, and how much waits for a yes."""
    return await node.read(_summary, account_id)


async def change_policy(node: Node, account_id: AccountId, changes: dict[str, Handling]) -> PolicySummary:
    """Want something else from now on, by the names of the policy's members; what was made stays as it was made."""

    def unit(conn: Connection) -> PolicySummary:
        fields: dict[str, Any] = {**changes}
        accounts.hold(conn, account_id)
        rules.put_policy(conn, node.now(), account_id, replace(rules.find_policy(conn, account_id), **fields))
        return _summary(conn, account_id)

    return await node.write(unit)


async def list_requests(node: Node, account_id: AccountId, page: PageQuery) -> list[NotificationRequestView]:
    """Who waits for a yes, the latest first."""

    def unit(conn: Connection) -> list[NotificationRequestView]:
        return _views(conn, node.now(), account_id, requests.list_of_account(conn, account_id, page))

    return await node.read(unit)


async def get_request(node: Node, account_id: AccountId, request_id: NotificationRequestId) -> NotificationRequestView:
    """One of them; ``NotFound`` for anybody else's."""

    def unit(conn: Connection) -> NotificationRequestView:
        return _views(conn, node.now(), account_id, [requests.get(conn, account_id, request_id)])[0]

    return await node.read(unit)


async def accept(node: Node, account_id: AccountId, request_id: NotificationRequestId) -> None:
    """Hear of somebody from now on, and of what they did before; ``NotFound`` for anybody else's request."""

    def unit(conn: Connection) -> None:
        _accept(conn, node, requests.get(conn, account_id, request_id))

    await node.write(unit)


async def accept_many(node: Node, account_id: AccountId, ids: Collection[NotificationRequestId]) -> None:
    """Likewise several; those that are not the account's are passed over."""

    def unit(conn: Connection) -> None:
        for request in requests.list_by_ids(conn, account_id, ids):
            _accept(conn, node, request)

    await node.write(unit)


async def dismiss(node: Node, account_id: AccountId, request_id: NotificationRequestId) -> None:
    """Never see what waits; ``NotFound`` for anybody else's request."""

    def unit(conn: Connection) -> None:
        requests.dismiss(conn, requests.get(conn, account_id, request_id))

    await node.write(unit)


async def dismiss_many(node: Node, account_id: AccountId, ids: Collection[NotificationRequestId]) -> None:
    """Likewise several; those that are not the account's are passed over."""

    def unit(conn: Connection) -> None:
        for request in requests.list_by_ids(conn, account_id, ids):
            requests.dismiss(conn, request)

    await node.write(unit)


async def is_merged(node: Node, account_id: AccountId) -> bool:
    """Whether everything that was accepted stands among the notifications."""
    return not await node.read(requests.is_merging, account_id)


async def merge(node: Node, job: MergeNotifications) -> MergeNotifications | None:
    """Bring in a part of what waited; the job while something is left. Doing it again goes on."""

    def unit(conn: Connection) -> bool:
        found = requests.unfilter(conn, job.account_id, job.from_account_id, CHUNK)
        said = [status_id for status_id, type_ in found if status_id is not None and type_ in REQUESTED]
        changed = making.take_up(conn, node.ids, job.account_id, said)
        is_last = len(found) < CHUNK
        is_over = is_last and requests.end_merging(conn, job.account_id, job.from_account_id)
        events.insert_many(conn, node.now(), EventKind.CONVERSATION, changed)
        if is_over:
            events.insert(conn, node.now(), EventKind.NOTIFICATIONS_MERGED, job.account_id, 0)
        return is_last

    return None if await node.write(unit) else job


def _accept(conn: Connection, node: Node, request: NotificationRequest) -> None:
    requests.permit(conn, node.now(), request)
    job = MergeNotifications(account_id=request.account_id, from_account_id=request.from_account_id)
    jobs.enqueue(conn, node.ids, node.now(), job)


def _summary(conn: Connection, account_id: AccountId) -> PolicySummary:
    policy: NotificationPolicy = rules.find_policy(conn, account_id)
    asking, waiting = requests.totals(conn, account_id)
    return PolicySummary(policy=policy, requests_count=asking, notifications_count=waiting)


def _views(
    conn: Connection, now: datetime, account_id: AccountId, found: Sequence[NotificationRequest]
) -> list[NotificationRequestView]:
    """A last status that the account may not see (any more) is left out of its request."""
    senders = {one.from_account_id for one in found}
    people = accounts.list_by_ids(conn, senders)
    counted = requests.counts(conn, account_id, senders)
    ids = [StatusId(one.last_status_id) for one in found if one.last_status_id is not None]
    shown = {view.status.id: view for view in views.load_views(conn, now, account_id, ids)}
    return [
        NotificationRequestView(
            request=one,
            account=people[one.from_account_id],
            last_status=None if one.last_status_id is None else shown.get(StatusId(one.last_status_id)),
            count=counted.get(one.from_account_id, 0),
        )
        for one in found
    ]
