"""``/api/v1/annual_reports``. Spec: Mastodon API, methods/annual_reports."""

from quart import Blueprint, Response

from fedorg.domain.annual_reports import ReportState
from fedorg.errors import NotFound
from fedorg.serializers.annual_reports import annual_reports_entity
from fedorg.services import annual_reports
from fedorg.web.auth import Viewer, requires
from fedorg.web.base import json_answer, this_node
from fedorg.web.params import id_in

blueprint = Blueprint("annual_reports", __name__, url_prefix="/api/v1/annual_reports")


@blueprint.get("")
@requires("read:accounts")
async def list_reports(viewer: Viewer) -> Response:
    """The reports that were made for one."""
    node = this_node()
    return json_answer(annual_reports_entity(await annual_reports.list_reports(node, viewer.account), node.uris))


@blueprint.get("/<year>")
@requires("read:accounts")
async def show(viewer: Viewer, year: str) -> Response:
    """The report of one year."""
    node = this_node()
    return json_answer(
        annual_reports_entity(await annual_reports.get_report(node, viewer.account, _year(year)), node.uris)
    )


@blueprint.get("/<year>/state")
@requires("read:accounts")
async def show_state(viewer: Viewer, year: str) -> Response:
    """Whether there is one, or could be."""
    state = await annual_reports.get_state(this_node(), viewer.account.id, _year(year))
    return json_answer({"state": state.value})


@blueprint.post("/<year>/generate")
@requires("write:accounts")
async def generate(viewer: Viewer, year: str) -> Response:
    """Have it made; 202 while it is."""
    state = await annual_reports.ask(this_node(), viewer.account.id, _year(year))
    return json_answer({}, 202 if state is ReportState.GENERATING else 200)


@blueprint.post("/<year>/read")
@requires("write:accounts")
async def read(viewer: Viewer, year: str) -> Response:
    """Say that one has read it."""
    await annual_reports.mark_read(this_node(), viewer.account.id, _year(year))
    return json_answer({})


def _year(written: str) -> int:
    """The year in an address, of which it is a part and no id."""
    number = id_in(written)
    if number is None:
        raise NotFound
    return number
