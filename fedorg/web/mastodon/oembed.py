"""How other sites show a public status. Spec: Mastodon API, methods/oembed; oembed.com."""

from typing import Final

from quart import Blueprint, Response

from fedorg.errors import NotFound
from fedorg.serializers.oembed import HEIGHT, WIDTH, oembed_entity
from fedorg.services import search
from fedorg.web.auth import public
from fedorg.web.base import json_answer, this_node
from fedorg.web.params import read_params

blueprint = Blueprint("oembed", __name__, url_prefix="/api")

_SIDE_MIN: Final = 100
_SIDE_MAX: Final = 4096


@blueprint.get("/oembed")
@public
async def show_embed() -> Response:
    """What another site shows for the address of a status that everybody may see."""
    node, params = this_node(), await read_params()
    if params.text("format") not in (None, "", "json"):
        raise NotFound
    found = await search.find_status(node, None, params.required("url"))
    if not found or not found[0].account.is_local or found[0].status.reblog_of_id is not None:
        raise NotFound
    width, height = (
        default if wanted is None else max(_SIDE_MIN, min(wanted, _SIDE_MAX))
        for default, wanted in ((WIDTH, params.integer("maxwidth")), (HEIGHT, params.integer("maxheight")))
    )
    return json_answer(oembed_entity(found[0], node.settings, node.uris, width=width, height=height))
