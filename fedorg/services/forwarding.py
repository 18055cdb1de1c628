"""Passing on what others write in threads of this node (ActivityPub §7.1.2), as it came, each thing once.

Those who follow whoever began a thread get the answers to it, which their authors' servers do not know to send them; in
a limited thread nobody else can do so (blueprint §4). It goes to the servers of followers that lie inside reach and
mode; the author's own, and those the author named, have it already. An edit or a deletion goes where the status went.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection

from fedorg.domain.statuses import Status
from fedorg.domain.visibility import FederationMode, Reach, Visibility, admits, is_inside
from fedorg.node import Node
from fedorg.services.threads import find_host
from fedorg.store import accounts, deliveries, domain_blocks, recipients, statuses
from fedorg.store.deliveries import OutgoingActivity
from fedorg.store.recipients import Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An activity of somebody elsewhere about a status of theirs, byte for byte, and whom it names."""

    uri: str
    type: str
    actor: str
    status_uri: str
    addressees: frozenset[str]
    body: str = field(repr=False)


async def pass_on_new(node: Node, letter: Letter) -> bool:
    """Pass on a reply that is recorded here; whether there was anybody to pass it on to, and it was not done before."""
    return await node.write(_pass_on_new, node, letter)


async def pass_on_edit(node: Node, letter: Letter) -> bool:
    """Pass on the edit of what was passed on, to those who have it and still may."""
    return await node.write(_pass_on_edit, node, letter)


async def pass_on_deletion(node: Node, letter: Letter) -> bool:
    """Pass on the deletion of what was passed on, to all who have it; before it is deleted here."""
    return await node.write(_pass_on_deletion, node, letter)


async def is_of_interest(node: Node, letter: Letter) -> bool:
    """Whether a new status is in a thread whose audience it is for this node to serve."""
    return await node.read(_is_of_interest, letter)


async def was_passed_on(node: Node, status_uri: str) -> bool:
    """Whether a remote status went from here to others."""
    return await node.read(_was_passed_on, status_uri)


def _pass_on_new(conn: Connection, node: Node, letter: Letter) -> bool:
    status = _find(conn, letter)
    host = None if status is None else find_host(conn, status)
    if status is None or host is None:
        return False
    author = accounts.get(conn, status.account_id)
    is_for_followers = host.followers_uri in letter.addressees
    is_open = status.audience.visibility in (Visibility.PUBLIC, Visibility.UNLISTED)
    is_unwanted = author.silenced_at is not None or domain_blocks.has_shut_out(conn, host.id, author.id)
    if is_unwanted or not (is_open or is_for_followers):
        return False
    have_it = {author.peer, *(one.domain for one in recipients.list_mentioned(conn, status.id))}
    followers = [one for one in recipients.list_followers(conn, host.id) if one.domain not in have_it]
    inboxes = _inside(node, followers, status.audience.reach)
    recipients.remember(conn, status.id, inboxes)
    return _record(conn, node, letter, inboxes, status.audience.reach)


def _pass_on_edit(conn: Connection, node: Node, letter: Letter) -> bool:
    status = _find(conn, letter)
    if status is None:
        return False
    inboxes = _inside(node, recipients.list_holders(conn, status.id), status.audience.reach)
    return _record(conn, node, letter, inboxes, status.audience.reach)


def _pass_on_deletion(conn: Connection, node: Node, letter: Letter) -> bool:
    status = _find(conn, letter)
    if status is None:
        return False
    inboxes = _inside(node, recipients.list_holders(conn, status.id), Reach.PUBLIC)
    return _record(conn, node, letter, inboxes, Reach.PUBLIC)


def _is_of_interest(conn: Connection, letter: Letter) -> bool:
    status = _find(conn, letter)
    return status is not None and find_host(conn, status) is not None


def _was_passed_on(conn: Connection, status_uri: str) -> bool:
    status = statuses.find_by_uri(conn, status_uri)
    return status is not None and bool(recipients.list_sent(conn, status.id))


def _find(conn: Connection, letter: Letter) -> Status | None:
    """The status a letter is about, if it is one of its actor's."""
    status = statuses.find_by_uri(conn, letter.status_uri)
    if status is None or status.reblog_of_id is not None:
        return None
    author = accounts.get(conn, status.account_id)
    return status if author.uri == letter.actor and not author.is_local and author.suspended_at is None else None


def _inside(node: Node, candidates: Iterable[Recipient], reach: Reach) -> dict[str, str]:
    """Inbox to domain of those whose peer lies inside the reach."""
    mode = FederationMode(node.settings.federation_mode)
    return {one.inbox: one.domain for one in candidates if admits(mode, one.tier) and is_inside(one.tier, reach)}


def _record(conn: Connection, node: Node, letter: Letter, inboxes: dict[str, str], reach: Reach) -> bool:
    """Queue it, signed by the node itself; an activity that was queued before is not queued again."""
    actor = accounts.find_by_uri(conn, node.uris.node_actor)
    if actor is None:
        return False
    outgoing = OutgoingActivity(
        uri=letter.uri,
        account_id=actor.id,
        type=letter.type,
        object_uri=letter.status_uri,
        reach=reach,
        body=letter.body,
    )
    return deliveries.record(conn, node.ids, node.now(), outgoing, inboxes)
