"""Deleting: a status is gone at once for everybody; what every server must be told is queued with it.

What refers to it goes in the same transaction, unless that is much, as where tens of thousands boosted it: then a job
tells the servers and takes it away a little at a time, so that nobody waits long for the writer. Nothing leads to it
meanwhile. Doing it twice is doing it once.

As at Mastodon, files of a deleted status may be attached again for a day (a redraft), then upkeep deletes them; or
they are deleted with it (S62).
"""

from collections.abc import Callable, Collection, Sequence
from typing import Final

from msgspec.structs import replace
from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.events import EventKind
from fedorg.domain.jobs import DistributeDelete, RemoveStatus
from fedorg.domain.statuses import MediaAttachment, Status, StatusView
from fedorg.domain.visibility import Reach, Visibility
from fedorg.ids import AccountId, StatusId
from fedorg.node import Node
from fedorg.services import files
from fedorg.store import (
    accounts,
    conversations,
    events,
    home_timelines,
    jobs,
    media,
    quotes,
    recipients,
    remains,
    statuses,
    views,
)

BOOSTS_TOGETHER: Final = 50
"""Each of them costs more than a row."""
OWN_BOOSTS_TOGETHER: Final = 5
"""Boosts that are taken back: each may have as many rows of its own as one transaction takes, and is told."""
STEPS_PER_RUN: Final = 20


async def delete_status(node: Node, author: Account, status_id: StatusId) -> StatusView:
    """Delete a status of ``author`` and return it as it stood; its files wait 24 h to be attached again."""

    def keep_media(conn: Connection, view: StatusView) -> None:
        media.detach_all(conn, view.status.id, node.now())

    return await node.write(_delete_own, node, author, status_id, keep_media)


async def delete_status_and_media(node: Node, author: Account, status_id: StatusId) -> StatusView:
    """Delete a status of ``author`` and its files at once."""

    def drop_media(conn: Connection, view: StatusView) -> None:
        media.delete_of_status(conn, view.status.id)
        files.let_go(conn, node, _names(view.media))

    view = await node.write(_delete_own, node, author, status_id, drop_media)
    await delete_files(node, view.media)
    return view


async def delete_files(node: Node, attachments: tuple[MediaAttachment, ...]) -> None:
    """Delete what is stored for attachments whose rows are gone; call it after the commit."""
    await files.drop(node, _names(attachments))


def remove(conn: Connection, node: Node, status: Status) -> bool:
    """Delete a status, local or remote, with its boosts, and tell open streams; False when it was gone already."""
    return _remove(conn, node, status, replace(_removal(status), is_told=True))


def withdraw(conn: Connection, node: Node, status: Status, reblog_of_uri: str | None = None) -> bool:
    """The same of what is this node's, a status or a boost of ``reblog_of_uri``; who was ever sent it is told."""
    is_told = status.audience.reach is Reach.NODE
    return _remove(conn, node, status, replace(_removal(status), is_told=is_told, reblog_of_uri=reblog_of_uri))


def lighten(conn: Connection, node: Node, status: Status) -> bool:
    """Take away a part of what refers to a status that nobody sees any more; whether the rest may go with it."""
    if not statuses.take(conn, status) or _find_few(conn, status.id) is not None:
        return True
    _take_some(conn, node, _removal(status))
    return False


async def find_told(node: Node, job: RemoveStatus) -> DistributeDelete:
    """Who is to be told of the end of a status; known until what refers to it is taken away."""
    return _telling(job, await node.read(_list_told, job.status_id))


async def remove_some(node: Node, job: RemoveStatus) -> bool:
    """Take away a part of what refers to a status that is gone; whether anything is left. Doing it again goes on."""
    for _ in range(STEPS_PER_RUN):
        if not await node.write(_remove_step, node, job):
            return False
    return True


def _removal(status: Status) -> RemoveStatus:
    is_open = status.audience.visibility in (Visibility.PUBLIC, Visibility.UNLISTED)
    return RemoveStatus(account_id=status.account_id, status_id=status.id, uri=status.uri, is_open=is_open)


def _remove(conn: Connection, node: Node, status: Status, job: RemoveStatus) -> bool:
    if not statuses.take(conn, status):
        return False
    boosts = _find_few(conn, status.id)
    if boosts is None:
        _hide(conn, node, status, job)
        return True
    if not job.is_told:
        _tell(conn, node, job)
    for boost in _list_taken_back(conn, job, boosts):
        _tell(conn, node, replace(_removal(boost), reblog_of_uri=status.uri))
    hearers = _hearers(conn, status, job, home_timelines.holders(conn, status.id))
    quotes.part_with(conn, status.id, remains.TOGETHER)
    changed = conversations.forget_status(conn, status.id)
    statuses.delete(conn, status, node.now())
    events.insert_many(conn, node.now(), EventKind.CONVERSATION, changed)
    gone = [status.id, *(reblog_id for reblog_id, _ in boosts)]
    events.insert_many(
        conn, node.now(), EventKind.DELETE, [(hearer, status_id) for hearer in hearers for status_id in gone]
    )
    return True


