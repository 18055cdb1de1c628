"""The consent page: somebody decides whether a client program may act for one of their accounts.

RFC 6749 §4.1. A wrong client or redirect address is told to the person on a page; every other fault goes back to the
client. The page's form may lead anywhere: browsers hold each redirect behind a form against the policy of its page, and
many clients pass on what came to their own address, to another one or to a program. So the policy names no address.
"""

import re
from typing import Final
from urllib.parse import urlencode, urlsplit

from quart import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from fedorg.domain.oauth import OUT_OF_BAND
from fedorg.errors import BadRequest, NotFound
from fedorg.ids import AccountId
from fedorg.services import oauth, users
from fedorg.services.oauth import AuthorizationQuery, AuthorizationRequest, OAuthRefused
from fedorg.services.users import SignedIn
from fedorg.web.base import this_node
from fedorg.web.params import id_in
from fedorg.web.site.meanings import meanings_of
from fedorg.web.site.sessions import for_everybody, go, members_only, page, to_sign_in

blueprint = Blueprint("consent", __name__)

_NAMES: Final = (
    "client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method",
)  # fmt: skip
_CODE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data: https:; base-uri 'none'; frame-ancestors 'none'"
)
_TRUE: Final = frozenset({"true", "1", "t", "yes"})


@blueprint.get("/oauth/authorize")
@for_everybody
async def show_consent(visitor: SignedIn | None) -> Response:
    """What a program asks for, and whom it would act for."""
    try:
        wanted = await oauth.check_authorization(this_node(), _query(request.args))
    except OAuthRefused as refused:
        return await _refuse(refused, request.args.get("state"), visitor)
    is_forced = request.args.get("force_login", "").lower() in _TRUE
    if visitor is None or is_forced:
        # Without force_login in the address to come back to: once is enough.
        kept = {name: value for name, value in request.args.items() if name in _NAMES}
        return to_sign_in(f"/oauth/authorize?{urlencode(kept)}")
    return await page(
        "consent.html",
        visitor,
        headers={"Content-Security-Policy": _POLICY},
        application=wanted.application,
        meanings=meanings_of(wanted.scopes),
        accounts=await users.list_accounts(this_node(), visitor.user.id),
        destination=_destination(wanted.redirect_uri),
        fields=[(name, value) for name, value in request.args.items() if name in _NAMES],
    )


@blueprint.post("/oauth/authorize")
@members_only
async def decide(visitor: SignedIn) -> Response:
    """Give the program a code, or tell it no."""
    form = await request.form
    try:
        wanted = await oauth.check_authorization(this_node(), _query(form))
    except OAuthRefused as refused:
        return await _refuse(refused, form.get("state"), visitor)
    if form.get("decision") != "allow":
        back = None if wanted.is_out_of_band else wanted.redirect_uri
        return await _refuse(OAuthRefused("access_denied", redirect_uri=back), wanted.state, visitor)
    chosen = id_in(form.get("account_id", str(visitor.account.id)))
    if chosen is None:
        raise BadRequest("That is not an account")
    code = await oauth.grant(this_node(), wanted, visitor.user, AccountId(chosen))
    return go(_with_query(_target(wanted), {"code": code} | ({"state": wanted.state} if wanted.state else {})))


@blueprint.get("/oauth/authorize/native")
@members_only
async def show_code(visitor: SignedIn) -> Response:
    """The code, for programs without an address: it is copied by hand."""
    code = request.args.get("code", "")
    if not _CODE.fullmatch(code):
        raise NotFound
    return await page("code.html", visitor, headers={"Referrer-Policy": "no-referrer"}, code=code)


def _query(values: MultiDict[str, str]) -> AuthorizationQuery:
    return AuthorizationQuery(
        client_id=values.get("client_id", ""),
        redirect_uri=values.get("redirect_uri", ""),
        response_type=values.get("response_type", ""),
        scope=values.get("scope", ""),
        state=values.get("state"),
        code_challenge=values.get("code_challenge"),
        code_challenge_method=values.get("code_challenge_method"),
    )


# For people, who cannot mend what their program asks.
_PLAIN: Final = {
    "invalid_client": "This program is not known here. Start again in the program.",
    "invalid_redirect_uri": "This program wants its answer elsewhere than it said. Start again in the program.",
}


async def _refuse(refused: OAuthRefused, state: str | None, visitor: SignedIn | None) -> Response:
    if refused.redirect_uri is None:
        return await page(
            "error.html",
            visitor,
            status=refused.status,
            code=refused.status,
            message=_PLAIN.get(refused.code, str(refused)),
        )
    answer = {"error": refused.code, "error_description": str(refused)} | ({"state": state} if state else {})
    return go(_with_query(refused.redirect_uri, answer))


def _target(wanted: AuthorizationRequest) -> str:
    return "/oauth/authorize/native" if wanted.is_out_of_band else wanted.redirect_uri


def _with_query(uri: str, values: dict[str, str]) -> str:
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(values)}"


def _destination(redirect_uri: str) -> str | None:
    """Where the person is sent, in a word they know; None when nowhere."""
    if redirect_uri == OUT_OF_BAND:
        return None
    parts = urlsplit(redirect_uri)
    return parts.netloc if parts.scheme in ("http", "https") else f"{parts.scheme}:"
