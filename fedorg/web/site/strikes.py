"""The page that programs open from the notification of a strike: what was decided about a member, and why.

It says nothing of a strike that nobody was told of, and never who gave one (S63).
"""

from collections.abc import Mapping
from typing import Final

from quart import Blueprint, Response

from fedorg.domain.moderation import WarningAction
from fedorg.ids import WarningId
from fedorg.services import notifications
from fedorg.services.users import SignedIn
from fedorg.web.base import this_node
from fedorg.web.site.sessions import members_only, page

blueprint = Blueprint("strikes", __name__)

_WORDS: Final[Mapping[WarningAction, str]] = {
    WarningAction.NONE: "This is a warning. Nothing else was done.",
    WarningAction.DISABLE: "You were signed out, and could not sign in.",
    WarningAction.SENSITIVE: "All your pictures and films count as sensitive.",
    WarningAction.SILENCE: "You are hidden from public timelines and searches. Your followers still read you.",
    WarningAction.SUSPEND: "Your account was suspended.",
}


@blueprint.get("/disputes/strikes/<id:warning_id>")
@members_only
async def show_strike(visitor: SignedIn, warning_id: int) -> Response:
    """One strike, at Mastodon's address."""
    strike = await notifications.get_told_warning(this_node(), visitor.account.id, WarningId(warning_id))
    return await page("strike.html", visitor, strike=strike, words=_WORDS[strike.action])
