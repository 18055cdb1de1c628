"""The page on which a member names other accounts of theirs, moves to one, or comes back."""

from quart import Blueprint, Response, request

from fedorg.errors import FedorgError, Forbidden, Invalid, NotFound
from fedorg.services import accounts, moving
from fedorg.services.users import SignedIn
from fedorg.web import limits
from fedorg.web.base import spend_together, this_node
from fedorg.web.site.done import Done
from fedorg.web.site.sessions import go, members_only, page

blueprint = Blueprint("moving", __name__)

_PAGE = "/account/move"


@blueprint.get(_PAGE)
@members_only
async def show_moving(visitor: SignedIn) -> Response:
    """Aliases, and the form to move."""
    return await _page(visitor)


@blueprint.post(f"{_PAGE}/aliases")
@members_only
async def change_aliases(visitor: SignedIn) -> Response:
    """Name an account as one's own, or no longer."""
    form = await request.form
    name = form.get("account", "")
    try:
        if form.get("decision") == "remove":
            await moving.remove_alias(this_node(), visitor.account, name)
            return go(_PAGE, Done.ALIAS_REMOVED)
        await moving.add_alias(this_node(), visitor.account, name)
    except (Invalid, Forbidden, NotFound) as problem:
        return await _page(visitor, problem, alias=name)
    return go(_PAGE, Done.ALIAS_ADDED)


@blueprint.post(_PAGE)
@members_only
async def move(visitor: SignedIn) -> Response:
    """Move to another account; the password is asked for once more."""
    await spend_together(limits.SIGN_IN_BY_NAME, limits.subject_of_name(visitor.user.username))
    form = await request.form
    name = form.get("account", "")
    try:
        await moving.move_with_password(this_node(), visitor.user, visitor.account, name, form.get("password", ""))
    except (Invalid, Forbidden, NotFound) as problem:
        return await _page(visitor, problem, target=name)
    return go(_PAGE, Done.MOVED)


@blueprint.post(f"{_PAGE}/cancel")
@members_only
async def cancel_move(visitor: SignedIn) -> Response:
    """Use an account that moved again."""
    try:
        await moving.cancel_move(this_node(), visitor.account, by=visitor.user.id)
    except Invalid as problem:
        return await _page(visitor, problem)
    return go(_PAGE, Done.MOVE_CANCELLED)


async def _page(
    visitor: SignedIn, problem: FedorgError | None = None, *, alias: str = "", target: str = ""
) -> Response:
    node = this_node()
    account = await accounts.get_account(node, visitor.account.id)
    return await page(
        "move.html",
        visitor,
        status=200 if problem is None else 422,
        problem=None if problem is None else str(problem),
        account=account,
        aliases=await moving.list_aliases(node, account),
        typed_alias=alias,
        typed_target=target,
    )
