"""What a member lost when servers or accounts were shut out, and lists of whom, to find them again elsewhere.

The columns are Mastodon's, so that the second list can be read by any server as a list of whom to follow.
"""

import asyncio
import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from quart import Blueprint, Response

from fedorg.ids import SeveranceId
from fedorg.services import severing
from fedorg.services.users import SignedIn
from fedorg.web.base import this_node
from fedorg.web.site.sessions import members_only, page

blueprint = Blueprint("severances", __name__)

# Rows that are written in about a millisecond.
_PIECE: Final = 500


@blueprint.get("/severed_relationships")
@members_only
async def show_severances(visitor: SignedIn) -> Response:
    """Each loss, with lists of whom."""
    found = await severing.list_severances(this_node(), visitor.account.id)
    return await page("severances.html", visitor, severances=found)


@blueprint.get("/severed_relationships/<id:severance_id>/followers.csv")
@members_only
async def download_followers(visitor: SignedIn, severance_id: int) -> Response:
    """Who followed the member."""
    lost = await severing.list_lost(this_node(), visitor.account.id, SeveranceId(severance_id), are_followers=True)
    return await _csv(f"followers-{severance_id}", ["Account address"], ([one.handle] for one in lost))


@blueprint.get("/severed_relationships/<id:severance_id>/following.csv")
@members_only
async def download_following(visitor: SignedIn, severance_id: int) -> Response:
    """Whom the member followed, and how."""
    lost = await severing.list_lost(this_node(), visitor.account.id, SeveranceId(severance_id), are_followers=False)
    rows = ([one.handle, _word(one.show_reblogs), _word(one.notify), ", ".join(one.languages)] for one in lost)
    return await _csv(
        f"following-{severance_id}", ["Account address", "Show boosts", "Notify on new posts", "Languages"], rows
    )


def _word(is_so: bool) -> str:  # noqa: FBT001 - a value to be written
    return "true" if is_so else "false"


async def _csv(name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """As a file; others have their turn while a long one is written."""
    kept = io.StringIO()
    writer = csv.writer(kept, lineterminator="\n")
    writer.writerow(header)
    for number, row in enumerate(rows, 1):
        writer.writerow(row)
        if number % _PIECE == 0:
            await asyncio.sleep(0)
    return Response(
        kept.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
