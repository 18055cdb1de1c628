"""Logins: signing in, sessions, one-time links, and what administrators do to users.

Every change of what somebody can prove (password, disabled, rejected) ends all of their sessions, tokens and links in
the same transaction (S44), and each writes a line in the audit log.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account, User, UserRole
from fedorg.domain.jobs import SendMail
from fedorg.domain.mail import MailKind
from fedorg.domain.notifications import OF_STAFF
from fedorg.errors import Forbidden, Invalid, NotFound, Unauthorized
from fedorg.ids import AccountId, UserId
from fedorg.node import Node
from fedorg.services import oauth
from fedorg.services.credentials import hash_password, is_password, new_secret, secret_hash
from fedorg.store import accounts, active_days, audit, jobs, mail_links, notifications, removal, sessions, users

PASSWORD_MIN: Final = 8
PASSWORD_MAX: Final = 256
SESSION_DAYS: Final = 30
LINK_HOURS: Final = 24
_LIST_MAX: Final = 10_000
_UNCONFIRMED: Final = (
    "Your e-mail address {email} is not confirmed yet: open the link in the letter to it. "
    "If that is lost, ask for a new password: the letter with it confirms the address as well."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Somebody with a browser; ``csrf_token`` is what their forms carry."""

    user: User
    account: Account
    csrf_token: str = field(repr=False)


def password_problem(password: str, username: str) -> tuple[str, str] | None:
    """Mastodon's error code and words for a password that is refused."""
    if not password:
        return "ERR_BLANK", "can't be blank"
    if len(password) < PASSWORD_MIN:
        return "ERR_TOO_SHORT", f"is too short (minimum is {PASSWORD_MIN} characters)"
    if len(password) > PASSWORD_MAX:
        return "ERR_TOO_LONG", f"is too long (maximum is {PASSWORD_MAX} characters)"
    if password.lower() == username.lower():
        return "ERR_INVALID", "must not be the username"
    return None


async def sign_in(node: Node, name: str, password: str) -> User:
    """The active user with a username or e-mail address and a password.

    ``Unauthorized`` says the same, after the same time, whether the name or the password is wrong; who proved to be
    somebody is told by ``Forbidden`` why they may not come in.
    """

    def unit(conn: Connection) -> tuple[User, Account] | None:
        user = users.find_by_sign_in(conn, name)
        return None if user is None else (user, accounts.get(conn, user.account_id))

    found = await node.read(unit)
    is_right = await is_password(node, password, found[0].password_hash if found else None)
    if found is None or not is_right:
        raise Unauthorized("The name or the password is not right")
    _require_admitted(*found)
    return found[0]


async def start_session(node: Node, user: User) -> str:
    """Sign a user in; the value of the cookie, which is kept as a hash only.

    ``Forbidden`` for one who was shut out, or whose password is another one, since ``user`` was read.
    """
    cookie = new_secret()
    now = node.now()

    def unit(conn: Connection) -> None:
        own = accounts.get_for_update(conn, user.account_id)
        current = users.get_for_update(conn, user.id)
        _require_admitted(current, own)
        if current.password_hash != user.password_hash:
            raise Forbidden(oauth.CHANGED_MEANWHILE)
        sessions.insert(
            conn,
            sessions.Session(
                id_hash=secret_hash(cookie),
                user_id=user.id,
                csrf_token=new_secret(),
                created_at=now,
                expires_at=now + timedelta(days=SESSION_DAYS),
            ),
        )
        users.touch_sign_in(conn, user.id, now)
        active_days.note(conn, user.id, now)

    await node.write(unit)
    return cookie


async def find_session(node: Node, cookie: str) -> SignedIn | None:
    """Who a cookie signs in; nobody when the session is over, or the user not active or suspended (S49)."""

    def unit(conn: Connection) -> SignedIn | None:
        session = sessions.find(conn, secret_hash(cookie), node.now())
        if session is None:
            return None
        user = users.get(conn, session.user_id)
        account = accounts.get(conn, user.account_id)
        if not user.is_active or account.suspended_at is not None:
            return None
        return SignedIn(user=user, account=account, csrf_token=session.csrf_token)

    return await node.read(unit)


async def end_session(node: Node, cookie: str) -> None:
    """Sign out."""
    await node.write(sessions.delete, secret_hash(cookie))


async def list_accounts(node: Node, user_id: UserId) -> list[Account]:
    """The accounts a user may act for."""
    return await node.read(users.list_accounts, user_id)


async def create_sign_in_link(node: Node, user: User) -> str:
    """The address of a page that signs a user in once, within a day; earlier links are void."""
    token = new_secret()
    now = node.now()

    def unit(conn: Connection) -> None:
        users.insert_sign_in_link(
            conn, secret_hash(token), user.id, now=now, expires_at=now + timedelta(hours=LINK_HOURS)
        )

    await node.write(unit)
    return f"{node.uris.base}/auth/sign_in/link/{token}"


