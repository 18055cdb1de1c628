"""How people and the node itself come to be: account, keys and login in one transaction.

Modes (``Settings.registration``): *open* lets everybody in at once, *approval* lets them wait for a member of staff,
*invite* wants a code, *closed* leaves it to the command line. A good invite opens every mode but the last. Where the
node sends mail, whoever registers confirms the address first; elsewhere it counts as confirmed. Its grammar is strict
(S57).
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from fedorg.config import Settings
from fedorg.domain.accounts import Account, ActorType, Invite, User, UserRole
from fedorg.domain.ip_blocks import IpBlockSeverity
from fedorg.domain.notifications import NotificationType
from fedorg.domain.oauth import Token
from fedorg.errors import Forbidden, Invalid, NotFound, SettingsError
from fedorg.ids import AccountId, ApplicationId, InviteId, UserId
from fedorg.node import Node
from fedorg.services import keypairs, mailing, oauth
from fedorg.services.addresses import blocked_fault, email_fault
from fedorg.services.credentials import hash_password
from fedorg.services.keypairs import KeyPair
from fedorg.services.moderation import ip_blocks
from fedorg.services.users import password_problem
from fedorg.store import accounts, audit, keys, notifications, users
from fedorg.uris import Uris

USERNAME_MAX: Final = 30
INVITE_DAYS: Final = 7
_DISPLAY_NAME_MAX: Final = 100
_REASON_MAX: Final = 500
_INVITES_MAX: Final = 200
_USERNAME: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?")
_LOCALE: Final = re.compile(r"[a-z]{2,3}(?:-[A-Za-z]{2,4})?")
# Names that promise an office nobody here may have given them.
_RESERVED: Final = frozenset(
    {
        "abuse", "accounts", "actor", "admin", "administrator", "autoconfig", "autodiscover", "everyone", "fedorg",
        "help", "helpdesk", "hostmaster", "info", "mailer-daemon", "mod", "moderator", "noreply", "owner",
        "postmaster", "root", "security", "staff", "support", "sysadmin", "webmaster",
    }
)  # fmt: skip

Faults: TypeAlias = dict[str, list[tuple[str, str]]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """What somebody who registers fills in, and the network address it comes from, if it comes over one."""

    username: str
    email: str | None
    password: str = field(repr=False)
    agreement: bool
    locale: str = "en"
    reason: str = ""
    invite_code: str | None = None
    address: str | None = None


async def ensure_node_actor(node: Node) -> Account:
    """The actor of the node itself, made with its keys at the first start.

    Raises ``SettingsError`` where another name has been used with this database: identities contain it.
    """
    known = await node.read(require_name, node.settings)
    if known is not None:
        return known
    pairs = await keypairs.new_key_pairs(node)
    uri = node.uris.node_actor
    actor = Account(
        id=AccountId(node.ids.next()),
        username=_node_username(node.settings),
        domain=None,
        uri=uri,
        url=f"{node.uris.base}/about",
        actor_type=ActorType.APPLICATION,
        display_name=node.settings.name,
        locked=True,
        inbox=f"{uri}/inbox",
        shared_inbox=node.uris.shared_inbox,
        outbox=f"{uri}/outbox",
        followers_uri=f"{uri}/followers",
        following_uri=f"{uri}/following",
        created_at=node.now(),
    )

    def unit(conn: Connection) -> Account:
        # Another process may have been faster.
        known = accounts.find_by_uri(conn, uri)
        if known is not None:
            return known
        _insert_account(conn, node, actor, pairs)
        return actor

    return await node.write(unit)


async def name_node_actor(node: Node) -> None:
    """Call the actor of the node as the settings do. Servers begin so; commands may be given other settings."""
    actor, name = await ensure_node_actor(node), node.settings.name
    if actor.display_name == name:
        return

    def unit(conn: Connection) -> None:
        current = accounts.get_for_update(conn, actor.id)
        accounts.update(conn, replace(current, display_name=name, updated_at=node.now()))

    await node.write(unit)


def require_name(conn: Connection, settings: Settings) -> Account | None:
    """The actor of the node itself; None before the first start.

    Raises ``SettingsError`` where another name has been used with this database.
    """
    actor = accounts.find_node_actor(conn)
    if actor is not None and actor.uri != Uris.of(settings).node_actor:
        problem = (
            f"public_url: this database is that of {actor.uri.removesuffix('/actor')}. The name of a node is in every "
            "identity that other servers know, and can never change; set it as it was."
        )
        raise SettingsError([problem])
    if actor is not None and actor.username != _node_username(settings):
        problem = (
            f"handle_domain: handles of this node end in @{actor.username}. Other servers know its people by them, and "
            "they can never change; set it as it was."
        )
        raise SettingsError([problem])
    return actor


def _node_username(settings: Settings) -> str:
    # A port is part of a domain between nodes on one machine, and no part of a username.
    return settings.domain.replace(":", ".")


async def ensure_owner(node: Node, username: str) -> User | None:
    """The owner of a node without users, made now or waiting for a first sign-in; None once somebody came in."""
    found = await node.read(users.list_all, 2)
    if not found:
        return await create_person(node, username, role=UserRole.OWNER)
    first = found[0]
    is_waiting = len(found) == 1 and first.role is UserRole.OWNER and first.last_sign_in_at is None
    return first if is_waiting and first.password_hash is None else None


async def create_person(
    node: Node,
    username: str,
    *,
    email: str | None = None,
    display_name: str = "",
    role: UserRole = UserRole.MEMBER,
    password: str | None = None,
) -> User:
    """A person made by an administrator, active at once; ``Invalid`` says what is wrong with the words given."""
    name = username.strip().removeprefix("@").lower()
    faults = _username_faults(name, reserved=frozenset())
    if email is not None:
        _add(faults, "email", email_fault(email))
    if password is not None:
        _add(faults, "password", password_problem(password, name))
    if len(display_name) > _DISPLAY_NAME_MAX:
        _add(faults, "display_name", ("ERR_TOO_LONG", f"is too long (maximum is {_DISPLAY_NAME_MAX} characters)"))
    _raise_if(faults)
    pairs = await keypairs.new_key_pairs(node)
    hashed = None if password is None else await hash_password(node, password)
    account = _new_account(node, name, display_name)
    now = node.now()
    user = _new_user(node, account, email=email, password_hash=hashed, role=role, approved_at=now, confirmed_at=now)

    def unit(conn: Connection) -> User:
        _raise_if(_taken(conn, user))
        _insert_person(conn, node, account, user, pairs)
        audit.record(
            conn, node.ids, node.now(), action="user.created", target=user.username, details={"role": role.value}
        )
        return user

    return await _insert(node, unit)


async def sign_up(node: Node, draft: SignUp) -> User:
    """A person who registers on the site."""
    user, _ = await _register(node, draft, _no_token)
    return user


async def sign_up_by_application(
    node: Node, draft: SignUp, *, application_id: ApplicationId, scopes: tuple[str, ...]
) -> tuple[Token, str]:
    """A person who registers through a client, and the client's token for them, made in one transaction."""

    def issue(conn: Connection, user: User) -> tuple[Token, str]:
        return oauth.issue_user_token(conn, node, user, application_id=application_id, scopes=scopes)

    _, issued = await _register(node, draft, issue)
    return issued


