"""Deleting: the row and all that hangs on it go at once; what every server must be told is queued with it.

As at Mastodon, files of a deleted status may be attached again for a day (a redraft), then upkeep deletes them; or
they are deleted with it (S62).
"""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.events import EventKind
from fedorg.domain.jobs import DistributeDelete
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
    statuses,
    views,
)


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
    if not statuses.take(conn, status):
        return False
    boosts = statuses.list_reblogs(conn, status.id)
    gone = [status.id, *(reblog_id for reblog_id, _ in boosts)]
    _take_back(conn, node, status, boosts)
    hearers = _hearers(conn, status)
    quotes.part_with(conn, status.id)
    changed = conversations.forget_status(conn, status.id)
    statuses.delete(conn, status, node.now())
    events.insert_many(conn, node.now(), EventKind.CONVERSATION, changed)
    events.insert_many(
        conn, node.now(), EventKind.DELETE, [(hearer, status_id) for hearer in hearers for status_id in gone]
    )
    return True


def queue_delete(conn: Connection, node: Node, status: Status, *, reblog_of: Status | None = None) -> None:
    """Queue the Delete of a local status (the Undo of a boost) to all who were ever sent it; before it is removed."""
    if status.audience.reach is Reach.NODE:
        return
    inboxes = {*recipients.list_sent(conn, status.id)}
    inboxes |= {one.inbox for one in recipients.list_engaged(conn, status.id)}
    if inboxes:
        job = DistributeDelete(
            account_id=status.account_id,
            status_id=status.id,
            uri=status.uri,
            inboxes=tuple(sorted(inboxes)),
            reblog_of_uri=None if reblog_of is None else reblog_of.uri,
        )
        jobs.enqueue(conn, node.ids, node.now(), job)


def _take_back(conn: Connection, node: Node, original: Status, boosts: Sequence[tuple[StatusId, AccountId]]) -> None:
    """Queue the Undo of local boosts of what lives elsewhere; the Delete of a status of ours ends them by itself."""
    if not boosts or accounts.get(conn, original.account_id).is_local:
        return
    people = accounts.list_by_ids(conn, {account_id for _, account_id in boosts})
    for boost_id, account_id in boosts:
        if people[account_id].is_local:
            queue_delete(conn, node, statuses.get(conn, boost_id), reblog_of=original)


def _names(attachments: tuple[MediaAttachment, ...]) -> set[str]:
    return {name for one in attachments for name in one.stored_names}


def _hearers(conn: Connection, status: Status) -> Sequence[AccountId | None]:
    """Whose streams hear of the end of a status: everybody's (None) only if everybody could see it (S59)."""
    if status.audience.visibility in (Visibility.PUBLIC, Visibility.UNLISTED):
        return [None]
    shown = {*home_timelines.holders(conn, status.id), *statuses.mentioned_ids(conn, status.id), status.account_id}
    return sorted(shown)


def _delete_own(
    conn: Connection,
    node: Node,
    author: Account,
    status_id: StatusId,
    settle_media: Callable[[Connection, StatusView], None],
) -> StatusView:
    status = statuses.get_own_for_update(conn, author.id, status_id)
    view = views.get_view_for_redraft(conn, node.now(), author.id, status_id)
    queue_delete(conn, node, status)
    settle_media(conn, view)
    remove(conn, node, status)
    return view
