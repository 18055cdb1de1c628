"""Signing in and out: by name and password, or by a one-time link.

Opening a link shows a button, and only pressing it uses the link up: programs that preview links sign nobody in.
"""

from quart import Blueprint, Response, request

from fedorg.errors import Forbidden, NotFound, Unauthorized
from fedorg.services import users
from fedorg.services.users import SignedIn
from fedorg.web import limits
from fedorg.web.base import spend_together, spend_together_by_address, this_node
from fedorg.web.site.sessions import (
    for_everybody,
    go,
    members_only,
    page,
    path_of,
    sign_in_browser,
    sign_out_browser,
)

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/auth/sign_in")
@for_everybody
async def show_sign_in(visitor: SignedIn | None) -> Response:
    """The form."""
    return await page("sign_in.html", visitor, back=path_of(request.args.get("next")), name="", problem=None)


@blueprint.post("/auth/sign_in")
@for_everybody
async def sign_in(visitor: SignedIn | None) -> Response:
    """Check name and password; limited by address and by the name that is tried (S56)."""
    form = await request.form
    name, back = form.get("name", ""), path_of(form.get("next"))
    await spend_together_by_address(limits.SIGN_IN_BY_ADDRESS)
    await spend_together(limits.SIGN_IN_BY_NAME, limits.subject_of_name(name))
    try:
        user = await users.sign_in(this_node(), name, form.get("password", ""))
        return await sign_in_browser(go(back), user)
    except (Unauthorized, Forbidden) as problem:
        status = 401 if isinstance(problem, Unauthorized) else 403
        return await page("sign_in.html", visitor, status=status, back=back, name=name, problem=str(problem))


@blueprint.get("/auth/sign_in/link/<token>")
@for_everybody
async def show_link(visitor: SignedIn | None, token: str) -> Response:
    """Whom a link signs in, and the button that does."""
    await spend_together_by_address(limits.SIGN_IN_BY_ADDRESS)
    user = await users.find_link_user(this_node(), token)
    if user is None:
        raise NotFound("This link was used already, or is too old. Ask for a new one.")
    return await page("link.html", visitor, headers={"Referrer-Policy": "no-referrer"}, username=user.username)


@blueprint.post("/auth/sign_in/link/<token>")
@for_everybody
async def use_link(_visitor: SignedIn | None, token: str) -> Response:
    """Sign in by a link, once."""
    await spend_together_by_address(limits.SIGN_IN_BY_ADDRESS)
    user = await users.consume_sign_in_link(this_node(), token)
    return await sign_in_browser(go("/"), user)


@blueprint.post("/auth/sign_out")
@members_only
async def sign_out(_visitor: SignedIn) -> Response:
    """End this browser's session."""
    return await sign_out_browser(go("/"))