async def create_invite(node: Node, by: User) -> Invite:
    """A code with which one person may register within a week, as long as ``by`` may invite; staff only."""
    if not by.is_administrator:
        raise Forbidden("Only administrators may invite people")
    now = node.now()
    invite = Invite(
        id=InviteId(node.ids.next()),
        code=secrets.token_urlsafe(12),
        created_by=by.id,
        uses=0,
        uses_max=1,
        expires_at=now + timedelta(days=INVITE_DAYS),
        created_at=now,
    )

    def unit(conn: Connection) -> None:
        users.insert_invite(conn, invite)
        audit.record(conn, node.ids, now, action="invite.created", target=str(invite.id), user_id=by.id)

    await node.write(unit)
    return invite


async def list_usable_invites(node: Node) -> list[tuple[Invite, str]]:
    """Invites that somebody may still use and the name of who made each, newest first."""
    found = await node.read(users.list_invites, _INVITES_MAX)
    return [(invite, maker) for invite, maker in found if is_usable(node, invite)]


async def take_back_invite(node: Node, invite_id: InviteId, by: User) -> None:
    """Let nobody register with an invite any more; administrators may take back any, others their own.

    ``NotFound`` when there is none such that may still be used.
    """

    def unit(conn: Connection) -> None:
        now = node.now()
        if not users.end_invite(conn, invite_id, now, of=None if by.is_administrator else by.id):
            raise NotFound("This invitation was used already, is too old or was taken back.")
        audit.record(conn, node.ids, now, action="invite.taken_back", target=str(invite_id), user_id=by.id)

    await node.write(unit)


