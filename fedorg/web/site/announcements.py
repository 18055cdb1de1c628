"""The page on which members read what is announced, and say that they know."""

from quart import Blueprint, Response

from fedorg.services import acknowledging, announcements
from fedorg.services.users import SignedIn
from fedorg.web.base import this_node
from fedorg.web.site.done import Done
from fedorg.web.site.sessions import go, members_only, page

blueprint = Blueprint("announcement_pages", __name__, url_prefix="/announcements")


@blueprint.get("")
@members_only
async def show_announcements(visitor: SignedIn) -> Response:
    """All that is announced at present, dismissed or not: first what waits for an answer, then the latest."""
    found = await announcements.list_for(this_node(), visitor.account.id, dismissed_too=True)
    found.reverse()
    found.sort(key=lambda view: view.acknowledged or not view.announcement.needs_acknowledgement)
    return await page("announcements.html", visitor, announcements=found, is_one=False)


@blueprint.get("/<id:announcement_id>")
@members_only
async def show_announcement(visitor: SignedIn, announcement_id: int) -> Response:
    """One of them."""
    found = await announcements.get_for(this_node(), visitor.account.id, announcement_id)
    return await page("announcements.html", visitor, announcements=[found], is_one=True)


@blueprint.post("/<id:announcement_id>/acknowledge")
@members_only
async def acknowledge(visitor: SignedIn, announcement_id: int) -> Response:
    """Say that one knows."""
    await acknowledging.acknowledge(this_node(), visitor.account.id, announcement_id)
    return go(f"/announcements/{announcement_id}", Done.SAVED)
