"""Discovery: WebFinger, host-meta and NodeInfo, on the handle domain and on the web domain alike."""

from typing import Final

from quart import Blueprint, Response

from federation.discovery import JRD_TYPE, XRD_TYPE, render_host_meta_json, render_host_meta_xrd, render_jrd
from federation.nodeinfo import VERSIONS, content_type, render_nodeinfo
from fedorg.activitypub import discovery
from fedorg.errors import BadRequest, NotFound
from fedorg.web.activitypub.requests import count_request
from fedorg.web.base import json_answer, this_node
from fedorg.web.params import read_params

blueprint: Final = Blueprint("wellknown", __name__)
blueprint.before_request(count_request)

_PUBLIC: Final = {"Cache-Control": "public, max-age=300"}


@blueprint.get("/.well-known/webfinger")
async def get_webfinger() -> Response:
    """Who is ``acct:name@domain``?"""
    resource = (await read_params()).text("resource") or ""
    if not resource:
        raise BadRequest("The resource parameter is missing")
    answer = json_answer(render_jrd(await discovery.webfinger(this_node(), resource)), headers=_PUBLIC)
    answer.content_type = JRD_TYPE
    return answer


@blueprint.get("/.well-known/host-meta")
async def get_host_meta() -> Response:
    """Where to ask about people, for those who ask for XML."""
    document = render_host_meta_xrd(discovery.host_meta_template(this_node()))
    return Response(document, content_type=f"{XRD_TYPE}; charset=utf-8", headers=_PUBLIC)


@blueprint.get("/.well-known/host-meta.json")
async def get_host_meta_json() -> Response:
    """Where to ask about people."""
    return json_answer(render_host_meta_json(discovery.host_meta_template(this_node())), headers=_PUBLIC)


@blueprint.get("/.well-known/nodeinfo")
async def get_nodeinfo_links() -> Response:
    """Where the statements of this node are."""
    return json_answer(discovery.node_info_links(this_node()), headers=_PUBLIC)


@blueprint.get("/nodeinfo/<wanted>")
async def get_nodeinfo(wanted: str) -> Response:
    """What software this is, and how large."""
    version = next((known for known in VERSIONS if known == wanted), None)
    if version is None:
        raise NotFound
    answer = json_answer(render_nodeinfo(await discovery.node_info(this_node()), version), headers=_PUBLIC)
    answer.content_type = content_type(version)
    return answer
