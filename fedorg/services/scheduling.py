"""Statuses that are posted later: checked now, posted once, under the rules of the moment they are posted.

A draft is checked by posting it in a transaction that is rolled back. When its moment comes, the row that waits is
removed in the transaction that posts; what cannot be posted any more waits on, with the reason, for its author to put
it off or delete it.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from fedorg import log
from fedorg.domain.accounts import Account, User
from fedorg.domain.jobs import PostScheduledStatus
from fedorg.domain.statuses import PageQuery, ScheduledStatus, StatusDraft
from fedorg.errors import Conflict, FedorgError, Forbidden, Invalid, NotFound, Unavailable
from fedorg.ids import AccountId, ScheduledStatusId
from fedorg.node import Node
from fedorg.services.statuses.posting import check_draft, post_status
from fedorg.store import accounts, jobs, media, scheduled_statuses, users

AHEAD_MIN: Final = timedelta(minutes=5)
AHEAD_MAX: Final = timedelta(days=36_500)
TOTAL_MAX: Final = 300
DAILY_MAX: Final = 25
_TOO_SOON: Final = "Validation failed: Scheduled at must be at least five minutes in the future"
_TOO_FAR: Final = "Validation failed: Scheduled at must be less than a hundred years in the future"

logger = log.get_logger()


class _Gone(Exception):
    """It was posted, deleted or put off in the meantime."""


async def schedule(
    node: Node, author: Account, user: User, draft: StatusDraft, scheduled_at: datetime
) -> ScheduledStatus:
    """Keep a draft to be posted at a moment; the same idempotency key gives what was scheduled first.

    Raises what ``post_status`` raises for a draft that could not be posted, and ``Invalid`` for a moment that is too
    near or too far, or for too many that wait.
    """

    def unit(conn: Connection) -> ScheduledStatus:
        accounts.hold(conn, author.id)
        _check_moment(conn, node, author.id, scheduled_at)
        one = ScheduledStatus(
            id=ScheduledStatusId(node.ids.next()),
            account_id=author.id,
            user_id=user.id,
            draft=draft,
            scheduled_at=scheduled_at,
        )
        if not scheduled_statuses.insert(conn, node.now(), one):
            raise Conflict("A post was scheduled under this key before")
        if not media.keep(conn, author.id, one.id, draft.media_ids):
            raise Invalid("Validation failed: Media not found or already attached to another post")
        _queue(conn, node, one)
        return scheduled_statuses.get(conn, author.id, one.id)

    if (known := await _find_known(node, author.id, draft)) is not None:
        return known
    try:
        await check_draft(node, author, user, draft)
        return await node.write(unit)
    except FedorgError:
        # The same request may have been first in the meantime: then it has the key, the files and the last free place.
        if (known := await _find_known(node, author.id, draft)) is not None:
            return known
        raise


async def list_scheduled(node: Node, account_id: AccountId, page: PageQuery) -> list[ScheduledStatus]:
    """What waits, and what could not be posted, the latest made first."""
    return await node.read(scheduled_statuses.list_of_account, account_id, page)


async def get_scheduled(node: Node, account_id: AccountId, scheduled_id: ScheduledStatusId) -> ScheduledStatus:
    """One of the account's own."""
    return await node.read(scheduled_statuses.get, account_id, scheduled_id)


async def put_off(
    node: Node, account_id: AccountId, scheduled_id: ScheduledStatusId, scheduled_at: datetime | None
) -> ScheduledStatus:
    """Post it at another moment; None leaves it as it is."""

    def unit(conn: Connection) -> ScheduledStatus:
        one = scheduled_statuses.get(conn, account_id, scheduled_id)
        if scheduled_at is None:
            return one
        _check_moment(conn, node, account_id, scheduled_at)
        scheduled_statuses.put_off(conn, one.id, scheduled_at)
        changed = scheduled_statuses.get(conn, account_id, one.id)
        jobs.withdraw_alike(conn, _job(changed))
        _queue(conn, node, changed)
        return changed

    return await node.write(unit)


async def cancel(node: Node, account_id: AccountId, scheduled_id: ScheduledStatusId) -> None:
    """Post it never; its files wait a day to be attached to something else. ``NotFound`` when it was just posted."""

    def unit(conn: Connection) -> None:
        one = scheduled_statuses.get(conn, account_id, scheduled_id)
        if not scheduled_statuses.delete(conn, node.now(), one.id):
            raise NotFound
        jobs.withdraw_alike(conn, _job(one))

    await node.write(unit)


async def post_scheduled(node: Node, job: PostScheduledStatus) -> None:
    """Post what a job names, unless it was deleted, posted or put off meanwhile."""
    one = await node.read(scheduled_statuses.find, job.scheduled_id)
    if one is None or one.scheduled_at != job.scheduled_at:
        return

    def take(conn: Connection) -> None:
        # Those whom it names may be asked for meanwhile.
        _get_writers(conn, one)
        if not scheduled_statuses.take(conn, node.now(), one):
            raise _Gone

    try:
        author, user = await node.read(_get_writers, one)
        await post_status(node, author, user, one.draft, also=take)
    except _Gone:
        return
    except Unavailable:
        raise
    except FedorgError as problem:
        logger.info("scheduled.refused", reason=type(problem).__name__)
        await node.write(scheduled_statuses.record_error, one, str(problem))


def _get_writers(conn: Connection, one: ScheduledStatus) -> tuple[Account, User]:
    user = users.get(conn, one.user_id)
    is_out = not user.is_active or accounts.get(conn, user.account_id).suspended_at is not None
    if is_out or not users.may_act_for(conn, user.id, one.account_id):
        raise Forbidden("This account may not post")
    return accounts.get(conn, one.account_id), user


def _check_moment(conn: Connection, node: Node, account_id: AccountId, scheduled_at: datetime) -> None:
    if scheduled_at < node.now() + AHEAD_MIN:
        raise Invalid(_TOO_SOON)
    if scheduled_at > node.now() + AHEAD_MAX:
        raise Invalid(_TOO_FAR)
    midnight = scheduled_at.replace(hour=0, minute=0, second=0, microsecond=0)
    total, daily = scheduled_statuses.count(conn, account_id, midnight, midnight + timedelta(days=1))
    if total >= TOTAL_MAX:
        raise Invalid(f"Validation failed: You have exceeded the limit of {TOTAL_MAX} scheduled posts")
    if daily >= DAILY_MAX:
        raise Invalid(f"Validation failed: You have exceeded the limit of {DAILY_MAX} scheduled posts for that day")


async def _find_known(node: Node, author_id: AccountId, draft: StatusDraft) -> ScheduledStatus | None:
    if draft.idempotency_key is None:
        return None
    return await node.read(scheduled_statuses.find_by_key, author_id, draft.idempotency_key)


def _job(one: ScheduledStatus) -> PostScheduledStatus:
    return PostScheduledStatus(scheduled_id=one.id, scheduled_at=one.scheduled_at)


def _queue(conn: Connection, node: Node, one: ScheduledStatus) -> None:
    jobs.enqueue(conn, node.ids, node.now(), _job(one), due_at=one.scheduled_at)
