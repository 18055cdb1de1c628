"""``/api/v2/filters`` and ``/api/v1/filters``. Spec: Mastodon API, methods/filters."""

from quart import Blueprint, Response

from fedorg.domain.filters import FilterAction, FilterDraft, KeywordChange
from fedorg.errors import Invalid, NotFound
from fedorg.ids import StatusId
from fedorg.serializers.filters import filter_entity, filter_status_entity, keyword_entity, v1_filter_entity
from fedorg.services import filters
from fedorg.web.auth import Viewer, requires
from fedorg.web.base import json_answer, this_node
from fedorg.web.params import Params, flag_in, id_in, read_params

blueprint = Blueprint("filters", __name__, url_prefix="/api")


@blueprint.get("/v2/filters")
@requires("read:filters")
async def list_filters(viewer: Viewer) -> Response:
    """One's filters with all that is in them."""
    return json_answer([filter_entity(one) for one in await filters.list_filters(this_node(), viewer.account.id)])


@blueprint.post("/v2/filters")
@requires("write:filters")
async def create_filter(viewer: Viewer) -> Response:
    """Make a filter, keywords included."""
    draft = _draft(await read_params())
    return json_answer(filter_entity(await filters.create_filter(this_node(), viewer.account.id, draft)))


@blueprint.get("/v2/filters/<id:filter_id>")
@requires("read:filters")
async def get_filter(viewer: Viewer, filter_id: int) -> Response:
    """One filter."""
    return json_answer(filter_entity(await filters.get_filter(this_node(), viewer.account.id, filter_id)))


@blueprint.put("/v2/filters/<id:filter_id>")
@requires("write:filters")
async def update_filter(viewer: Viewer, filter_id: int) -> Response:
    """Change a filter, keywords included."""
    draft = _draft(await read_params())
    return json_answer(filter_entity(await filters.update_filter(this_node(), viewer.account.id, filter_id, draft)))


@blueprint.delete("/v2/filters/<id:filter_id>")
@requires("write:filters")
async def delete_filter(viewer: Viewer, filter_id: int) -> Response:
    """Remove a filter."""
    await filters.delete_filter(this_node(), viewer.account.id, filter_id)
    return json_answer({})


@blueprint.get("/v2/filters/<id:filter_id>/keywords")
@requires("read:filters")
async def list_keywords(viewer: Viewer, filter_id: int) -> Response:
    """The keywords of a filter."""
    found = await filters.get_filter(this_node(), viewer.account.id, filter_id)
    return json_answer([keyword_entity(word) for word in found.keywords])


@blueprint.post("/v2/filters/<id:filter_id>/keywords")
@requires("write:filters")
async def add_keyword(viewer: Viewer, filter_id: int) -> Response:
    """Add a keyword to a filter."""
    change = _keyword(await read_params())
    return json_answer(keyword_entity(await filters.add_keyword(this_node(), viewer.account.id, filter_id, change)))


@blueprint.get("/v2/filters/keywords/<id:keyword_id>")
@requires("read:filters")
async def get_keyword(viewer: Viewer, keyword_id: int) -> Response:
    """One keyword."""
    found = await filters.get_keyword(this_node(), viewer.account.id, keyword_id)
    return json_answer(keyword_entity(found.keyword))


@blueprint.put("/v2/filters/keywords/<id:keyword_id>")
@requires("write:filters")
async def update_keyword(viewer: Viewer, keyword_id: int) -> Response:
    """Change a keyword."""
    change = _keyword(await read_params(), keyword_id)
    return json_answer(keyword_entity(await filters.update_keyword(this_node(), viewer.account.id, change)))


@blueprint.delete("/v2/filters/keywords/<id:keyword_id>")
@requires("write:filters")
async def delete_keyword(viewer: Viewer, keyword_id: int) -> Response:
    """Remove a keyword."""
    await filters.delete_keyword(this_node(), viewer.account.id, keyword_id)
    return json_answer({})


@blueprint.get("/v2/filters/<id:filter_id>/statuses")
@requires("read:filters")
async def list_statuses(viewer: Viewer, filter_id: int) -> Response:
    """The statuses named in a filter."""
    found = await filters.get_filter(this_node(), viewer.account.id, filter_id)
    return json_answer([filter_status_entity(entry) for entry in found.statuses])


