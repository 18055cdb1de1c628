"""Accounts under moderation: found, let in, turned away, warned, limited, suspended, deleted.

The doors ask whether somebody may do a thing at all (``domain.moderation.ACCESS``); here it is asked whether they may
do it to this account, in the transaction that does it.
"""

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account, User, UserRole
from fedorg.domain.email_blocks import EmailBlock, canonical_hash
from fedorg.domain.jobs import AnnounceStanding, SeverAccount
from fedorg.domain.moderation import (
    AccountAction,
    AccountQuery,
    AccountWarning,
    AdminAccountView,
    WarningAction,
    may_act_on,
    user_id_of,
)
from fedorg.domain.notifications import NotificationType
from fedorg.domain.statuses import PageQuery
from fedorg.errors import Forbidden, Invalid, NotFound
from fedorg.ids import AccountId, WarningId
from fedorg.node import Node
from fedorg.services import departures, oauth, users
from fedorg.store import accounts, admin_accounts, audit, email_blocks, jobs, notifications, peers, reports, warnings
from fedorg.store import users as user_rows

TEXT_MAX: Final = 2000
_OPEN_REPORTS_MAX: Final = 1000


async def search(node: Node, query: AccountQuery, page: PageQuery) -> list[AdminAccountView]:
    """A page of the accounts that are asked for, newest first."""
    return await node.read(admin_accounts.search, node.uris.node_actor, query, page)


async def get(node: Node, account_id: AccountId) -> AdminAccountView:
    """One account with its user."""

    def unit(conn: Connection) -> AdminAccountView:
        return _view(conn, _existing(node, accounts.get(conn, account_id)))

    return await node.read(unit)


async def find(node: Node, name: str) -> AdminAccountView:
    """One account by its name or handle, of this node or known to it, with its user; a sentence when there is none."""
    username, _, domain = name.strip().removeprefix("@").partition("@")

    def unit(conn: Connection) -> AdminAccountView:
        is_here = domain.lower() in ("", node.settings.domain)
        account = accounts.find_by_acct(conn, username, None if is_here else domain)
        if account is None or account.deleted_at is not None or account.uri == node.uris.node_actor:
            hint = "" if domain else "; people of other servers are named @name@server"
            raise NotFound(f"There is no account {name} here{hint}")
        return _view(conn, account)

    return await node.read(unit)


async def approve(node: Node, by: User | None, account_id: AccountId) -> AdminAccountView:
    """Let in somebody who waits; ``Forbidden`` when they do not."""

    def unit(conn: Connection) -> AdminAccountView:
        account = _target(conn, node, by, account_id)
        users.let_in(conn, node, _waiting(conn, account).id, user_id_of(by))
        return _view(conn, accounts.get(conn, account.id))

    return await node.write(unit)


async def reject(node: Node, by: User | None, account_id: AccountId) -> AdminAccountView:
    """Remove somebody who waits, with their account; the account as it was."""

    def unit(conn: Connection) -> AdminAccountView:
        account = _target(conn, node, by, account_id)
        view = _view(conn, account)
        users.turn_away(conn, node, _waiting(conn, account).id, user_id_of(by))
        return view

    return await node.write(unit)


async def delete(node: Node, by: User | None, account_id: AccountId) -> AdminAccountView:
    """Remove all data of a suspended account, for good; ``Forbidden`` for one that is not suspended.

    One of another server stays suspended: it would come back else, when it is met again.
    """

    def unit(conn: Connection) -> AdminAccountView:
        view = _view(conn, _target(conn, node, by, account_id))
        if not view.is_suspended:
            raise Forbidden("Only a suspended account can be deleted")
        if view.account.is_local:
            departures.leave(conn, node, view.account, user_id_of(by))
        else:
            departures.empty(conn, node, view.account)
            _audit(conn, node, "account.deleted", view.account, by)
        return view

    return await node.write(unit)


