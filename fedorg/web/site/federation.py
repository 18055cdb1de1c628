"""The page on which members see with whom their node federates; whom to tell of a fault, and what crawlers may read."""

from datetime import timedelta
from typing import Final

from quart import Blueprint, Response

from fedorg.domain.visibility import FederationMode
from fedorg.errors import NotFound
from fedorg.services import neighbours
from fedorg.services.users import SignedIn
from fedorg.web.auth import public
from fedorg.web.base import this_node
from fedorg.web.site.sessions import members_only, page

blueprint = Blueprint("federation_pages", __name__)

# RFC 9116 recommends less than a year.
_HOLDS: Final = timedelta(days=180)
# What is for programs that somebody signed in, and what only answers forms.
_NOT_FOR_CRAWLERS: Final = ("/admin/", "/api/", "/auth/", "/oauth/")


@blueprint.get("/about/federation")
@members_only
async def show_federation(visitor: SignedIn) -> Response:
    """Siblings and partners, how far statuses go, and why."""
    return await page("federation.html", visitor, neighbours=await neighbours.list_neighbours(this_node()))


@blueprint.get("/.well-known/security.txt")
@public
async def show_security_contact() -> Response:
    """Whom to tell of a weakness (RFC 9116); there is none while no address is set."""
    node = this_node()
    if not node.settings.contact_email:
        raise NotFound
    expires = (node.now() + _HOLDS).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = (
        f"Contact: mailto:{node.settings.contact_email}",
        f"Expires: {expires.strftime('%Y-%m-%dT%H:%M:%SZ')}",
        f"Preferred-Languages: {', '.join(node.settings.languages)}",
        f"Canonical: {node.uris.base}/.well-known/security.txt",
    )
    text = "".join(f"{line}\n" for line in lines)
    return Response(text, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "public, max-age=3600"})


@blueprint.get("/robots.txt")
@public
async def show_robots() -> Response:
    """What crawlers may read (RFC 9309): public pages of a node that federates with everybody, nothing of any other."""
    is_open = FederationMode(this_node().settings.federation_mode) is FederationMode.OPEN
    paths = _NOT_FOR_CRAWLERS if is_open else ("/",)
    text = "".join(("User-agent: *\n", *(f"Disallow: {path}\n" for path in paths)))
    return Response(text, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "public, max-age=3600"})
