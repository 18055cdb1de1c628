"""The front door: what this node is, and for a member, what they can see to here."""

from quart import Blueprint, Response, request

from fedorg.domain.instance import TextKind
from fedorg.errors import FedorgError, Forbidden, Invalid, NotFound
from fedorg.ids import ApplicationId
from fedorg.services import changing_address, instance, instance_texts, oauth, registration, users
from fedorg.services.users import SignedIn
from fedorg.text import markdown_to_html
from fedorg.web import limits
from fedorg.web.base import spend_together, this_node
from fedorg.web.site.meanings import meanings_of
from fedorg.web.site.sessions import for_everybody, go, members_only, page, rich, sign_in_browser

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@for_everybody
async def show_home(visitor: SignedIn | None) -> Response:
    """The front page, or a member's own."""
    if visitor is None:
        return await page("home.html", None)
    return await _member_page(visitor)


@blueprint.get("/about")
@for_everybody
async def show_about(visitor: SignedIn | None) -> Response:
    """What this node is, with whom it federates, whom to write to."""
    node = this_node()
    written = await instance_texts.find_text(node, TextKind.EXTENDED_DESCRIPTION)
    text = None if written is None else rich(markdown_to_html(written.source))
    return await page("about.html", visitor, facts=await instance.get_facts(node), text=text)


@blueprint.get("/privacy-policy")
@for_everybody
async def show_privacy_policy(visitor: SignedIn | None) -> Response:
    """The privacy policy."""
    return await _show_text(visitor, TextKind.PRIVACY_POLICY, "Privacy policy")


@blueprint.get("/terms-of-service")
@for_everybody
async def show_terms(visitor: SignedIn | None) -> Response:
    """The terms of service that hold today."""
    return await _show_text(visitor, TextKind.TERMS_OF_SERVICE, "Terms of service")


@blueprint.post("/account/applications/<id:application_id>/revoke")
@members_only
async def revoke_application(visitor: SignedIn, application_id: int) -> Response:
    """End what a program may do."""
    await oauth.revoke_application(this_node(), visitor.user.id, ApplicationId(application_id))
    return go("/")


@blueprint.post("/account/password")
@members_only
async def change_password(visitor: SignedIn) -> Response:
    """Set a password; every session ends, and this browser gets a new one."""
    await spend_together(limits.SIGN_IN_BY_NAME, limits.subject_of_name(visitor.user.username))
    form = await request.form
    if form.get("new", "") != form.get("again", ""):
        return await _member_page(visitor, status=422, problem=Invalid("The two new passwords differ"))
    try:
        user = await users.change_password(
            this_node(), visitor.user, current=form.get("current", ""), new=form.get("new", "")
        )
    except Invalid as problem:
        return await _member_page(visitor, status=422, problem=problem)
    return await sign_in_browser(go("/"), user)


@blueprint.post("/account/email")
@members_only
async def change_email(visitor: SignedIn) -> Response:
    """Ask for another e-mail address, with the password; limited like every guess at one, and by the address (S56)."""
    node = this_node()
    if not node.settings.sends_mail:
        raise NotFound
    form = await request.form
    email = form.get("email", "")
    await spend_together(limits.SIGN_IN_BY_NAME, limits.subject_of_name(visitor.user.username))
    await spend_together(limits.MAIL, limits.subject_of_name(email))
    try:
        await changing_address.ask(node, visitor.user, password=form.get("password", ""), email=email)
    except (Invalid, Forbidden) as problem:
        return await _member_page(visitor, status=422, email_problem=problem)
    return await _member_page(visitor, is_email_asked=True)


@blueprint.post("/account/invites")
@members_only
async def create_invite(visitor: SignedIn) -> Response:
    """Make a link with which one person may register."""
    await registration.create_invite(this_node(), visitor.user)
    return go("/#invites")


@blueprint.post("/account/waiting/<username>")
@members_only
async def answer_sign_up(visitor: SignedIn, username: str) -> Response:
    """Let in somebody who waits for approval, or turn them away."""
    if not visitor.user.is_administrator:
        raise Forbidden("Only administrators may do this")
    user = await users.get_by_username(this_node(), username)
    answer = users.approve if (await request.form).get("decision") == "approve" else users.reject
    await answer(this_node(), user, by=visitor.user.id)
    return go("/#waiting")


async def _show_text(visitor: SignedIn | None, kind: TextKind, title: str) -> Response:
    written = await instance_texts.find_text(this_node(), kind)
    if written is None:
        raise NotFound
    return await page("text.html", visitor, title=title, written=written, text=rich(markdown_to_html(written.source)))


async def _member_page(
    visitor: SignedIn,
    *,
    status: int = 200,
    problem: FedorgError | None = None,
    email_problem: FedorgError | None = None,
    is_email_asked: bool = False,
) -> Response:
    node = this_node()
    is_administrator = visitor.user.is_administrator
    invites = await registration.list_invites(node) if is_administrator else []
    authorized = await oauth.list_authorized(node, visitor.user.id)
    return await page(
        "member.html",
        visitor,
        status=status,
        problem=None if problem is None else str(problem),
        email_problem=None if email_problem is None else str(email_problem),
        is_email_asked=is_email_asked,
        accounts=await users.list_accounts(node, visitor.user.id),
        authorized=[(one, meanings_of(one.scopes)) for one in authorized],
        is_administrator=is_administrator,
        invites=[invite for invite in invites if registration.is_usable(node, invite)],
        waiting=await users.list_waiting(node) if is_administrator else [],
    )