def _hide(conn: Connection, node: Node, status: Status, job: RemoveStatus) -> None:
    """It is gone; whoever has it on a home timeline, and alone could see it, hears so as it is taken off there."""
    hearers = _hearers(conn, status, job, ())
    quotes.part_with(conn, status.id, remains.TOGETHER)
    changed = conversations.forget_status(conn, status.id)
    statuses.leave(conn, status, node.now())
    jobs.enqueue(conn, node.ids, node.now(), replace(job, peer=accounts.get(conn, status.account_id).peer))
    events.insert_many(conn, node.now(), EventKind.CONVERSATION, changed)
    events.insert_many(conn, node.now(), EventKind.DELETE, [(hearer, status.id) for hearer in hearers])


def _remove_step(conn: Connection, node: Node, job: RemoveStatus) -> bool:
    if not statuses.take_gone(conn, job.status_id):
        return False
    if _take_some(conn, node, job):
        return True
    statuses.delete_row(conn, job.status_id)
    return False


def _take_some(conn: Connection, node: Node, job: RemoveStatus) -> bool:
    """Take away some boosts of a status, else some of what refers to it; whether more may be left."""
    if quotes.disappoint(conn, job.status_id, remains.TOGETHER) == remains.TOGETHER:
        return True
    boosts = statuses.list_reblogs(conn, job.status_id, BOOSTS_TOGETHER)
    own = _list_taken_back(conn, job, boosts)[:OWN_BOOSTS_TOGETHER]
    for boost in own:
        withdraw(conn, node, boost, job.uri)
    if own:
        return True
    ids = [boost_id for boost_id, _ in boosts] or [job.status_id]
    told: list[tuple[AccountId | None, int]] = []
    if not job.is_open:
        told += home_timelines.take(conn, ids, remains.TOGETHER)
    taken = len(told) + remains.take(conn, ids, remains.TOGETHER - len(told))
    if boosts and taken < remains.TOGETHER:
        statuses.delete_reblogs(conn, boosts)
        told += [(None, boost_id) for boost_id in ids if job.is_open]
    events.insert_many(conn, node.now(), EventKind.DELETE, told)
    return bool(boosts) or taken == remains.TOGETHER


def _find_few(conn: Connection, status_id: StatusId) -> list[tuple[StatusId, AccountId]] | None:
    """The boosts of a status with which all that refers to it goes in one transaction; None when that is too much."""
    boosts = statuses.list_reblogs(conn, status_id, BOOSTS_TOGETHER + 1)
    ids = [status_id, *(boost_id for boost_id, _ in boosts)]
    is_much = len(boosts) > BOOSTS_TOGETHER or remains.count(conn, ids, remains.TOGETHER + 1) > remains.TOGETHER
    return None if is_much else boosts


def _list_taken_back(conn: Connection, job: RemoveStatus, boosts: Sequence[tuple[StatusId, AccountId]]) -> list[Status]:
    """Local boosts of what lives elsewhere, whose end is told; the Delete of a status of ours ends them by itself."""
    if not boosts or accounts.get(conn, job.account_id).is_local:
        return []
    people = accounts.list_by_ids(conn, {account_id for _, account_id in boosts})
    own = [boost_id for boost_id, account_id in boosts if people[account_id].is_local]
    return list(statuses.list_by_ids(conn, own).values())


def _tell(conn: Connection, node: Node, job: RemoveStatus) -> None:
    """Queue the Delete of a status, or the Undo of a boost, before the row goes that says who has it."""
    telling = _telling(job, _list_told(conn, job.status_id))
    if telling.inboxes:
        jobs.enqueue(conn, node.ids, node.now(), telling)


def _telling(job: RemoveStatus, inboxes: Collection[str]) -> DistributeDelete:
    return DistributeDelete(
        account_id=job.account_id,
        status_id=job.status_id,
        uri=job.uri,
        inboxes=tuple(sorted(inboxes)),
        reblog_of_uri=job.reblog_of_uri,
    )


def _list_told(conn: Connection, status_id: StatusId) -> set[str]:
    return {*recipients.list_sent(conn, status_id), *(one.inbox for one in recipients.list_engaged(conn, status_id))}


def _hearers(
    conn: Connection, status: Status, job: RemoveStatus, holders: Collection[AccountId]
) -> Sequence[AccountId | None]:
    """Whose streams hear of the end of a status: everybody's (None) only if everybody could see it (S59)."""
    if job.is_open:
        return [None]
    return sorted({*holders, *statuses.mentioned_ids(conn, status.id), status.account_id})


def _names(attachments: tuple[MediaAttachment, ...]) -> set[str]:
    return {name for one in attachments for name in one.stored_names}


def _delete_own(
    conn: Connection,
    node: Node,
    author: Account,
    status_id: StatusId,
    settle_media: Callable[[Connection, StatusView], None],
) -> StatusView:
    status = statuses.get_own_for_update(conn, author.id, status_id)
    view = views.get_view_for_redraft(conn, node.now(), author.id, status_id)
    settle_media(conn, view)
    withdraw(conn, node, status)
    return view