async def act(node: Node, by: User | None, account_id: AccountId, action: AccountAction) -> AccountWarning:
    """Do something to an account and keep it as a strike; a local one is told, but not by whom (S63).

    The report that is answered by it is closed; by anything but a mere warning, all that wait about the account.
    """
    if len(action.text) > TEXT_MAX:
        raise Invalid(f"Validation failed: Text is too long (maximum is {TEXT_MAX} characters)")

    def unit(conn: Connection) -> AccountWarning:
        target = _target(conn, node, by, account_id)
        if action.report_id is not None and reports.get(conn, action.report_id).target_account_id != target.id:
            raise NotFound
        _APPLY[action.action](conn, node, target, by)
        _close_reports(conn, node, target, by, action)
        return _strike(conn, node, target, by, action)

    return await node.write(unit)


async def enable(node: Node, by: User | None, account_id: AccountId) -> AdminAccountView:
    """Let a disabled user in again."""

    def change(conn: Connection, account: Account) -> None:
        users.readmit(conn, node, _own_user(conn, account).id, user_id_of(by))

    return await _change(node, by, account_id, change)


async def unsilence(node: Node, by: User | None, account_id: AccountId) -> AdminAccountView:
    """Show an account in public timelines again, unless its whole server is limited."""

    def change(conn: Connection, account: Account) -> None:
        silenced_at = peers.standing_of(conn, account.peer, account.domain).silenced_at
        if account.silenced_at not in (None, silenced_at):
            accounts.set_standing(conn, account.id, silenced_at=silenced_at)
            _audit(conn, node, "account.unsilenced", account, by)

    return await _change(node, by, account_id, change)


async def unsensitive(node: Node, by: User | None, account_id: AccountId) -> AdminAccountView:
    """Let an account's media be what it says they are."""

    def change(conn: Connection, account: Account) -> None:
        if account.sensitized_at is not None:
            accounts.set_standing(conn, account.id, sensitized_at=None)
            _audit(conn, node, "account.unsensitized", account, by)

    return await _change(node, by, account_id, change)


async def unsuspend(node: Node, by: User | None, account_id: AccountId) -> AdminAccountView:
    """Bring a suspended account back, unless its whole server is blocked, and tell the servers that know it."""

    def change(conn: Connection, account: Account) -> None:
        view = _view(conn, account)
        if not view.is_suspended:
            return
        is_waiting = view.user is not None and None in (view.user.approved_at, view.user.confirmed_at)
        # Whoever has not been let in yet stays outside.
        by_block = peers.standing_of(conn, account.peer, account.domain).suspended_at
        suspended_at = account.created_at if is_waiting else by_block
        if account.suspended_at == suspended_at:
            return
        accounts.set_standing(conn, account.id, suspended_at=suspended_at, suspended_remotely=False)
        email_blocks.release(conn, account.id)
        _announce(conn, node, account)
        _audit(conn, node, "account.unsuspended", account, by)

    return await _change(node, by, account_id, change)


def act_on_nobody(_conn: Connection, _node: Node, _account: Account, _by: User | None) -> None:
    """A warning does nothing but be read."""


def disable(conn: Connection, node: Node, account: Account, by: User | None) -> None:
    """Keep the user of an account out."""
    users.shut_out(conn, node, _own_user(conn, account).id, user_id_of(by))


def sensitize(conn: Connection, node: Node, account: Account, by: User | None) -> None:
    """Mark all media of an account as sensitive."""
    accounts.set_standing(conn, account.id, sensitized_at=account.sensitized_at or node.now())
    _audit(conn, node, "account.sensitized", account, by)


def silence(conn: Connection, node: Node, account: Account, by: User | None) -> None:
    """Keep an account out of what is shown to those who do not follow it."""
    # By its moment it is told apart from what a block of the server did, and outlives it.
    accounts.set_standing(conn, account.id, silenced_at=node.now())
    _audit(conn, node, "account.silenced", account, by)


def suspend(conn: Connection, node: Node, account: Account, by: User | None) -> None:
    """Hide an account everywhere, end what acts for it, and tell the servers that know it (S42, S50).

    As in Mastodon nobody registers with the address of its member until the suspension ends.
    """
    accounts.set_standing(conn, account.id, suspended_at=node.now(), suspended_remotely=False)
    oauth.revoke_account(conn, node, account.id)
    for user in user_rows.list_of_account(conn, account.id):
        users.sign_out(conn, node, user.id)
        if user.email:
            reserved = EmailBlock(id=node.ids.next(), value=canonical_hash(user.email), created_at=node.now())
            email_blocks.reserve(conn, reserved, account.id)
    if not account.is_local:
        # Its own server goes on bringing it what it follows, unless it follows nobody here.
        jobs.enqueue(conn, node.ids, node.now(), SeverAccount(account_id=account.id, cause=node.ids.next()))
    _announce(conn, node, account)
    _audit(conn, node, "account.suspended", account, by)


