"""Accounts that move: aliases, the move of a member to another account, its end, and moves of accounts of peers.

An account moves only to one that names it as an alias: nobody is given followers, and nobody takes any, without the
word of both (FEP-7628). One that moved stays readable, and neither posts nor follows, nor is followed.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account, User
from fedorg.domain.jobs import AcceptRequests, AnnounceMove, CarryOver, DistributeProfile
from fedorg.errors import Forbidden, Invalid, NotFederated, NotFound
from fedorg.ids import UserId
from fedorg.node import Node
from fedorg.services.credentials import is_password
from fedorg.services.oauth import hold_unchanged
from fedorg.store import accounts, audit, jobs, moving, relationships

ALIASES_MAX: Final = 10
MOVE_AGAIN_AFTER: Final = timedelta(days=30)
"""As at Mastodon: who moves takes everybody along, and shall not do so every day."""
PEERS_MOVE_AGAIN_AFTER: Final = timedelta(days=7)


async def list_aliases(node: Node, account: Account) -> list[tuple[str, Account | None]]:
    """(identity, account as far as it is known here) of every alias of a member."""

    def unit(conn: Connection) -> list[tuple[str, Account | None]]:
        current = accounts.get(conn, account.id)
        return [(uri, accounts.find_by_uri(conn, uri)) for uri in current.also_known_as]

    return await node.read(unit)


async def add_alias(node: Node, account: Account, name: str) -> Account:
    """Say that another account (a handle or an address) is this one too, so that it may move here; that account."""
    try:
        alias = await node.resolver.account(node, _handle(node, name))
    except NotFound as problem:
        raise _unknown(node, name, problem) from problem
    if alias.id == account.id:
        raise Invalid("An account cannot be an alias of itself")

    def unit(conn: Connection) -> None:
        current = accounts.get_for_update(conn, account.id)
        if alias.uri in current.also_known_as:
            return
        if len(current.also_known_as) >= ALIASES_MAX:
            raise Invalid(f"There may be {ALIASES_MAX} aliases at most")
        _write(conn, node, replace(current, also_known_as=(*current.also_known_as, alias.uri)))
        _audit(conn, node, "account.alias_added", current, alias.uri, None)

    await node.write(unit)
    return alias


async def remove_alias(node: Node, account: Account, name: str) -> None:
    """Take an alias back, named by its identity or by its handle; ``NotFound`` when there is none of that name."""
    wanted = _handle(node, name).lower()

    def unit(conn: Connection) -> None:
        current = accounts.get_for_update(conn, account.id)
        named = {uri: accounts.find_by_uri(conn, uri) for uri in current.also_known_as}
        gone = {uri for uri, known in named.items() if wanted in _names(node, uri, known)}
        if not gone:
            raise NotFound(f"There is no alias {name}")
        _write(conn, node, replace(current, also_known_as=tuple(uri for uri in named if uri not in gone)))
        _audit(conn, node, "account.alias_removed", current, " ".join(sorted(gone)), None)

    await node.write(unit)


async def move_with_password(node: Node, user: User, account: Account, name: str, password: str) -> Account:
    """As ``move``, for somebody who proves once more who they are."""
    if user.password_hash is None:
        raise Invalid("Choose a password first: it is asked for before an account moves")
    if not await is_password(node, password, user.password_hash):
        raise Invalid("The password is not right")

    def prove(conn: Connection) -> None:
        # The other server may take its time; whoever was signed out meanwhile moves nobody.
        hold_unchanged(conn, user)

    return await move(node, account, name, by=user.id, prove=prove)


async def move(
    node: Node,
    account: Account,
    name: str,
    *,
    by: UserId | None = None,
    prove: Callable[[Connection], None] | None = None,
) -> Account:
    """Move a member to another account, which must name it as an alias by now; that account.

    Its followers are asked to follow the new one. ``Invalid`` and ``Forbidden`` say why it cannot be; ``prove`` raises
    them in the transaction that moves it.
    """
    try:
        target = await node.resolver.fresh_account(node, _handle(node, name))
    except NotFound as problem:
        raise _unknown(node, name, problem) from problem
    if target.id == account.id:
        raise Invalid("An account cannot move to itself")
    if target.moved_to_uri is not None:
        raise Invalid(f"@{target.acct} has moved itself")
    if account.uri not in target.also_known_as:
        raise Invalid(
            f"@{target.acct} does not name this account as an alias. "
            f"Add {account.uri} to its aliases there, then try again"
        )

    def unit(conn: Connection) -> None:
        now = node.now()
        if prove is not None:
            prove(conn)
        current = accounts.get_for_update(conn, account.id)
        if not current.is_local or current.suspended_at is not None:
            raise Forbidden("This account cannot move")
        if current.moved_to_uri is not None:
            raise Invalid("This account has moved already; cancel that first")
        again_at = None if current.moved_at is None else current.moved_at + MOVE_AGAIN_AFTER
        if again_at is not None and again_at > now:
            raise Invalid(f"This account moved a short while ago, and may move again on {again_at:%Y-%m-%d}")
        accounts.update(conn, replace(current, moved_to_uri=target.uri, moved_at=now, updated_at=now))
        jobs.enqueue(conn, node.ids, now, AnnounceMove(account_id=current.id, target_uri=target.uri))
        jobs.enqueue(conn, node.ids, now, CarryOver(account_id=current.id, target_id=target.id))
        _audit(conn, node, "account.moved", current, target.uri, by)

    await node.write(unit)
    return target


async def cancel_move(node: Node, account: Account, *, by: UserId | None = None) -> None:
    """Use an account that moved again; who followed it away stays with the new one. ``Invalid`` when it did not."""

    def unit(conn: Connection) -> None:
        current = accounts.get_for_update(conn, account.id)
        if current.moved_to_uri is None:
            raise Invalid("This account has not moved")
        _write(conn, node, replace(current, moved_to_uri=None))
        # Whoever opened it meanwhile let in nobody.
        jobs.enqueue(conn, node.ids, node.now(), AcceptRequests(account_id=current.id))
        _audit(conn, node, "account.move_cancelled", current, current.moved_to_uri, by)

    await node.write(unit)


async def is_awaited(node: Node, account: Account) -> bool:
    """Whether a move of a peer's account changes anything here: it did not move just before, and is no stranger."""

    def unit(conn: Connection) -> bool:
        now, current = node.now(), accounts.get(conn, account.id)
        if current.moved_at is not None:
            return not _moved_just_before(current, now)
        return relationships.has_local_follower(conn, current.id) or moving.is_held(conn, current.id, now)

    return await node.read(unit)


