"""The pages on which a member changes what they sign in with: the password and the e-mail address."""

from quart import Blueprint, Response, request

from fedorg.errors import Forbidden, Invalid, NotFound
from fedorg.services import changing_address, users
from fedorg.services.users import SignedIn
from fedorg.web import limits
from fedorg.web.auth import public
from fedorg.web.base import spend_together, this_node
from fedorg.web.site.done import Done
from fedorg.web.site.sessions import go, members_only, page, sign_in_browser

blueprint = Blueprint("credentials", __name__)


@blueprint.get("/.well-known/change-password")
@public
async def show_way_to_password() -> Response:
    """Where managers of passwords send people who should change one, https://www.w3.org/TR/change-password-url/."""
    return go("/account/password")


@blueprint.get("/auth/edit")
@members_only
async def show_way_to_own_page(_visitor: SignedIn) -> Response:
    """Where Mastodon's programs send people who want to change something about their account."""
    return go("/")


@blueprint.get("/account/password")
@members_only
async def show_password(visitor: SignedIn) -> Response:
    """The form for another password, or for the first one."""
    return await _password_page(visitor)


@blueprint.post("/account/password")
@members_only
async def change_password(visitor: SignedIn) -> Response:
    """Set a password; every session ends, and this browser gets a new one."""
    await spend_together(limits.SIGN_IN_BY_NAME, limits.subject_of_name(visitor.user.username))
    form = await request.form
    if form.get("new", "") != form.get("again", ""):
        return await _password_page(visitor, Invalid("The two new passwords differ"))
    try:
        user = await users.change_password(
            this_node(), visitor.user, current=form.get("current", ""), new=form.get("new", "")
        )
    except Invalid as problem:
        return await _password_page(visitor, problem)
    done = Done.PASSWORD_CHANGED if visitor.user.password_hash else Done.PASSWORD_CHOSEN
    return await sign_in_browser(go("/", done), user)


@blueprint.get("/account/email")
@members_only
async def show_email(visitor: SignedIn) -> Response:
    """The form for another e-mail address."""
    _require_mail()
    return await _email_page(visitor)


@blueprint.post("/account/email")
@members_only
async def change_email(visitor: SignedIn) -> Response:
    """Ask for another e-mail address, with the password; limited like every guess at one, and by the address (S56)."""
    _require_mail()
    form = await request.form
    email = form.get("email", "")
    await spend_together(limits.SIGN_IN_BY_NAME, limits.subject_of_name(visitor.user.username))
    await spend_together(limits.MAIL, limits.subject_of_name(email))
    try:
        await changing_address.ask(this_node(), visitor.user, password=form.get("password", ""), email=email)
    except (Invalid, Forbidden) as problem:
        return await _email_page(visitor, problem, typed=email)
    return go("/", Done.EMAIL_ASKED)


def _require_mail() -> None:
    if not this_node().settings.sends_mail:
        raise NotFound


async def _password_page(visitor: SignedIn, problem: Invalid | None = None) -> Response:
    return await page("password.html", visitor, status=200 if problem is None else 422, problem=problem)


async def _email_page(visitor: SignedIn, problem: Invalid | Forbidden | None = None, *, typed: str = "") -> Response:
    return await page("email.html", visitor, status=200 if problem is None else 422, problem=problem, typed=typed)