@blueprint.post("/v2/filters/<id:filter_id>/statuses")
@requires("write:filters")
async def add_status(viewer: Viewer, filter_id: int) -> Response:
    """Name a status in a filter."""
    status_id = id_in((await read_params()).required("status_id"))
    if status_id is None:
        raise NotFound
    entry = await filters.add_status(this_node(), viewer.account.id, filter_id, StatusId(status_id))
    return json_answer(filter_status_entity(entry))


@blueprint.get("/v2/filters/statuses/<id:entry_id>")
@requires("read:filters")
async def get_status(viewer: Viewer, entry_id: int) -> Response:
    """One entry for a status."""
    return json_answer(filter_status_entity(await filters.get_status(this_node(), viewer.account.id, entry_id)))


@blueprint.delete("/v2/filters/statuses/<id:entry_id>")
@requires("write:filters")
async def delete_status(viewer: Viewer, entry_id: int) -> Response:
    """Remove the entry for a status."""
    await filters.delete_status(this_node(), viewer.account.id, entry_id)
    return json_answer({})


@blueprint.get("/v1/filters")
@requires("read:filters")
async def list_phrases(viewer: Viewer) -> Response:
    """Each keyword as a filter, for older clients."""
    found = await filters.list_keywords(this_node(), viewer.account.id)
    return json_answer([v1_filter_entity(one.filter, one.keyword) for one in found])


@blueprint.post("/v1/filters")
@requires("write:filters")
async def create_phrase(viewer: Viewer) -> Response:
    """Make a filter of one keyword."""
    draft = _phrase(await read_params())
    if not draft.title:
        raise Invalid("Validation failed: Phrase can't be blank")
    made = await filters.create_phrase(this_node(), viewer.account.id, draft)
    return json_answer(v1_filter_entity(made.filter, made.keyword))


@blueprint.get("/v1/filters/<id:keyword_id>")
@requires("read:filters")
async def get_phrase(viewer: Viewer, keyword_id: int) -> Response:
    """One keyword as a filter."""
    found = await filters.get_keyword(this_node(), viewer.account.id, keyword_id)
    return json_answer(v1_filter_entity(found.filter, found.keyword))


@blueprint.put("/v1/filters/<id:keyword_id>")
@requires("write:filters")
async def update_phrase(viewer: Viewer, keyword_id: int) -> Response:
    """Change a keyword and the filter around it."""
    draft = _phrase(await read_params())
    changed = await filters.update_phrase(this_node(), viewer.account.id, keyword_id, draft)
    return json_answer(v1_filter_entity(changed.filter, changed.keyword))


@blueprint.delete("/v1/filters/<id:keyword_id>")
@requires("write:filters")
async def delete_phrase(viewer: Viewer, keyword_id: int) -> Response:
    """Remove a keyword, and its filter when that is empty."""
    await filters.delete_phrase(this_node(), viewer.account.id, keyword_id)
    return json_answer({})


def _draft(params: Params) -> FilterDraft:
    return FilterDraft(
        title=params.text("title"),
        contexts=params.texts("context") if params.has("context") else None,
        action=params.text("filter_action"),
        sets_expiry=params.has("expires_in"),
        expires_in=params.integer("expires_in"),
        keywords=tuple(_row(row) for row in params.rows("keywords_attributes")),
    )


def _row(row: dict[str, str]) -> KeywordChange:
    number = row.get("id", "")
    keyword_id = id_in(number) if number else None
    if number and keyword_id is None:
        raise NotFound
    whole_word = row.get("whole_word")
    return KeywordChange(
        id=keyword_id,
        keyword=row.get("keyword"),
        whole_word=None if whole_word is None else flag_in(whole_word),
        is_removed=flag_in(row.get("_destroy", "")),
    )


def _keyword(params: Params, keyword_id: int | None = None) -> KeywordChange:
    return KeywordChange(id=keyword_id, keyword=params.text("keyword"), whole_word=params.flag("whole_word"))


def _phrase(params: Params) -> FilterDraft:
    phrase, irreversible = params.text("phrase"), params.flag("irreversible")
    action = None if irreversible is None else FilterAction.HIDE if irreversible else FilterAction.WARN
    return FilterDraft(
        title=phrase,
        contexts=params.texts("context") if params.has("context") else None,
        action=action,
        sets_expiry=params.has("expires_in"),
        expires_in=params.integer("expires_in"),
        keywords=(KeywordChange(keyword=phrase, whole_word=params.flag("whole_word")),),
    )
