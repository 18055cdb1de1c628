"""``/api/v1/collections``. Spec: Mastodon API, methods/collections."""

from collections.abc import Sequence
from urllib.parse import urlencode

from quart import Blueprint, Response, request

from fedorg.domain.featured_collections import CollectionChange, FeaturedCollectionView
from fedorg.domain.pages import Window
from fedorg.errors import Invalid
from fedorg.ids import AccountId, CollectionId, CollectionItemId
from fedorg.serializers.featured_collections import (
    collection_entity,
    collection_item_entity,
    collection_with_accounts_entity,
)
from fedorg.services import featured_collections
from fedorg.web.auth import Viewer, id_of, open_to_public, requires
from fedorg.web.base import json_answer, refusal_of, this_node
from fedorg.web.params import Params, id_in, read_params

blueprint = Blueprint("featured_collections", __name__, url_prefix="/api/v1")


@blueprint.post("/collections")
@requires("write:collections")
async def create(viewer: Viewer) -> Response:
    """Make a collection of accounts to recommend."""
    params = await read_params()
    members = [_account(sent) for sent in params.texts("account_ids")]
    try:
        made = await featured_collections.create(this_node(), viewer.account, _change(params), members)
    except Invalid as problem:
        return _refused(problem)
    return _wrapped(made)


@blueprint.get("/collections/<id:collection_id>")
@open_to_public("read:collections")
async def show(viewer: Viewer | None, collection_id: CollectionId) -> Response:
    """A collection with the accounts it names."""
    node = this_node()
    found, people = await featured_collections.get(node, id_of(viewer), collection_id)
    return json_answer(collection_with_accounts_entity(found, people, node.uris))


@blueprint.route("/collections/<id:collection_id>", methods=["PUT", "PATCH"])
@requires("write:collections")
async def change(viewer: Viewer, collection_id: CollectionId) -> Response:
    """Change a collection of one's own."""
    wanted = _change(await read_params())
    try:
        changed = await featured_collections.change_collection(this_node(), viewer.account, collection_id, wanted)
    except Invalid as problem:
        return _refused(problem)
    return _wrapped(changed)


@blueprint.delete("/collections/<id:collection_id>")
@requires("write:collections")
async def delete(viewer: Viewer, collection_id: CollectionId) -> Response:
    """Remove a collection of one's own."""
    await featured_collections.delete(this_node(), viewer.account, collection_id)
    return json_answer({})


@blueprint.post("/collections/<id:collection_id>/items")
@requires("write:collections")
async def add(viewer: Viewer, collection_id: CollectionId) -> Response:
    """Put somebody into a collection of one's own."""
    sent = (await read_params()).text("account_id")
    if not sent:
        await featured_collections.require_own(this_node(), viewer.account, collection_id)
        raise Invalid("`account_id` parameter is missing")
    item = await featured_collections.add(this_node(), viewer.account, collection_id, _account(sent))
    return json_answer({"collection_item": collection_item_entity(item)})


@blueprint.delete("/collections/<id:collection_id>/items/<id:item_id>")
@requires("write:collections")
async def remove(viewer: Viewer, collection_id: CollectionId, item_id: CollectionItemId) -> Response:
    """Take somebody out of a collection of one's own."""
    await featured_collections.remove(this_node(), viewer.account, collection_id, item_id)
    return json_answer({})


@blueprint.post("/collections/<id:collection_id>/items/<id:item_id>/revoke")
@requires("write:collections")
async def revoke(viewer: Viewer, collection_id: CollectionId, item_id: CollectionItemId) -> Response:
    """Leave somebody's collection."""
    await featured_collections.revoke(this_node(), viewer.account, collection_id, item_id)
    return json_answer({})


@blueprint.get("/accounts/<id:account_id>/collections")
@open_to_public("read:collections")
async def list_of_account(viewer: Viewer | None, account_id: AccountId) -> Response:
    """The collections an account keeps."""
    window = (await read_params()).window(40, 80)
    return _page(await featured_collections.list_of_account(this_node(), id_of(viewer), account_id, window), window)


@blueprint.get("/accounts/<id:account_id>/in_collections")
@open_to_public("read:collections")
async def list_holding(viewer: Viewer | None, account_id: AccountId) -> Response:
    """The collections an account is in."""
    window = (await read_params()).window(40, 80)
    return _page(await featured_collections.list_holding(this_node(), id_of(viewer), account_id, window), window)


def _change(params: Params) -> CollectionChange:
    return CollectionChange(
        name=params.text("name"),
        description=params.text("description"),
        language=params.text("language"),
        tag=params.text("tag_name"),
        sensitive=params.flag("sensitive"),
        discoverable=params.flag("discoverable"),
    )


def _account(sent: str) -> AccountId | None:
    """The account that a text names; None for what names none."""
    number = id_in(sent)
    return None if number is None else AccountId(number)


def _wrapped(view: FeaturedCollectionView) -> Response:
    return json_answer({"collection": collection_entity(view, this_node().uris)})


def _refused(problem: Invalid) -> Response:
    # Mastodon wraps what is wrong with a collection once more.
    return json_answer({"error": {"details": {}, **refusal_of(problem)}}, 422)


def _page(found: Sequence[FeaturedCollectionView], window: Window) -> Response:
    uris = this_node().uris
    entities = [collection_entity(one, uris) for one in found]
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "offset"]
    base = f"{uris.base}{request.path}"

    def link(offset: int, relation: str) -> str:
        return f'<{base}?{urlencode([*kept, ("offset", str(offset))])}>; rel="{relation}"'

    links = [link(window.offset + window.limit, "next")] if len(found) == window.limit else []
    if window.offset:
        links.append(link(max(0, window.offset - window.limit), "prev"))
    return json_answer({"collections": entities}, headers={"Link": ", ".join(links)} if links else None)