async def find_usable_invite(node: Node, code: str) -> Invite | None:
    """The invite with a code that somebody may still use on this node."""
    invite = await node.read(users.find_invite, code)
    return invite if invite is not None and is_usable(node, invite) else None


def is_usable(node: Node, invite: Invite) -> bool:
    """Whether somebody may still register with an invite."""
    is_left = invite.uses_max is None or invite.uses < invite.uses_max
    is_timely = invite.expires_at is None or invite.expires_at > node.now()
    return is_left and is_timely and node.settings.registration != "closed"


def require_open(node: Node, invite_code: str | None) -> None:
    """Raise ``Forbidden`` where nobody may register, or nobody without an invite."""
    mode = node.settings.registration
    if mode == "closed":
        raise Forbidden("Registration on this server is closed: its administrators make accounts for people")
    if mode == "invite" and not invite_code:
        raise Forbidden("Registration on this server needs an invitation")


async def _register(node: Node, draft: SignUp, then: Callable[[Connection, User], T]) -> tuple[User, T]:
    mode = node.settings.registration
    require_open(node, draft.invite_code)
    severity = None if draft.address is None else await ip_blocks.severity_for(node, draft.address)
    if severity in (IpBlockSeverity.SIGN_UP_BLOCK, IpBlockSeverity.NO_ACCESS):
        raise Forbidden("Nobody may register from your network")
    name = draft.username.strip().lower()
    faults = _draft_faults(node, draft, name)
    _raise_if(faults)
    # What takes longest comes first: no more of them reach the line of those who sign in.
    pairs = await keypairs.new_key_pairs(node)
    hashed = await hash_password(node, draft.password)
    account = _new_account(node, name, "")
    # An invitation opens the door to who was invited, not to whoever sits in that network.
    has_to_wait = severity is IpBlockSeverity.SIGN_UP_REQUIRES_APPROVAL
    locale = draft.locale if _LOCALE.fullmatch(draft.locale) else node.settings.languages[0]

    def unit(conn: Connection) -> tuple[User, T]:
        invite = users.use_invite(conn, draft.invite_code, node.now()) if draft.invite_code else None
        if draft.invite_code and invite is None:
            raise Invalid(
                "Validation failed: Invite code is not valid", {"invite_code": [("ERR_INVALID", "is not valid")]}
            )
        user = _new_user(
            node,
            account,
            email=draft.email,
            password_hash=hashed,
            role=UserRole.MEMBER,
            approved_at=node.now() if (mode == "open" or invite is not None) and not has_to_wait else None,
            confirmed_at=None if node.settings.sends_mail else node.now(),
            locale=locale,
            sign_up_reason=draft.reason.strip(),
            invite_id=None if invite is None else invite.id,
        )
        _raise_if(_taken(conn, user) or _blocked(conn, user))
        # Until it is confirmed and approved, the account is as closed to others as a suspended one.
        shown = account if user.is_active else replace(account, suspended_at=account.created_at)
        _insert_person(conn, node, shown, user, pairs)
        mailing.ask_to_confirm(conn, node, user)
        audit.record(conn, node.ids, node.now(), action="user.registered", target=user.username, details={"mode": mode})
        notifications.notify(
            conn,
            node.ids,
            node.now(),
            users.list_administrator_accounts(conn),
            type_=NotificationType.ADMIN_SIGN_UP,
            by=account.id,
            origin=account.id,
        )
        return user, then(conn, user)

    return await _insert(node, unit)


def _no_token(_conn: Connection, _user: User) -> None:
    return None


async def _insert(node: Node, unit: Callable[[Connection], T]) -> T:
    try:
        return await node.write(unit)
    except IntegrityError as problem:
        # Somebody registered the same name or address between the question and the answer.
        raise _invalid({"username": [_TAKEN]}) from problem


def _insert_person(conn: Connection, node: Node, account: Account, user: User, pairs: tuple[KeyPair, ...]) -> None:
    _insert_account(conn, node, account, pairs)
    users.insert(conn, user)


