"""``/api/fedorg/v1/admin/peers``: other servers, with or without a partnership, for administrators."""

from typing import Final

from quart import Blueprint, Response

from fedorg.activitypub import trying
from fedorg.domain.moderation import Operation
from fedorg.domain.partnerships import GrantChange
from fedorg.domain.peer_lists import ListKind
from fedorg.domain.visibility import Reach, Tier
from fedorg.errors import Invalid
from fedorg.serializers.peers import import_entity, peer_entity
from fedorg.services import peer_lists, peers
from fedorg.web.auth import Viewer, requires_staff
from fedorg.web.base import json_answer, this_node
from fedorg.web.params import read_params

blueprint: Final = Blueprint("peers", __name__, url_prefix="/api/fedorg/v1/admin/peers")

LINES_MAX: Final = 2000
"""A longer list is for the command line: each line is a transaction of its own."""


@blueprint.get("")
@requires_staff(Operation.READ_PARTNERSHIPS)
async def list_peers(_viewer: Viewer) -> Response:
    """The servers this node has heard of, by domain; `limit` (100, at most 200) and `offset`."""
    window = (await read_params()).window(100, 200)
    found = await peers.list_peers(this_node(), limit=window.limit, offset=window.offset)
    return json_answer([peer_entity(one) for one in found])


@blueprint.get("/<domain>")
@requires_staff(Operation.READ_PARTNERSHIPS)
async def get_peer(_viewer: Viewer, domain: str) -> Response:
    """One of them."""
    return json_answer(peer_entity(await peers.get_peer(this_node(), domain)))


@blueprint.patch("/<domain>")
@requires_staff(Operation.WRITE_PARTNERSHIPS)
async def change(viewer: Viewer, domain: str) -> Response:
    """Say what a server is (`tier`), and how much passes (`largest_reach`, `direct_messages`, `directory`, `media`)."""
    params = await read_params()
    tier = params.choice("tier", Tier)
    wanted = GrantChange(
        largest_reach=params.choice("largest_reach", Reach),
        direct_messages=params.flag("direct_messages"),
        directory=params.flag("directory"),
        media=params.flag("media"),
    )
    if tier is None and wanted == GrantChange():
        raise Invalid("Validation failed: tier can't be blank")
    return json_answer(peer_entity(await peers.decide(this_node(), domain, tier=tier, wanted=wanted, by=viewer.user)))


@blueprint.post("/<domain>/test")
@requires_staff(Operation.WRITE_PARTNERSHIPS)
async def try_peer(_viewer: Viewer, domain: str) -> Response:
    """Try the way to a server step by step: `step`, `works`, `told`."""
    return json_answer(await trying.try_peer(this_node(), domain))


@blueprint.post("/<domain>/retry")
@requires_staff(Operation.WRITE_PARTNERSHIPS)
async def retry(viewer: Viewer, domain: str) -> Response:
    """Give what was given up another week, from now on."""
    summary, _ = await peers.retry_deliveries(this_node(), domain, viewer.user)
    return json_answer(peer_entity(summary))


@blueprint.get("/lists/<kind>.csv")
@requires_staff(Operation.READ_PARTNERSHIPS)
async def export_csv(_viewer: Viewer, kind: str) -> Response:
    """The servers that are blocked (`blocks`) or allowed (`allows`), in Mastodon's columns."""
    return Response(await peer_lists.export_csv(this_node(), kind_named(kind)), content_type="text/csv; charset=utf-8")


@blueprint.get("/lists/servers.json")
@requires_staff(Operation.READ_PARTNERSHIPS)
async def export_json(_viewer: Viewer) -> Response:
    """Everything that was decided about servers, for another node."""
    told = await peer_lists.export_json(this_node(), frozenset(ListKind))
    return Response(told, content_type="application/json; charset=utf-8")


@blueprint.post("/lists")
@requires_staff(Operation.WRITE_PARTNERSHIPS)
async def import_list(viewer: Viewer) -> Response:
    """Block and allow the servers of a `list` (a file or text) of a `kind`; `dry_run`, `overwrite`; up to 2000."""
    params = await read_params()
    kind = params.choice("kind", ListKind)
    uploaded = params.files("list")
    content = uploaded[0].read() if uploaded else params.required("list").encode()
    is_dry = params.flag("dry_run") is True
    listed = peer_lists.read_list(content, kind)
    if len(listed) > LINES_MAX:
        raise Invalid(f"At most {LINES_MAX} lines here; `fedorg peer import` takes more")
    overwrites = params.flag("overwrite") is True
    found = await peer_lists.import_list(this_node(), listed, is_dry=is_dry, overwrites=overwrites, by=viewer.user)
    return json_answer(import_entity(found, is_dry=is_dry))


def kind_named(kind: str) -> ListKind:
    """What a list is about; raises ``Invalid``."""
    try:
        return ListKind(kind)
    except ValueError:
        raise Invalid("A list is of blocks or of allows") from None