async def find_link_user(node: Node, token: str) -> User | None:
    """Whom a link would sign in; it stays good."""

    def unit(conn: Connection) -> User | None:
        user_id = users.find_sign_in_link(conn, secret_hash(token), node.now())
        return None if user_id is None else users.get(conn, user_id)

    return await node.read(unit)


async def consume_sign_in_link(node: Node, token: str) -> User:
    """The user of a link, which is used up by this; ``NotFound`` when it is no longer good."""

    def unit(conn: Connection) -> User | None:
        user_id = users.take_sign_in_link(conn, secret_hash(token), node.now())
        if user_id is None:
            return None
        user = users.get(conn, user_id)
        _require_admitted(user, accounts.get(conn, user.account_id))
        return user

    user = await node.write(unit)
    if user is None:
        raise NotFound("This link was used already, or is too old. Ask for a new one.")
    return user


async def list_users(node: Node) -> list[User]:
    """Everybody who may sign in, in order of their names."""
    return await node.read(users.list_all, _LIST_MAX)


async def list_waiting(node: Node, limit: int) -> list[User]:
    """Those of them who wait for approval."""
    return await node.read(users.list_waiting, limit)


async def get_by_username(node: Node, username: str) -> User:
    """The user with a name."""
    user = await node.read(users.find_by_sign_in, username.removeprefix("@"))
    if user is None:
        raise NotFound(f"There is no user {username}")
    return user


async def get_account(node: Node, username: str) -> Account:
    """The account of this node with a name, whether or not somebody signs in for it."""
    account = await node.read(users.get_local_account, username)
    if account.uri == node.uris.node_actor:
        raise NotFound(f"There is no account {username}")
    return account


async def disable(node: Node, user: User, *, by: UserId | None = None) -> User:
    """Keep a user out, at once and everywhere."""
    return await node.write(shut_out, node, user.id, by)


async def enable(node: Node, user: User, *, by: UserId | None = None) -> User:
    """Let a disabled user in again."""
    return await node.write(readmit, node, user.id, by)


async def approve(node: Node, user: User, *, by: UserId | None = None) -> User:
    """Let in somebody who waits for approval."""
    return await node.write(let_in, node, user.id, by)


async def reject(node: Node, user: User, *, by: UserId | None = None) -> None:
    """Remove somebody who waits for approval, with their account; ``Forbidden`` for anybody else."""
    await node.write(turn_away, node, user.id, by)


async def change_role(node: Node, user: User, role: UserRole) -> User:
    """Give a user another role, which counts from the next request on; ``Forbidden`` where no owner would be left."""

    def unit(conn: Connection) -> User:
        users.hold_owners(conn)
        current = users.get_for_update(conn, user.id)
        if role is not UserRole.OWNER:
            require_another_owner(conn, current)
        changed = replace(current, role=role)
        users.update(conn, changed)
        untold = [type_ for type_, roles in OF_STAFF.items() if role not in roles]
        notifications.delete_types(conn, user.account_id, untold)
        details = {"role": role.value, "before": current.role.value}
        audit.record(conn, node.ids, node.now(), action="user.role_changed", target=changed.username, details=details)
        return changed

    return await node.write(unit)


def require_another_owner(conn: Connection, user: User) -> None:
    """Raise ``Forbidden`` for the only owner of the node; owners are held, as by ``hold_owners``."""
    owners = set(users.list_accounts_with_roles(conn, (UserRole.OWNER,)))
    if user.role is UserRole.OWNER and owners <= {user.account_id}:
        raise Forbidden(f"{user.username} is the only owner of this server; make another one first")


def shut_out(conn: Connection, node: Node, user_id: UserId, by: UserId | None) -> User:
    """``disable`` as a unit of work; ``Forbidden`` for the last one who may administrate the node."""
    current = users.get_for_update(conn, user_id)
    # The command line may: it can make another one.
    if by is not None and current.is_administrator and users.list_administrator_accounts(conn) == [current.account_id]:
        raise Forbidden(f"{current.username} is the only administrator of this server; make another one first")

    def change(known: User) -> User:
        return replace(known, disabled_at=known.disabled_at or node.now())

    return _apply_and_revoke(conn, node, user_id, "user.disabled", change, by)


def readmit(conn: Connection, node: Node, user_id: UserId, by: UserId | None) -> User:
    """``enable`` as a unit of work."""
    return _apply(conn, node, user_id, "user.enabled", lambda known: replace(known, disabled_at=None), by)


def let_in(conn: Connection, node: Node, user_id: UserId, by: UserId | None) -> User:
    """``approve`` as a unit of work."""

    def change(known: User) -> User:
        return replace(known, approved_at=known.approved_at or node.now())

    has_waited = users.get_for_update(conn, user_id).approved_at is None
    approved = _apply(conn, node, user_id, "user.approved", change, by)
    # Who did not confirm the address opens it by confirming, and reads then that they may sign in.
    if approved.confirmed_at is not None:
        accounts.open_waiting(conn, approved.account_id)
        if has_waited and node.settings.sends_mail:
            jobs.enqueue(conn, node.ids, node.now(), SendMail(user_id=user_id, kind=MailKind.APPROVED))
    return approved