async def receive_move(node: Node, account: Account, target: Account) -> bool:
    """An account of a peer lives at ``target`` now, which has named it as an alias; False when it moved just before."""

    def unit(conn: Connection) -> bool:
        now = node.now()
        current = accounts.get_for_update(conn, account.id)
        if _moved_just_before(current, now):
            return False
        accounts.update(conn, replace(current, moved_to_uri=target.uri, moved_at=now))
        jobs.enqueue(conn, node.ids, now, CarryOver(account_id=current.id, target_id=target.id))
        return True

    return await node.write(unit)


def _moved_just_before(account: Account, now: datetime) -> bool:
    return account.moved_at is not None and account.moved_at + PEERS_MOVE_AGAIN_AFTER > now


def _write(conn: Connection, node: Node, changed: Account) -> None:
    accounts.update(conn, replace(changed, updated_at=node.now()))
    jobs.enqueue(conn, node.ids, node.now(), DistributeProfile(account_id=changed.id))


def _names(node: Node, uri: str, known: Account | None) -> set[str]:
    names = {uri.lower()}
    if known is not None:
        names.add(f"{known.username}@{known.domain or node.settings.domain}".lower())
    return names


def _handle(node: Node, name: str) -> str:
    """An address as it is, a handle without its first @; a name alone is one of this node."""
    bare = name.strip().removeprefix("@")
    return bare if "@" in bare or "://" in bare else f"{bare}@{node.settings.domain}"


def _unknown(node: Node, name: str, problem: NotFound) -> NotFound:
    settings = node.settings
    # Where the node federates with all but those it blocks, the reason tells whom it blocks.
    tells = settings.federation_mode != "open" or settings.show_domain_blocks != "nobody"
    reason = f": {problem}" if isinstance(problem, NotFederated) and tells else ""
    return NotFound(f"There is no account {name} that this server can find{reason}")


def _audit(conn: Connection, node: Node, action: str, account: Account, other: str, by: UserId | None) -> None:
    audit.record(
        conn,
        node.ids,
        node.now(),
        action=action,
        target=account.acct,
        user_id=by,
        account_id=account.id,
        details={"account": other},
    )
