"""What a node counts about itself. Spec: Mastodon API, methods/admin/measures, dimensions and retention."""

from enum import StrEnum
from typing import Final, TypeVar

from quart import Blueprint, Response

from fedorg.domain.measures import DimensionKey, Frequency, MeasureKey, Period, Target
from fedorg.domain.moderation import Operation
from fedorg.errors import BadRequest, Invalid
from fedorg.serializers.measures import cohort_entity, dimension_entity, measure_entity
from fedorg.services import measures
from fedorg.web.auth import Viewer, requires_staff
from fedorg.web.base import json_answer, this_node
from fedorg.web.params import Params, id_in, read_params

blueprint = Blueprint("admin_measures", __name__, url_prefix="/api/v1/admin")

Key = TypeVar("Key", bound=StrEnum)

_RANKED: Final = 10
_RANKED_MAX: Final = 100


@blueprint.post("/measures")
@requires_staff(Operation.READ_MEASURES)
async def list_measures(_viewer: Viewer) -> Response:
    """Numbers of the node by day: active and new users, interactions, reports, a hashtag, another server."""
    params = await read_params()
    period, wanted = _required_period(params), _wanted(params, MeasureKey)
    found = await measures.list_measures(this_node(), wanted, period)
    return json_answer([measure_entity(one, period) for one in found])


@blueprint.post("/dimensions")
@requires_staff(Operation.READ_MEASURES)
async def list_dimensions(_viewer: Viewer) -> Response:
    """What is most used, and what the node runs: languages, programs, servers, space, versions."""
    node, params = this_node(), await read_params()
    period = _period(params) or measures.lately(node.now())
    limit = params.integer("limit")
    found = await measures.list_dimensions(
        node, _wanted(params, DimensionKey), period, _RANKED if limit is None else max(1, min(limit, _RANKED_MAX))
    )
    return json_answer([dimension_entity(one) for one in found])


@blueprint.post("/retention")
@requires_staff(Operation.READ_MEASURES)
async def list_cohorts(_viewer: Viewer) -> Response:
    """How many of those who registered stay, by day or month; nothing where a parameter is missing."""
    params = await read_params()
    period, frequency = _period(params), params.text("frequency")
    if period is None or not frequency:
        return json_answer([])
    # What is no frequency means days.
    chosen = Frequency.MONTH if frequency == Frequency.MONTH else Frequency.DAY
    return json_answer([cohort_entity(one) for one in await measures.list_cohorts(this_node(), period, chosen)])


def _required_period(params: Params) -> Period:
    for name in ("start_at", "end_at"):
        params.required(name)
    period = _period(params)
    if period is None:
        raise Invalid("Validation failed: start_at can't be blank")
    return period


def _period(params: Params) -> Period | None:
    start, end = params.moment("start_at"), params.moment("end_at")
    return None if start is None or end is None else measures.period_between(start, end)


def _wanted(params: Params, kind: type[Key]) -> dict[Key, Target]:
    """Which keys are asked for, each once; what nobody knows is left out, as in Mastodon."""
    known = frozenset(kind)
    return {kind(text): _target(params, text) for text in params.texts("keys") if text in known}


def _target(params: Params, key: str) -> Target:
    about, _, _ = key.partition("_")
    if about == "tag":
        # What is no id names nothing.
        return Target(tag_id=id_in(_nested(params, key, "id")) or 0)
    if about == "instance":
        return Target(domain=_nested(params, key, "domain").strip().lower())
    return Target()


def _nested(params: Params, key: str, name: str) -> str:
    text = params.text(f"{key}[{name}]")
    if not text:
        raise BadRequest(f"param is missing or the value is empty or invalid: {key}")
    return text
