"""What is done by mail: confirming an address, and choosing a new password.

A letter is a job that names its reader and nothing else. Its link is made when it is sent and kept as a hash, so that
neither the queue nor the database can give it away; a new letter makes the link before it void. Whoever asks for a
letter learns nothing of who has a login here.
"""

from dataclasses import replace
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from fedorg.domain.accounts import User
from fedorg.domain.jobs import SendMail
from fedorg.domain.mail import LINKS_HOLD, Letter, MailKind, MailLink
from fedorg.errors import Forbidden, Invalid, NotFound
from fedorg.node import Node
from fedorg.services import changing_address
from fedorg.services.addresses import blocked_fault, email_fault
from fedorg.services.credentials import hash_password, new_secret, secret_hash
from fedorg.services.users import password_problem, sign_out
from fedorg.store import accounts, audit, jobs, mail_links, users

_PLAIN_PAGES: Final = {MailKind.APPROVED: "/auth/sign_in", MailKind.PARTNERSHIP: "/about/federation"}
"""Where letters lead whose links do nothing by themselves."""
_TAKEN: Final = ("ERR_TAKEN", "has already been taken")
_GONE: Final = "This link was used already, or is too old. Ask for a new one."


def ask_to_confirm(conn: Connection, node: Node, user: User) -> None:
    """Write to somebody who has just registered, in the transaction that registers them."""
    if node.settings.sends_mail and user.confirmed_at is None:
        _queue(conn, node, user, MailKind.CONFIRM)


async def confirm_again(node: Node, user: User, email: str | None) -> None:
    """Write once more to somebody who did not confirm, at another address if they give one."""
    wanted = None if not email else email.strip().lower()
    if wanted is not None and (fault := email_fault(wanted)) is not None:
        raise _refused(fault)

    def unit(conn: Connection) -> None:
        current = users.get_for_update(conn, user.id)
        if current.confirmed_at is not None:
            raise Forbidden("This method is only available while the e-mail is awaiting confirmation")
        if wanted is not None and wanted != current.email:
            fault = blocked_fault(conn, wanted)
            if users.find_by_sign_in(conn, wanted) is not None:
                fault = _TAKEN
            if fault is not None:
                raise _refused(fault)
            users.update(conn, replace(current, email=wanted))
            mail_links.delete_of_user(conn, current.id)
        _queue(conn, node, current, MailKind.CONFIRM)

    try:
        await node.write(unit)
    except IntegrityError as problem:
        # Somebody took the address between the question and the answer.
        raise _refused(_TAKEN) from problem


async def ask_for_reset(node: Node, email: str) -> None:
    """Write to whoever has this address, so that they can choose a new password; to nobody if there is none."""

    def unit(conn: Connection) -> None:
        user = users.find_by_sign_in(conn, email) if "@" in email else None
        if user is not None and user.disabled_at is None:
            _queue(conn, node, user, MailKind.RESET)

    await node.write(unit)


async def find_reader(node: Node, kind: MailKind, token: str) -> User:
    """Whose link it is; it stays good. ``NotFound`` when it is not."""
    return await node.read(_reader, node, kind, token)


async def confirm(node: Node, token: str) -> User:
    """The address is its reader's; who needs no approval is let in."""

    def unit(conn: Connection) -> User:
        user = _claim(conn, node, MailKind.CONFIRM, token)
        mail_links.delete_of_user(conn, user.id)
        return _confirm(conn, node, user)

    return await node.write(unit)


async def choose_password(node: Node, token: str, new: str) -> User:
    """Set a password by a link; every session, token and link ends. The address counts as confirmed by that."""
    user = await find_reader(node, MailKind.RESET, token)
    problem = password_problem(new, user.username)
    if problem is not None:
        raise Invalid(f"The new password {problem[1]}")
    hashed = await hash_password(node, new)

    def unit(conn: Connection) -> User:
        reader = _claim(conn, node, MailKind.RESET, token)
        users.update(conn, replace(reader, password_hash=hashed))
        mail_links.delete_of_user(conn, reader.id)
        sign_out(conn, node, reader.id)
        audit.record(
            conn,
            node.ids,
            node.now(),
            action="user.password_changed_by_mail",
            target=reader.username,
            user_id=reader.id,
        )
        return _confirm(conn, node, users.get(conn, reader.id))

    return await node.write(unit)


async def write_letter(node: Node, job: SendMail) -> Letter | None:
    """The letter of a job, with a new link; None when nobody waits for it any more."""

    def unit(conn: Connection) -> Letter | None:
        user = users.find(conn, job.user_id)
        if user is None or user.disabled_at is not None:
            return None
        email = user.email
        if job.kind in _PLAIN_PAGES:
            page = f"{node.uris.base}{_PLAIN_PAGES[job.kind]}"
            return None if email is None else Letter(username=user.username, kind=job.kind, email=email, link=page)
        if job.kind in changing_address.KINDS:
            email = mail_links.find_address(conn, user.id, job.kind, node.now())
        if email is None:
            return None
        if job.kind is MailKind.CONFIRM and user.confirmed_at is not None:
            return None
        token = new_secret()
        link = MailLink(token_hash=secret_hash(token), kind=job.kind, email=email)
        mail_links.put(conn, user.id, link, node.now() + LINKS_HOLD[job.kind])
        page = node.uris.mail_link(job.kind.value, token)
        return Letter(username=user.username, kind=job.kind, email=email, link=page)

    return await node.write(unit)


def _refused(fault: tuple[str, str]) -> Invalid:
    return Invalid(f"Validation failed: Email {fault[1]}", {"email": [fault]})


def _queue(conn: Connection, node: Node, user: User, kind: MailKind) -> None:
    jobs.enqueue(conn, node.ids, node.now(), SendMail(user_id=user.id, kind=kind))


def _claim(conn: Connection, node: Node, kind: MailKind, token: str) -> User:
    """The reader of a link, held against others that use the same one at the same moment."""
    users.get_for_update(conn, _reader(conn, node, kind, token).id)
    return _reader(conn, node, kind, token)


def _reader(conn: Connection, node: Node, kind: MailKind, token: str) -> User:
    found = mail_links.find(conn, secret_hash(token), kind, node.now())
    user = None if found is None else users.find(conn, found[0])
    # Sent to an address that is theirs no more, it proves nothing.
    if found is None or user is None or user.email != found[1] or user.disabled_at is not None:
        raise NotFound(_GONE)
    return user


def _confirm(conn: Connection, node: Node, user: User) -> User:
    if user.confirmed_at is not None:
        return user
    confirmed = replace(user, confirmed_at=node.now())
    users.update(conn, confirmed)
    audit.record(conn, node.ids, node.now(), action="user.confirmed", target=user.username, user_id=user.id)
    if confirmed.approved_at is not None:
        accounts.open_waiting(conn, user.account_id)
    return confirmed
