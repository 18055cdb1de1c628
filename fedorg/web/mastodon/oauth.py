"""OAuth's endpoints for programs: token, revoke, userinfo, metadata. Its pages for people are in ``web.site``."""

import base64
import binascii
from urllib.parse import unquote_plus

from quart import Blueprint, Response, request

from fedorg.domain.oauth import DEFAULT_SCOPES
from fedorg.serializers.oauth import server_metadata, token_entity, userinfo
from fedorg.services import oauth
from fedorg.services.oauth import ClientAuthentication, OAuthRefused
from fedorg.web import limits
from fedorg.web.auth import Viewer, public, requires
from fedorg.web.base import json_answer, spend_together_by_address, this_node
from fedorg.web.params import Params, read_params

blueprint = Blueprint("oauth", __name__)


@blueprint.post("/oauth/token")
@public
async def issue_token() -> Response:
    """A token for a code, or for a program itself."""
    await spend_together_by_address(limits.TOKENS)
    params = await read_params()
    match params.text("grant_type"):
        case "authorization_code":
            code, redirect_uri = params.text("code"), params.text("redirect_uri")
            if not code or not redirect_uri:
                raise OAuthRefused("invalid_request")
            token, secret = await oauth.exchange_code(
                this_node(),
                _client(params),
                code=code,
                redirect_uri=redirect_uri,
                code_verifier=params.text("code_verifier"),
            )
        case "client_credentials":
            scopes = oauth.parse_scopes(params.text("scope") or "") or DEFAULT_SCOPES
            token, secret = await oauth.issue_client_token(this_node(), _client(params), scopes)
        case None | "":
            raise OAuthRefused("invalid_request")
        case _:
            raise OAuthRefused("unsupported_grant_type")
    return json_answer(token_entity(token, secret), headers={"Cache-Control": "no-store", "Pragma": "no-cache"})


@blueprint.post("/oauth/revoke")
@public
async def revoke_token() -> Response:
    """End a token of the program that asks."""
    await spend_together_by_address(limits.TOKENS)
    params = await read_params()
    await oauth.revoke(this_node(), _client(params), params.text("token") or "")
    return json_answer({})


@blueprint.get("/oauth/userinfo")
@blueprint.post("/oauth/userinfo")
@requires("profile")
async def show_userinfo(viewer: Viewer) -> Response:
    """Who the token acts for, as OpenID Connect names it."""
    return json_answer(userinfo(viewer.account, this_node().uris))


@blueprint.get("/.well-known/oauth-authorization-server")
@public
async def show_metadata() -> Response:
    """RFC 8414."""
    return json_answer(server_metadata(this_node().uris), headers={"Cache-Control": "public, max-age=3600"})


@blueprint.app_errorhandler(OAuthRefused)
async def answer_refusal(error: OAuthRefused) -> Response:
    """RFC 6749 §5.2."""
    headers = {"Cache-Control": "no-store"}
    if error.status == 401:  # noqa: PLR2004 - an unknown client, to which §5.2 owes a challenge
        headers["WWW-Authenticate"] = 'Basic realm="OAuth"'
    return json_answer({"error": error.code, "error_description": str(error)}, error.status, headers)


def _client(params: Params) -> ClientAuthentication:
    """From HTTP Basic (RFC 6749 §2.3.1, form-encoded inside) or from the body."""
    kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            client_id, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise OAuthRefused("invalid_client") from None
        return ClientAuthentication(client_id=unquote_plus(client_id), client_secret=unquote_plus(secret))
    client_id, secret = params.text("client_id") or "", params.text("client_secret") or ""
    if not client_id or not secret:
        raise OAuthRefused("invalid_client")
    return ClientAuthentication(client_id=client_id, client_secret=secret)
