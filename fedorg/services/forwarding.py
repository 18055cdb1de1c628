"""Passing on what others write in threads of this node (ActivityPub §7.1.2), as it came, each thing once.

Those who follow whoever began a thread get the answers to it, which their authors' servers do not know to send them; in
a limited thread nobody else can do so (blueprint §4). It goes to the servers of followers that lie inside reach and
mode; the author's own, and those the author named, have it already. An edit or a deletion goes where the status went.
One word of another server costs a delivery to each of these: so many an hour are passed on, and every deletion (S28).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from msgspec import structs
from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.jobs import PassOnAnswer
from fedorg.domain.statuses import Status
from fedorg.domain.visibility import Audience, FederationMode, Reach, Tier, Visibility
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.services import attempts
from fedorg.services.threads import find_host
from fedorg.store import accounts, deliveries, domain_blocks, jobs, recipients, statuses
from fedorg.store.deliveries import OutgoingActivity
from fedorg.store.peers import standings
from fedorg.store.recipients import Recipient

TRIED_AFTER: Final = tuple(timedelta(minutes=minutes) for minutes in (0.25, 2, 10, 60, 300, 1080))
"""How long a reply waits for what it answers before each try."""
PASSED_ON_MAX: Final[Mapping[Tier, int]] = {Tier.SIBLING: 3000, Tier.PARTNER: 3000, Tier.OPEN: 300, Tier.BLOCKED: 0}
"""Replies and edits of one server that are passed on within an hour; somebody answers for those of an agreement."""
_EVERYBODY: Final = Audience(reach=Reach.PUBLIC, visibility=Visibility.PUBLIC)


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


async def pass_on_later(node: Node, letter: Letter) -> None:
    """Pass on a reply that is recorded here when the thread between it and its beginning is; for a day it is tried."""
    job = PassOnAnswer(
        uri=letter.uri,
        kind=letter.type,
        actor=letter.actor,
        status_uri=letter.status_uri,
        addressees=tuple(sorted(letter.addressees)),
        body=letter.body,
    )

    def unit(conn: Connection) -> None:
        jobs.enqueue(conn, node.ids, node.now(), job, due_at=node.now() + TRIED_AFTER[0])

    await node.write(unit)


async def pass_on_if_complete(node: Node, job: PassOnAnswer) -> bool:
    """Do so, or put it off once more; whether it was passed on now."""
    letter = Letter(
        uri=job.uri,
        type=job.kind,
        actor=job.actor,
        status_uri=job.status_uri,
        addressees=frozenset(job.addressees),
        body=job.body,
    )

    def unit(conn: Connection) -> bool:
        if not _is_incomplete(conn, letter):
            return _pass_on_new(conn, node, letter)
        tries = job.tries + 1
        if tries < len(TRIED_AFTER):
            again = structs.replace(job, tries=tries)
            jobs.enqueue(conn, node.ids, node.now(), again, due_at=node.now() + TRIED_AFTER[tries])
        return False

    return await node.write(unit)


async def pass_on_edit(node: Node, letter: Letter) -> bool:
    """Pass on the edit of what was passed on, to those who have it and still may."""
    return await node.write(_pass_on_edit, node, letter)


async def pass_on_deletion(node: Node, letter: Letter) -> bool:
    """Pass on the deletion of what was passed on, to all who have it; before it is deleted here."""
    return await node.write(_pass_on_deletion, node, letter)


async def is_of_interest(node: Node, letter: Letter) -> bool:
    """Whether a new status is in a thread whose audience it is for this node to serve."""
    return await node.read(_is_of_interest, letter)


async def is_waiting(node: Node, letter: Letter) -> bool:
    """Whether it is not known yet whose thread a new status is in."""
    return await node.read(_is_incomplete, letter)


async def was_passed_on(node: Node, status_uri: str) -> bool:
    """Whether a remote status went from here to others."""
    return await node.read(_was_passed_on, status_uri)


async def is_passed_on_by(node: Node, account_id: AccountId) -> bool:
    """Whether what others said goes out in the name of an account: in that of the node itself."""
    actor = await node.read(accounts.find_by_uri, node.uris.node_actor)
    return actor is not None and actor.id == account_id


async def is_still_heard(node: Node, actor: str) -> bool:
    """Whether somebody elsewhere, whose words were queued to be passed on, is here and not suspended."""
    author = await node.read(accounts.find_by_uri, actor)
    return author is not None and author.suspended_at is None


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
    inboxes = _inside(node, followers, status.audience)
    if not inboxes or not _has_room(conn, node, author):
        return False
    recipients.remember(conn, status.id, inboxes)
    return _record(conn, node, letter, inboxes, status.audience.reach)


def _pass_on_edit(conn: Connection, node: Node, letter: Letter) -> bool:
    status = _find(conn, letter)
    if status is None:
        return False
    author = accounts.get(conn, status.account_id)
    inboxes = _inside(node, _list_others(conn, status, author), status.audience)
    if not inboxes or not _has_room(conn, node, author):
        return False
    return _record(conn, node, letter, inboxes, status.audience.reach)


def _pass_on_deletion(conn: Connection, node: Node, letter: Letter) -> bool:
    status = _find(conn, letter)
    if status is None:
        return False
    author = accounts.get(conn, status.account_id)
    inboxes = _inside(node, _list_others(conn, status, author), _EVERYBODY)
    return _record(conn, node, letter, inboxes, Reach.PUBLIC)


def _has_room(conn: Connection, node: Node, author: Account) -> bool:
    """Whether one more of what the author's server says may be passed on: it may be shut out since it said it."""
    peer = author.peer or ""
    standing = standings(conn, [peer])[peer]
    if not standing.is_admitted(FederationMode(node.settings.federation_mode)):
        return False
    most = PASSED_ON_MAX[standing.tier]
    return attempts.is_within(conn, node, "passed_on", peer, most=most, window=timedelta(hours=1))


def _is_of_interest(conn: Connection, letter: Letter) -> bool:
    status = _find(conn, letter)
    return status is not None and find_host(conn, status) is not None


def _is_incomplete(conn: Connection, letter: Letter) -> bool:
    status = _find(conn, letter)
    top = None if status is None else statuses.find(conn, status.thread_id) or status
    return top is not None and top.in_reply_to_uri is not None and top.in_reply_to_id is None


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


def _list_others(conn: Connection, status: Status, author: Account) -> list[Recipient]:
    """Who has a status from here, but for its author's own server, which heard of a boost of it."""
    return [one for one in recipients.list_holders(conn, status.id) if one.domain != author.peer]


def _inside(node: Node, candidates: Iterable[Recipient], audience: Audience) -> dict[str, str]:
    """Inbox to domain of those whose peer lies inside the reach."""
    mode = FederationMode(node.settings.federation_mode)
    return {
        one.inbox: one.domain
        for one in candidates
        if one.standing.is_admitted(mode) and one.standing.is_inside(audience, one.domain)
    }


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
