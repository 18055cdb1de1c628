"""Pages that letters lead to: confirming an address, and choosing a new password.

As with sign-in links, opening one shows a button, and only pressing it does something.
"""

from typing import Final

from quart import Blueprint, Response, request

from fedorg.domain.mail import MailKind
from fedorg.errors import Invalid, NotFound
from fedorg.services import changing_address, mailing
from fedorg.services.users import SignedIn
from fedorg.web import limits
from fedorg.web.base import spend_together, spend_together_by_address, this_node
from fedorg.web.site.done import Done
from fedorg.web.site.sessions import for_everybody, go, page

blueprint = Blueprint("mail", __name__)

_SIGN_IN: Final = "/auth/sign_in"
_QUIET: Final = {"Referrer-Policy": "no-referrer"}


@blueprint.get("/auth/password")
@for_everybody
async def show_reset(visitor: SignedIn | None) -> Response:
    """The form for somebody who forgot a password."""
    _require_mail()
    return await page("password_forgotten.html", visitor)


@blueprint.post("/auth/password")
@for_everybody
async def ask_for_reset(_visitor: SignedIn | None) -> Response:
    """Send a letter to whoever has the address; everybody reads the same. Limited by both addresses (S56)."""
    _require_mail()
    email = (await request.form).get("email", "")
    await spend_together_by_address(limits.SIGN_IN_BY_ADDRESS)
    await spend_together(limits.MAIL, limits.subject_of_name(email))
    await mailing.ask_for_reset(this_node(), email)
    return go(_SIGN_IN, Done.RESET_ASKED)


@blueprint.get("/auth/mail/reset/<token>")
@for_everybody
async def show_new_password(visitor: SignedIn | None, token: str) -> Response:
    """The form for a new password."""
    await spend_together_by_address(limits.SIGN_IN_BY_ADDRESS)
    return await _password_page(visitor, token, None)


@blueprint.post("/auth/mail/reset/<token>")
@for_everybody
async def set_new_password(visitor: SignedIn | None, token: str) -> Response:
    """Set it, by a link that is used up by this."""
    await spend_together_by_address(limits.SIGN_IN_BY_ADDRESS)
    form = await request.form
    if form.get("new", "") != form.get("again", ""):
        return await _password_page(visitor, token, "The two new passwords differ")
    try:
        await mailing.choose_password(this_node(), token, form.get("new", ""))
    except Invalid as problem:
        return await _password_page(visitor, token, str(problem))
    return go(_SIGN_IN, Done.PASSWORD_RESET)


@blueprint.get("/auth/mail/confirm/<token>")
@for_everybody
async def show_confirmation(visitor: SignedIn | None, token: str) -> Response:
    """Whose address it is, and the button that confirms it."""
    await spend_together_by_address(limits.SIGN_IN_BY_ADDRESS)
    user = await mailing.find_reader(this_node(), MailKind.CONFIRM, token)
    return await page("mail_confirm.html", visitor, headers=_QUIET, username=user.username)


@blueprint.post("/auth/mail/confirm/<token>")
@for_everybody
async def confirm(_visitor: SignedIn | None, token: str) -> Response:
    """Confirm it, once."""
    await spend_together_by_address(limits.SIGN_IN_BY_ADDRESS)
    user = await mailing.confirm(this_node(), token)
    return go(_SIGN_IN, Done.CONFIRMED if user.is_active else Done.CONFIRMED_BEFORE_APPROVAL)


@blueprint.get("/auth/mail/change/<token>")
@for_everybody
async def show_change(visitor: SignedIn | None, token: str) -> Response:
    """Whose new address it is, and the button that confirms it."""
    return await _changing_page(visitor, MailKind.CHANGE, token)


@blueprint.post("/auth/mail/change/<token>")
@for_everybody
async def change(_visitor: SignedIn | None, token: str) -> Response:
    """Confirm it, once."""
    await spend_together_by_address(limits.SIGN_IN_BY_ADDRESS)
    await changing_address.change(this_node(), token)
    return go("/", Done.EMAIL_CHANGED)


@blueprint.get("/auth/mail/undo/<token>")
@for_everybody
async def show_undo(visitor: SignedIn | None, token: str) -> Response:
    """Whose address is kept, and the button that keeps it."""
    return await _changing_page(visitor, MailKind.UNDO, token)


@blueprint.post("/auth/mail/undo/<token>")
@for_everybody
async def undo(_visitor: SignedIn | None, token: str) -> Response:
    """Keep it or bring it back, once; whoever is signed in is no more."""
    await spend_together_by_address(limits.SIGN_IN_BY_ADDRESS)
    await changing_address.undo(this_node(), token)
    return go(_SIGN_IN, Done.EMAIL_KEPT)


async def _changing_page(visitor: SignedIn | None, kind: MailKind, token: str) -> Response:
    await spend_together_by_address(limits.SIGN_IN_BY_ADDRESS)
    user = await changing_address.find_reader(this_node(), kind, token)
    title, words, button = _CHANGING[kind]
    return await page(
        "mail_change.html",
        visitor,
        headers=_QUIET,
        title=title,
        words=words.format(name=f"@{user.username}"),
        button=button,
    )


_CHANGING: Final = {
    MailKind.CHANGE: ("Your new e-mail address", "Letters for {name} go here from then on.", "Confirm"),
    MailKind.UNDO: (
        "Keep your e-mail address",
        "Letters for {name} go here, as before. Whoever is signed in is signed out, and you choose a new password.",
        "Take my login back",
    ),
}


async def _password_page(visitor: SignedIn | None, token: str, problem: str | None) -> Response:
    user = await mailing.find_reader(this_node(), MailKind.RESET, token)
    status = 422 if problem else 200
    return await page(
        "password_new.html", visitor, status=status, headers=_QUIET, username=user.username, problem=problem
    )


def _require_mail() -> None:
    if not this_node().settings.sends_mail:
        raise NotFound("This server sends no mail. Ask an administrator for a one-time sign-in link.")
