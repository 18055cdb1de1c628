"""The front door: what this node is, and for a member, what they can see to here."""

from typing import Final

from quart import Blueprint, Response, request

from fedorg.domain.instance import TextKind
from fedorg.errors import Forbidden, NotFound
from fedorg.ids import ApplicationId, InviteId
from fedorg.services import instance, instance_texts, oauth, registration, users
from fedorg.services.users import SignedIn
from fedorg.text import markdown_to_html
from fedorg.web.base import this_node
from fedorg.web.site.done import Done
from fedorg.web.site.meanings import meanings_of
from fedorg.web.site.sessions import for_everybody, go, members_only, page, rich

blueprint = Blueprint("home", __name__)

LISTED_MAX: Final = 50


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
    return go("/", Done.PROGRAM_ENDED)


@blueprint.post("/account/invites")
@members_only
async def create_invite(visitor: SignedIn) -> Response:
    """Make a link with which one person may register."""
    await registration.create_invite(this_node(), visitor.user)
    return go("/", Done.INVITED)


@blueprint.post("/account/invites/<id:invite_id>/take_back")
@members_only
async def take_back_invite(visitor: SignedIn, invite_id: int) -> Response:
    """Let nobody register with an invitation any more."""
    await registration.take_back_invite(this_node(), InviteId(invite_id), visitor.user)
    return go("/", Done.INVITATION_TAKEN_BACK)


@blueprint.post("/account/waiting/<username>")
@members_only
async def answer_sign_up(visitor: SignedIn, username: str) -> Response:
    """Let in somebody who waits for approval, or turn them away when that was confirmed."""
    if not visitor.user.is_administrator:
        raise Forbidden("Only administrators may do this")
    node, form = this_node(), await request.form
    user = await users.get_by_username(node, username)
    if form.get("decision") == "approve":
        await users.approve(node, user, by=visitor.user.id)
        return go("/", Done.APPROVED)
    if "confirmed" not in form:
        return await _member_page(visitor, status=422, problem="Nothing was done: say first that it is meant")
    await users.reject(node, user, by=visitor.user.id)
    return go("/", Done.TURNED_AWAY)


async def _show_text(visitor: SignedIn | None, kind: TextKind, title: str) -> Response:
    written = await instance_texts.find_text(this_node(), kind)
    if written is None:
        raise NotFound
    return await page("text.html", visitor, title=title, written=written, text=rich(markdown_to_html(written.source)))


async def _member_page(visitor: SignedIn, *, status: int = 200, problem: str | None = None) -> Response:
    node = this_node()
    is_administrator = visitor.user.is_administrator
    invites = await registration.list_usable_invites(node) if is_administrator else []
    authorized = await oauth.list_authorized(node, visitor.user.id, LISTED_MAX + 1)
    waiting = await users.list_waiting(node, LISTED_MAX + 1) if is_administrator else []
    return await page(
        "member.html",
        visitor,
        status=status,
        problem=problem,
        accounts=await users.list_accounts(node, visitor.user.id),
        authorized=[(one, meanings_of(one.scopes)) for one in authorized[:LISTED_MAX]],
        are_more_authorized=len(authorized) > LISTED_MAX,
        is_administrator=is_administrator,
        invites=invites,
        are_makers_named=any(maker != visitor.user.username for _, maker in invites),
        waiting=waiting[:LISTED_MAX],
        are_more_waiting=len(waiting) > LISTED_MAX,
    )
