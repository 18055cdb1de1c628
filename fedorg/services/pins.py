"""Pins: what members keep at the top of their profiles, and what accounts of peers do.

A pin is told to the servers that the status goes to, and lists nothing to anybody who may not see it: the readers of
pins ask as readers of statuses do.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.jobs import DistributePin
from fedorg.domain.limits import PINS_MAX
from fedorg.domain.statuses import Status, is_pinnable
from fedorg.domain.visibility import Reach, Visibility
from fedorg.errors import Invalid
from fedorg.ids import AccountId, StatusId
from fedorg.node import Node
from fedorg.store import jobs, pins, statuses, views

# Other software allows more than Mastodon's five; what comes beyond this is not shown.
PINS_OF_PEERS_MAX: Final = 20


async def pin(node: Node, account: Account, status_id: StatusId) -> None:
    """Pin one of one's own statuses; once or twice is the same. Raises ``Invalid`` with all that forbids it."""

    def unit(conn: Connection) -> None:
        status = views.get_view(conn, node.now(), account.id, status_id).status
        pinned = pins.list_ids(conn, account.id)
        if status.id in pinned:
            return
        _check(account, status, len(pinned))
        pins.insert(conn, pin_id=node.ids.next(), account_id=account.id, status_id=status.id, now=node.now())
        _tell(conn, node, status, is_pinned=True)

    await node.write(unit)


async def unpin(node: Node, account: Account, status_id: StatusId) -> None:
    """Take a pin back; not to have it is no fault."""

    def unit(conn: Connection) -> None:
        status = views.get_view(conn, node.now(), account.id, status_id).status
        if pins.delete(conn, account.id, status.id):
            _tell(conn, node, status, is_pinned=False)

    await node.write(unit)


# From peers


async def receive_pin(node: Node, account: Account, status: Status) -> bool:
    """An account of a peer pins one of its own statuses; False for anything else, and for one too many."""

    def unit(conn: Connection) -> bool:
        current = statuses.find(conn, status.id)
        if current is None or current.account_id != account.id or not is_pinnable(current):
            return False
        pinned = pins.list_ids(conn, account.id)
        if current.id not in pinned and len(pinned) >= PINS_OF_PEERS_MAX:
            return False
        pins.insert(conn, pin_id=node.ids.next(), account_id=account.id, status_id=current.id, now=node.now())
        return True

    return await node.write(unit)


async def receive_unpin(node: Node, account: Account, status_uri: str) -> bool:
    """Take it back; whether there was one."""

    def unit(conn: Connection) -> bool:
        status = statuses.find_by_uri(conn, status_uri)
        return status is not None and pins.delete(conn, account.id, status.id)

    return await node.write(unit)


async def record_pins(node: Node, account: Account, listed: Sequence[Status]) -> None:
    """What the server of an account lists as pinned, in its order, is what is pinned."""
    own = [status.id for status in listed if status.account_id == account.id and is_pinnable(status)]
    wanted = list(dict.fromkeys(own))[:PINS_OF_PEERS_MAX]
    await node.write(_record, node, account.id, wanted)


def _record(conn: Connection, node: Node, account_id: AccountId, wanted: Sequence[StatusId]) -> None:
    present = [one for one in wanted if statuses.find(conn, one) is not None]
    pins.replace(conn, node.ids, node.now(), account_id, present)


def _check(account: Account, status: Status, pinned: int) -> None:
    problems = [
        words
        for is_wrong, words in (
            (status.reblog_of_id is not None, "A boost cannot be pinned"),
            (status.account_id != account.id, "Someone else's post cannot be pinned"),
            (
                status.audience.visibility is Visibility.DIRECT,
                "Posts that are only visible to mentioned users cannot be pinned",
            ),
            (pinned >= PINS_MAX, "You have already pinned the maximum number of posts"),
        )
        if is_wrong
    ]
    if problems:
        raise Invalid(f"Validation failed: {', '.join(problems)}")


def _tell(conn: Connection, node: Node, status: Status, *, is_pinned: bool) -> None:
    if status.audience.reach is not Reach.NODE:
        job = DistributePin(account_id=status.account_id, status_id=status.id, is_pinned=is_pinned)
        jobs.enqueue(conn, node.ids, node.now(), job)