def _insert_account(conn: Connection, node: Node, account: Account, pairs: tuple[KeyPair, ...]) -> None:
    accounts.insert(conn, account)
    for pair in pairs:
        keys.insert(conn, pair.of(account.id, account.uri, node.uris, account.created_at))


def _new_account(node: Node, username: str, display_name: str) -> Account:
    uri = node.uris.actor(username)
    return Account(
        id=AccountId(node.ids.next()),
        username=username,
        domain=None,
        uri=uri,
        url=node.uris.profile(username),
        actor_type=ActorType.PERSON,
        display_name=display_name.strip(),
        inbox=f"{uri}/inbox",
        shared_inbox=node.uris.shared_inbox,
        outbox=f"{uri}/outbox",
        followers_uri=f"{uri}/followers",
        following_uri=f"{uri}/following",
        created_at=node.now(),
    )


def _new_user(
    node: Node,
    account: Account,
    *,
    email: str | None,
    password_hash: str | None,
    role: UserRole,
    approved_at: datetime | None,
    confirmed_at: datetime | None,
    locale: str | None = None,
    sign_up_reason: str = "",
    invite_id: InviteId | None = None,
) -> User:
    return User(
        id=UserId(node.ids.next()),
        account_id=account.id,
        username=account.username,
        email=email.strip().lower() if email else None,
        password_hash=password_hash,
        role=role,
        locale=locale or node.settings.languages[0],
        sign_up_reason=sign_up_reason,
        invite_id=invite_id,
        created_at=node.now(),
        confirmed_at=confirmed_at,
        approved_at=approved_at,
    )


_TAKEN: Final = ("ERR_TAKEN", "has already been taken")


def _taken(conn: Connection, user: User) -> Faults:
    faults: Faults = {}
    if (
        accounts.find_by_acct(conn, user.username, None) is not None
        or users.find_by_sign_in(conn, user.username) is not None
    ):
        _add(faults, "username", _TAKEN)
    if user.email and users.find_by_sign_in(conn, user.email) is not None:
        _add(faults, "email", _TAKEN)
    return faults


def _blocked(conn: Connection, user: User) -> Faults:
    faults: Faults = {}
    if user.email:
        _add(faults, "email", blocked_fault(conn, user.email))
    return faults


def _draft_faults(node: Node, draft: SignUp, name: str) -> Faults:
    faults = _username_faults(name, reserved=_RESERVED)
    if not draft.email:
        _add(faults, "email", ("ERR_BLANK", "can't be blank"))
    else:
        _add(faults, "email", email_fault(draft.email))
    _add(faults, "password", password_problem(draft.password, name))
    if not draft.agreement:
        _add(faults, "agreement", ("ERR_ACCEPTED", "must be accepted"))
    if node.settings.registration == "approval" and not draft.invite_code and not draft.reason.strip():
        _add(faults, "reason", ("ERR_BLANK", "can't be blank"))
    if len(draft.reason) > _REASON_MAX:
        _add(faults, "reason", ("ERR_TOO_LONG", f"is too long (maximum is {_REASON_MAX} characters)"))
    return faults


def _username_faults(name: str, *, reserved: frozenset[str]) -> Faults:
    faults: Faults = {}
    if not name:
        _add(faults, "username", ("ERR_BLANK", "can't be blank"))
    elif len(name) > USERNAME_MAX:
        _add(faults, "username", ("ERR_TOO_LONG", f"is too long (maximum is {USERNAME_MAX} characters)"))
    elif not _USERNAME.fullmatch(name):
        _add(
            faults,
            "username",
            ("ERR_INVALID", "must contain only letters, numbers, underscores, and dots or hyphens between them"),
        )
    elif name in reserved:
        _add(faults, "username", ("ERR_RESERVED", "is reserved"))
    return faults


def _add(faults: Faults, name: str, fault: tuple[str, str] | None) -> None:
    if fault is not None:
        faults.setdefault(name, []).append(fault)


def _raise_if(faults: Faults) -> None:
    if faults:
        raise _invalid(faults)


def _invalid(faults: Faults) -> Invalid:
    sentences = [
        f"{name.replace('_', ' ').capitalize()} {words}" for name, found in faults.items() for _, words in found
    ]
    return Invalid(f"Validation failed: {', '.join(sentences)}", faults)
