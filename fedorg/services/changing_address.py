"""Members take another e-mail address: asked for with the password, confirmed by a letter, undone by another one.

The new address counts once the link that went there is used. The one before gets a link at the same time with which,
for a week, it takes the login back from whoever was at it: before and after the change, whatever they did since. That
is why an address that was changed stays for that week. Neither address is in a job: they wait beside their links.
"""

from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import User
from fedorg.domain.jobs import SendMail
from fedorg.domain.mail import LINKS_HOLD, MailKind, MailLink
from fedorg.errors import Forbidden, Invalid, NotFound
from fedorg.node import Node
from fedorg.services.addresses import blocked_fault, email_fault
from fedorg.services.credentials import is_password, new_secret, secret_hash
from fedorg.services.oauth import hold_unchanged
from fedorg.services.users import sign_out
from fedorg.store import audit, jobs, mail_links, users

KINDS: Final = frozenset({MailKind.CHANGE, MailKind.UNDO})
_GONE: Final = "This link was used already, or is too old."


async def ask(node: Node, user: User, *, password: str, email: str) -> None:
    """Write to a new address and to the one before; ``Invalid`` for a wrong password or an address that is refused.

    ``Forbidden`` for a week after a change, and for whoever was signed out meanwhile.
    """
    wanted = email.strip().lower()
    if user.password_hash is None:
        raise Invalid("Choose a password first")
    if not await is_password(node, password, user.password_hash):
        raise Invalid("The current password is not right")
    fault = email_fault(wanted)
    if fault is not None:
        raise Invalid(f"The e-mail address {fault[1]}")

    def unit(conn: Connection) -> None:
        current = hold_unchanged(conn, user)
        before = mail_links.find_address(conn, user.id, MailKind.UNDO, node.now())
        if before is not None and before != current.email:
            raise Forbidden("Your e-mail address was changed within a week: it stays until that is over")
        if wanted == current.email:
            raise Invalid("This is your e-mail address already")
        _require_free(conn, wanted)
        _write_to(conn, node, current, MailKind.CHANGE, wanted)
        if current.email is not None:
            _write_to(conn, node, current, MailKind.UNDO, current.email)
        _note(conn, node, current, "user.email_change_asked")

    await node.write(unit)


async def find_reader(node: Node, kind: MailKind, token: str) -> User:
    """Whose link it is; it stays good. ``NotFound`` when it is not."""

    def unit(conn: Connection) -> User:
        return _reader(conn, node, kind, token)[0]

    return await node.read(unit)


async def change(node: Node, token: str) -> User:
    """The address that the link went to is the user's; links that went to the one before are void, but for one."""

    def unit(conn: Connection) -> User:
        user, email = _claim(conn, node, MailKind.CHANGE, token)
        _require_free(conn, email)
        mail_links.delete_of_user(conn, user.id)
        changed = replace(user, email=email, confirmed_at=user.confirmed_at or node.now())
        users.update(conn, changed)
        _note(conn, node, user, "user.email_changed")
        return changed

    return await node.write(unit)


async def undo(node: Node, token: str) -> User:
    """The address that the link went to is the user's again; everybody is signed out, and a letter lets its reader in.

    That letter is the one for a new password: whoever asked for the change knew the old one.
    """

    def unit(conn: Connection) -> User:
        user, email = _claim(conn, node, MailKind.UNDO, token)
        if email != user.email:
            _require_free(conn, email)
        restored = replace(user, email=email)
        users.update(conn, restored)
        mail_links.delete_of_user(conn, user.id)
        mail_links.delete_undo(conn, user.id)
        sign_out(conn, node, user.id)
        jobs.enqueue(conn, node.ids, node.now(), SendMail(user_id=user.id, kind=MailKind.RESET))
        _note(conn, node, user, "user.email_change_undone")
        return restored

    return await node.write(unit)


def _require_free(conn: Connection, email: str) -> None:
    fault = blocked_fault(conn, email)
    if users.find_by_sign_in(conn, email) is not None:
        fault = ("ERR_TAKEN", "has already been taken")
    if fault is not None:
        raise Invalid(f"The e-mail address {fault[1]}")


def _write_to(conn: Connection, node: Node, user: User, kind: MailKind, email: str) -> None:
    """Queue a letter; where it goes waits beside a link that nobody has."""
    nobodys = MailLink(token_hash=secret_hash(new_secret()), kind=kind, email=email)
    mail_links.put(conn, user.id, nobodys, node.now() + LINKS_HOLD[kind])
    jobs.enqueue(conn, node.ids, node.now(), SendMail(user_id=user.id, kind=kind))


def _claim(conn: Connection, node: Node, kind: MailKind, token: str) -> tuple[User, str]:
    """The reader of a link and where it went, held against others that use the same one at the same moment."""
    users.get_for_update(conn, _reader(conn, node, kind, token)[0].id)
    return _reader(conn, node, kind, token)


def _reader(conn: Connection, node: Node, kind: MailKind, token: str) -> tuple[User, str]:
    found = mail_links.find(conn, secret_hash(token), kind, node.now())
    user = None if found is None else users.find(conn, found[0])
    if found is None or user is None or user.disabled_at is not None:
        raise NotFound(_GONE)
    return user, found[1]


def _note(conn: Connection, node: Node, user: User, action: str) -> None:
    audit.record(conn, node.ids, node.now(), action=action, target=user.username, user_id=user.id)