def turn_away(conn: Connection, node: Node, user_id: UserId, by: UserId | None) -> None:
    """``reject`` as a unit of work."""
    current = users.get_for_update(conn, user_id)
    if current.approved_at is not None:
        raise Forbidden("Only somebody who waits for approval can be rejected")
    oauth.revoke_all(conn, node, current.id)
    removal.remove_account(conn, current.account_id, node.now())
    audit.record(conn, node.ids, node.now(), action="user.rejected", target=current.username, user_id=by)


async def reset_password(node: Node, user: User) -> User:
    """Forget a password and end everything it opened; the user comes back by a sign-in link."""
    return await _change_and_revoke(
        node, user, "user.password_reset", lambda current: replace(current, password_hash=None), None
    )


async def change_password(node: Node, user: User, *, current: str, new: str) -> User:
    """Set a password; every session and token ends, the present one too. ``Invalid`` when one of the two is refused.

    A user without a password (who came by a one-time link) needs no current one.
    """
    if user.password_hash is not None and not await is_password(node, current, user.password_hash):
        raise Invalid("The current password is not right")
    problem = password_problem(new, user.username)
    if problem is not None:
        raise Invalid(f"The new password {problem[1]}")
    hashed = await hash_password(node, new)

    def change(known: User) -> User:
        if known.password_hash != user.password_hash:
            raise Invalid("The current password is not right")
        return replace(known, password_hash=hashed)

    return await _change_and_revoke(node, user, "user.password_changed", change, user.id)


def sign_out(conn: Connection, node: Node, user_id: UserId) -> None:
    """End every session and token of a user, and what would open one: links and codes."""
    sessions.delete_of_user(conn, user_id)
    users.delete_sign_in_links(conn, user_id)
    oauth.revoke_all(conn, node, user_id)


async def share_account(node: Node, user: User, account_id: AccountId) -> None:
    """Let a user act for one more account of this node."""

    def unit(conn: Connection) -> None:
        account = accounts.get(conn, account_id)
        if not account.is_local:
            raise Invalid("Only accounts of this node can be shared")
        if not users.may_act_for(conn, user.id, account_id):
            users.allow_account(conn, user.id, account_id, node.now())
            _audit_share(conn, node, "user.account_shared", user, account)

    await node.write(unit)


async def unshare_account(node: Node, user: User, account_id: AccountId) -> None:
    """Let a user act no more for an account that was shared with them: what they opened for it ends at once."""
    if account_id == user.account_id:
        raise Invalid(f"{user.username} signs in with this account; `fedorg user disable` shuts a person out")

    def unit(conn: Connection) -> None:
        # Whoever consents holds this row too, so that no code is given for what is taken away here.
        users.get_for_update(conn, user.id)
        account = accounts.get(conn, account_id)
        if users.forbid_account(conn, user.id, account_id):
            oauth.revoke_share(conn, node, user.id, account_id)
            _audit_share(conn, node, "user.account_unshared", user, account)

    await node.write(unit)


def _audit_share(conn: Connection, node: Node, action: str, user: User, account: Account) -> None:
    audit.record(
        conn,
        node.ids,
        node.now(),
        action=action,
        target=user.username,
        account_id=account.id,
        details={"account": account.acct},
    )


async def _change_and_revoke(
    node: Node, user: User, action: str, change: Callable[[User], User], by: UserId | None
) -> User:
    return await node.write(_apply_and_revoke, node, user.id, action, change, by)


def _apply_and_revoke(
    conn: Connection, node: Node, user_id: UserId, action: str, change: Callable[[User], User], by: UserId | None
) -> User:
    changed = _apply(conn, node, user_id, action, change, by)
    sign_out(conn, node, user_id)
    mail_links.delete_of_user(conn, user_id)
    return changed


def _require_admitted(user: User, own: Account) -> None:
    """As ``oauth.require_active``, but somebody who proved who they are is told what it is about, and what to do."""
    if user.disabled_at is None and user.confirmed_at is None:
        raise Forbidden(_UNCONFIRMED.format(email=user.email))
    if user.is_active and own.suspended_at is not None:
        raise Forbidden("Your account is suspended. Ask the administrators of this server why.")
    oauth.require_active(user, own)


def _apply(
    conn: Connection, node: Node, user_id: UserId, action: str, change: Callable[[User], User], by: UserId | None
) -> User:
    changed = change(users.get_for_update(conn, user_id))
    users.update(conn, changed)
    audit.record(conn, node.ids, node.now(), action=action, target=changed.username, user_id=by)
    return changed
