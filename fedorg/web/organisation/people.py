"""``/api/fedorg/v1/people``: the people of the organisation, over all of its nodes."""

from typing import Final

from quart import Blueprint, Response

from fedorg.serializers.people import department_entity, expert_entity, person_entity, work_entity
from fedorg.services import people
from fedorg.web.auth import Viewer, requires
from fedorg.web.base import json_answer, this_node
from fedorg.web.params import read_params

blueprint: Final = Blueprint("people", __name__, url_prefix="/api/fedorg/v1/people")


@blueprint.get("")
@requires("read:accounts")
async def list_people(viewer: Viewer) -> Response:
    """Colleagues by name; ``q`` narrows by name, work or hashtag, ``department`` to one department."""
    params = await read_params()
    node, window = this_node(), params.window(40, 80)
    found = await people.search(
        node,
        viewer.account.id,
        params.text("q") or "",
        department=params.text("department") or None,
        limit=window.limit,
        offset=window.offset,
    )
    return json_answer([person_entity(person, node.uris) for person in found])


@blueprint.get("/departments")
@requires("read:accounts")
async def list_departments(viewer: Viewer) -> Response:
    """The departments colleagues name, with how many do."""
    found = await people.list_departments(this_node(), viewer.account.id)
    return json_answer([department_entity(one) for one in found])


@blueprint.get("/experts")
@requires("read:accounts")
async def list_experts(viewer: Viewer) -> Response:
    """Who knows about ``q``, the likeliest first, and why this is thought."""
    params = await read_params()
    node = this_node()
    found = await people.list_experts(node, viewer.account.id, params.text("q") or "", params.page(20, 40).limit)
    return json_answer([expert_entity(expert, node.uris) for expert in found])


@blueprint.get("/me")
@requires("profile")
async def show_work(viewer: Viewer) -> Response:
    """Where one works, and as what."""
    return json_answer(work_entity(await people.get_work(this_node(), viewer.account.id)))


@blueprint.patch("/me")
@requires("write:accounts")
async def change_work(viewer: Viewer) -> Response:
    """Say where one works (``department``) and as what (``job_title``)."""
    params = await read_params()
    work = await people.change_work(
        this_node(), viewer.account, department=params.text("department"), job_title=params.text("job_title")
    )
    return json_answer(work_entity(work))
