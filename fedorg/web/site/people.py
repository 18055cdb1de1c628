"""The page on which members find colleagues, and ask who knows about something."""

from quart import Blueprint, Response, request

from fedorg.domain.people import DEPARTMENT_MAX, JOB_TITLE_MAX
from fedorg.errors import Invalid
from fedorg.services import accounts, people
from fedorg.services.accounts import ProfileChange
from fedorg.services.users import SignedIn
from fedorg.web.base import this_node
from fedorg.web.site.done import Done
from fedorg.web.site.sessions import go, members_only, page, page_number

blueprint = Blueprint("people_pages", __name__, url_prefix="/people")

_PAGE = 40


@blueprint.get("")
@members_only
async def show_people(visitor: SignedIn) -> Response:
    """Colleagues by name, work, hashtag or department, and below them who knows about what was asked."""
    return await _page_of(visitor)


@blueprint.post("/me")
@members_only
async def change_work(visitor: SignedIn) -> Response:
    """Say where one works, and as what."""
    form = await request.form
    node, account = this_node(), visitor.account
    try:
        await people.change_work(
            node, account, department=form.get("department", ""), job_title=form.get("job_title", "")
        )
        await accounts.change_profile(node, account, ProfileChange(discoverable="is_listed" in form))
    except Invalid as problem:
        return await _page_of(visitor, problem=str(problem))
    return go("/people", Done.SAVED)


async def _page_of(visitor: SignedIn, problem: str | None = None) -> Response:
    node, viewer = this_node(), visitor.account.id
    query = request.args.get("q", "").strip()
    department = request.args.get("department", "").strip() or None
    at = page_number()
    found = await people.search(node, viewer, query, department=department, limit=_PAGE + 1, offset=(at - 1) * _PAGE)
    return await page(
        "people.html",
        visitor,
        status=200 if problem is None else 422,
        problem=problem,
        query=query,
        department=department,
        departments=await people.list_departments(node, viewer),
        found=found[:_PAGE],
        next_page=at + 1 if len(found) > _PAGE else None,
        experts=await people.list_experts(node, viewer, query, 10) if query else [],
        work=await people.get_work(node, viewer),
        is_listed=visitor.account.discoverable,
        department_max=DEPARTMENT_MAX,
        job_title_max=JOB_TITLE_MAX,
    )
