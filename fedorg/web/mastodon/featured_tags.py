"""Hashtags on profiles. Spec: Mastodon API, methods/featured_tags, methods/tags and methods/accounts#featured_tags."""

from quart import Blueprint, Response

from fedorg.domain.accounts import Account
from fedorg.domain.featured import FeaturedTagView
from fedorg.ids import AccountId
from fedorg.serializers.featured_tags import featured_tag_entity
from fedorg.serializers.search import tag_entity
from fedorg.services import accounts, featured_tags
from fedorg.web.auth import Viewer, id_of, open_to_public, requires
from fedorg.web.base import json_answer, this_node
from fedorg.web.params import read_params

blueprint = Blueprint("featured_tags", __name__, url_prefix="/api/v1")


@blueprint.get("/featured_tags")
@requires("read:accounts")
async def list_own(viewer: Viewer) -> Response:
    """The hashtags one shows on one's profile."""
    found = await featured_tags.list_of_account(this_node(), viewer.account.id, viewer.account.id)
    return _answer(found, viewer.account)


@blueprint.post("/featured_tags")
@requires("write:accounts")
async def feature(viewer: Viewer) -> Response:
    """Show a hashtag on one's profile."""
    name = (await read_params()).text("name") or ""
    made = await featured_tags.feature(this_node(), viewer.account, name)
    return json_answer(featured_tag_entity(made, viewer.account, this_node().uris))


@blueprint.delete("/featured_tags/<id:row_id>")
@requires("write:accounts")
async def unfeature(viewer: Viewer, row_id: int) -> Response:
    """Show a hashtag no more."""
    await featured_tags.unfeature(this_node(), viewer.account, row_id)
    return json_answer({})


@blueprint.get("/featured_tags/suggestions")
@requires("read:accounts")
async def list_suggestions(viewer: Viewer) -> Response:
    """The hashtags one uses most and does not show yet."""
    found = await featured_tags.list_suggestions(this_node(), viewer.account.id)
    return json_answer([tag_entity(view, this_node().uris) for view in found])


@blueprint.get("/accounts/<id:account_id>/featured_tags")
@open_to_public("read:accounts")
async def list_of_account(viewer: Viewer | None, account_id: AccountId) -> Response:
    """The hashtags on somebody's profile."""
    account = await accounts.get_account(this_node(), account_id)
    return _answer(await featured_tags.list_of_account(this_node(), id_of(viewer), account_id), account)


@blueprint.post("/tags/<name>/feature")
@requires("write:accounts")
async def feature_by_name(viewer: Viewer, name: str) -> Response:
    """Show a hashtag on one's profile; once or twice is the same."""
    view = await featured_tags.feature_by_name(this_node(), viewer.account, name)
    return json_answer(tag_entity(view, this_node().uris))


@blueprint.post("/tags/<name>/unfeature")
@requires("write:accounts")
async def unfeature_by_name(viewer: Viewer, name: str) -> Response:
    """Show a hashtag no more; not to show it is no fault."""
    view = await featured_tags.unfeature_by_name(this_node(), viewer.account, name)
    return json_answer(tag_entity(view, this_node().uris))


def _answer(found: list[FeaturedTagView], account: Account) -> Response:
    return json_answer([featured_tag_entity(view, account, this_node().uris) for view in found])
