"""Registering on the site: with an invitation, or where the node is open to everybody."""

from quart import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from fedorg.domain.accounts import User
from fedorg.errors import Invalid, NotFound
from fedorg.services import instance_texts, registration
from fedorg.services.registration import SignUp
from fedorg.services.users import SignedIn
from fedorg.web import limits
from fedorg.web.base import client_address, spend_together_by_address, this_node
from fedorg.web.site.done import Done
from fedorg.web.site.sessions import for_everybody, go, page, sign_in_browser

blueprint = Blueprint("invites", __name__)


@blueprint.get("/invite/<code>")
@for_everybody
async def show_invite(visitor: SignedIn | None, code: str) -> Response:
    """The form for somebody with an invitation."""
    await _require_usable(code)
    return await _form(visitor, f"/invite/{code}", MultiDict(), None)


@blueprint.post("/invite/<code>")
@for_everybody
async def use_invite(visitor: SignedIn | None, code: str) -> Response:
    """Register with an invitation."""
    await _require_usable(code)
    return await _register(visitor, f"/invite/{code}", code)


@blueprint.get("/auth/sign_up")
@for_everybody
async def show_sign_up(visitor: SignedIn | None) -> Response:
    """The form where no invitation is needed."""
    registration.require_open(this_node(), None)
    return await _form(visitor, "/auth/sign_up", MultiDict(), None)


@blueprint.post("/auth/sign_up")
@for_everybody
async def sign_up(visitor: SignedIn | None) -> Response:
    """Register where no invitation is needed."""
    registration.require_open(this_node(), None)
    return await _register(visitor, "/auth/sign_up", None)


async def _register(visitor: SignedIn | None, action: str, code: str | None) -> Response:
    await spend_together_by_address(limits.SIGN_UP)
    form = await request.form
    draft = SignUp(
        username=form.get("username", ""),
        email=form.get("email", ""),
        password=form.get("password", ""),
        agreement=form.get("agreement") == "true",
        locale=request.accept_languages.best or "",
        reason=form.get("reason", ""),
        invite_code=code,
        address=client_address(),
    )
    try:
        user = await registration.sign_up(this_node(), draft)
    except Invalid as problem:
        return await _form(visitor, action, form, problem)
    if not user.is_active:
        return go("/auth/sign_in", _what_is_missing(user))
    return await sign_in_browser(go("/"), user)


def _what_is_missing(user: User) -> Done:
    if user.approved_at is not None:
        return Done.LETTER_SENT
    return Done.APPROVAL_ASKED if user.confirmed_at is not None else Done.LETTER_SENT_APPROVAL_ASKED


async def _form(visitor: SignedIn | None, action: str, form: MultiDict[str, str], problem: Invalid | None) -> Response:
    is_reasoned = this_node().settings.registration == "approval" and action == "/auth/sign_up"
    return await page(
        "sign_up.html",
        visitor,
        status=422 if problem else 200,
        action=action,
        form=form,
        problem=problem,
        is_reasoned=is_reasoned,
        rules=await instance_texts.list_rules(this_node()),
        kept=await instance_texts.list_kinds(this_node()),
    )


async def _require_usable(code: str) -> None:
    await spend_together_by_address(limits.SIGN_IN_BY_ADDRESS)
    registration.require_open(this_node(), code)
    if await registration.find_usable_invite(this_node(), code) is None:
        raise NotFound("This invitation was used already, or is too old. Ask for a new one.")
