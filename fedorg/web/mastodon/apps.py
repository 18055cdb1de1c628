"""Client programs register themselves: https://docs.joinmastodon.org/methods/apps/."""

from quart import Blueprint, Response

from fedorg.domain.oauth import Credentials
from fedorg.serializers.oauth import application_entity, credential_application_entity
from fedorg.services import oauth, push
from fedorg.services.oauth import ApplicationDraft
from fedorg.web import limits
from fedorg.web.auth import public, requires_application
from fedorg.web.base import json_answer, spend_together_by_address, this_node
from fedorg.web.params import read_params

blueprint = Blueprint("apps", __name__)


@blueprint.post("/api/v1/apps")
@public
async def register_application() -> Response:
    """Register a client program; anybody may."""
    await spend_together_by_address(limits.APPS)
    params = await read_params()
    redirect_uris = tuple(line for text in params.texts("redirect_uris") for line in text.split())
    draft = ApplicationDraft(
        name=params.text("client_name") or "",
        redirect_uris=redirect_uris,
        scopes=oauth.parse_scopes(params.text("scopes") or "read"),
        website=params.text("website") or None,
    )
    node = this_node()
    application, secret = await oauth.register_application(node, draft)
    keys = await push.get_keys(node)
    return json_answer(credential_application_entity(application, secret, keys.public))


@blueprint.get("/api/v1/apps/verify_credentials")
@requires_application()
async def verify_application(credentials: Credentials) -> Response:
    """The program that a token was given to."""
    node = this_node()
    application = await oauth.get_application(node, credentials.token.application_id)
    return json_answer(application_entity(application, (await push.get_keys(node)).public))