_APPLY: Final[dict[WarningAction, Callable[[Connection, Node, Account, User | None], None]]] = {
    WarningAction.NONE: act_on_nobody,
    WarningAction.DISABLE: disable,
    WarningAction.SENSITIVE: sensitize,
    WarningAction.SILENCE: silence,
    WarningAction.SUSPEND: suspend,
}


async def _change(
    node: Node, by: User | None, account_id: AccountId, change: Callable[[Connection, Account], None]
) -> AdminAccountView:
    def unit(conn: Connection) -> AdminAccountView:
        change(conn, _target(conn, node, by, account_id))
        return _view(conn, accounts.get(conn, account_id))

    return await node.write(unit)


def _existing(node: Node, account: Account) -> Account:
    if account.deleted_at is not None or account.uri == node.uris.node_actor:
        raise NotFound
    return account


def _target(conn: Connection, node: Node, by: User | None, account_id: AccountId) -> Account:
    """The account that ``by`` may act on: not one of the same role or above, so never their own either.

    Nobody else changes it, or the login that is its own, before this transaction ends.
    """
    account = _existing(node, accounts.get_for_update(conn, account_id))
    targets = [user.role for user in user_rows.list_of_account_for_update(conn, account.id)] or [UserRole.MEMBER]
    if by is None:
        return account
    # A role taken away meanwhile counts.
    role = user_rows.get(conn, by.id).role
    if account_id == by.account_id or not all(may_act_on(role, target) for target in targets):
        raise Forbidden("This action is not allowed")
    return account


def _own_user(conn: Connection, account: Account) -> User:
    found = user_rows.list_of_account(conn, account.id)
    if not found:
        raise Invalid("Validation failed: Nobody signs in here for this account")
    return found[0]


def _waiting(conn: Connection, account: Account) -> User:
    found = user_rows.list_of_account(conn, account.id)
    if not found or found[0].approved_at is not None:
        raise Forbidden("This action is not allowed")
    return found[0]


def _view(conn: Connection, account: Account) -> AdminAccountView:
    return admin_accounts.views(conn, [account])[0]


def _announce(conn: Connection, node: Node, account: Account) -> None:
    if account.is_local:
        jobs.enqueue(conn, node.ids, node.now(), AnnounceStanding(account_id=account.id))


def _close_reports(conn: Connection, node: Node, target: Account, by: User | None, action: AccountAction) -> None:
    waiting = [] if action.report_id is None else [action.report_id]
    if action.action is not WarningAction.NONE:
        waiting = reports.list_open_about(conn, target.id, _OPEN_REPORTS_MAX)
    for number in waiting:
        if reports.resolve(conn, number, node.now(), user_id_of(by)):
            audit.record(
                conn,
                node.ids,
                node.now(),
                action="report.resolved",
                target=target.acct,
                user_id=user_id_of(by),
                details={"report": str(number)},
            )


def _strike(conn: Connection, node: Node, target: Account, by: User | None, action: AccountAction) -> AccountWarning:
    warning = AccountWarning(
        id=WarningId(node.ids.next()),
        target_account_id=target.id,
        action=action.action,
        text=action.text.strip(),
        report_id=action.report_id,
        user_id=user_id_of(by),
        created_at=node.now(),
    )
    warnings.insert(conn, warning)
    _audit(conn, node, "account.warned", target, by, {"action": action.action.value, "warning": str(warning.id)})
    if action.tells and target.is_local:
        notifications.notify_oneself(
            conn,
            node.ids,
            node.now(),
            target.id,
            type_=NotificationType.MODERATION_WARNING,
            origin=warning.id,
        )
    return warning


def _audit(
    conn: Connection, node: Node, action: str, account: Account, by: User | None, details: dict[str, str] | None = None
) -> None:
    audit.record(
        conn, node.ids, node.now(), action=action, target=account.acct, user_id=user_id_of(by), details=details
    )
