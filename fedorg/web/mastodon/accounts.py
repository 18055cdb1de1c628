"""Accounts and profiles: https://docs.joinmastodon.org/methods/accounts/ and …/methods/profile/.

Follows, lists of followers and statuses of an account are in ``relationships`` and ``timelines``.
"""

from typing import BinaryIO, cast

from quart import Blueprint, Response

from fedorg.domain.accounts import Account, User
from fedorg.domain.oauth import Credentials
from fedorg.domain.policies import QuotePolicy
from fedorg.domain.visibility import Reach, Visibility
from fedorg.errors import BadRequest, Invalid
from fedorg.ids import AccountId
from fedorg.serializers.accounts import (
    account_entity,
    credential_account_entity,
    preferences_entity,
    profile_entity,
)
from fedorg.serializers.oauth import token_entity
from fedorg.services import accounts, completion, featured_tags, registration
from fedorg.services.accounts import PostingDefaults, ProfileChange
from fedorg.services.registration import SignUp
from fedorg.web import limits
from fedorg.web.auth import Viewer, open_to_public, requires, requires_application
from fedorg.web.base import client_address, json_answer, spend_together_by_address, this_node
from fedorg.web.params import Params, read_params

blueprint = Blueprint("accounts", __name__)


@blueprint.post("/api/v1/accounts")
@requires_application("write:accounts")
async def register_account(credentials: Credentials) -> Response:
    """Register a person by way of a client program; its token for them comes back."""
    await spend_together_by_address(limits.SIGN_UP)
    params = await read_params()
    draft = SignUp(
        username=params.text("username") or "",
        email=params.text("email"),
        password=params.text("password") or "",
        agreement=params.flag("agreement") or False,
        locale=params.text("locale") or "",
        reason=params.text("reason") or "",
        invite_code=params.text("invite_code") or None,
        address=client_address(),
    )
    token, secret = await registration.sign_up_by_application(
        this_node(), draft, application_id=credentials.token.application_id, scopes=credentials.token.scopes
    )
    return json_answer(token_entity(token, secret))


@blueprint.get("/api/v1/accounts/verify_credentials")
@requires("profile")
async def verify_credentials(viewer: Viewer) -> Response:
    """The account of the one who asks."""
    return await _own_account(viewer.account, viewer.user)


@blueprint.patch("/api/v1/accounts/update_credentials")
@requires("write:accounts")
async def update_credentials(viewer: Viewer) -> Response:
    """Change one's profile and posting defaults."""
    params = await read_params()
    defaults, change = _defaults(params), _profile(params)
    user = await accounts.change_defaults(this_node(), viewer.user, defaults)
    account = await accounts.change_profile(this_node(), viewer.account, change)
    return await _own_account(account, user)


@blueprint.get("/api/v1/profile")
@requires("profile")
async def show_profile(viewer: Viewer) -> Response:
    """One's profile as one wrote it."""
    return await _own_profile(viewer.account)


@blueprint.route("/api/v1/profile", methods=["PUT", "PATCH"])
@requires("write:accounts")
async def change_profile(viewer: Viewer) -> Response:
    """Change one's profile."""
    change = _profile(await read_params())
    return await _own_profile(await accounts.change_profile(this_node(), viewer.account, change))


@blueprint.delete("/api/v1/profile/avatar")
@requires("write:accounts")
async def delete_avatar(viewer: Viewer) -> Response:
    """Take one's avatar away."""
    return await _own_account(await accounts.remove_picture(this_node(), viewer.account, "avatar"), viewer.user)


@blueprint.delete("/api/v1/profile/header")
@requires("write:accounts")
async def delete_header(viewer: Viewer) -> Response:
    """Take one's header away."""
    return await _own_account(await accounts.remove_picture(this_node(), viewer.account, "header"), viewer.user)


@blueprint.get("/api/v1/accounts/<id:account_id>/identity_proofs")
@requires("read:accounts")
async def list_identity_proofs(_viewer: Viewer, account_id: AccountId) -> Response:
    """None: Mastodon itself gave them up."""
    await accounts.get_account(this_node(), account_id)
    return json_answer([])


@blueprint.get("/api/v1/accounts/lookup")
@open_to_public("read:accounts")
async def lookup_account(viewer: Viewer | None) -> Response:
    """The known account with a handle."""
    params = await read_params()
    account = await accounts.lookup(this_node(), params.text("acct") or "")
    if viewer is not None:
        await completion.see_profile(this_node(), account.id)
    return json_answer(account_entity(account, this_node().uris))


@blueprint.get("/api/v1/accounts")
@open_to_public("read:accounts")
async def list_accounts(_viewer: Viewer | None) -> Response:
    """Several accounts by their ids."""
    params = await read_params()
    found = await accounts.list_accounts(this_node(), tuple(AccountId(number) for number in params.ids("id")))
    return json_answer([account_entity(account, this_node().uris) for account in found])


@blueprint.get("/api/v1/accounts/<id:account_id>")
@open_to_public("read:accounts")
async def show_account(viewer: Viewer | None, account_id: int) -> Response:
    """One account."""
    account = await accounts.get_account(this_node(), AccountId(account_id))
    if viewer is not None:
        await completion.see_profile(this_node(), account.id)
    return json_answer(account_entity(account, this_node().uris))


@blueprint.get("/api/v1/preferences")
@requires("read:accounts")
async def show_preferences(viewer: Viewer) -> Response:
    """How clients should behave by default."""
    return json_answer(preferences_entity(viewer.user))


async def _own_account(account: Account, user: User) -> Response:
    waiting = await accounts.count_follow_requests(this_node(), account.id)
    return json_answer(credential_account_entity(account, user, this_node().uris, follow_requests_count=waiting))


async def _own_profile(account: Account) -> Response:
    tags = await featured_tags.list_of_account(this_node(), account.id, account.id)
    return json_answer(profile_entity(account, tags, this_node().uris))


def _profile(params: Params) -> ProfileChange:
    rows = [(row.get("name", ""), row.get("value", "")) for row in params.rows("fields_attributes")]
    return ProfileChange(
        display_name=params.text("display_name"),
        note=params.text("note"),
        fields=tuple(rows) if rows or params.has("fields_attributes") else None,
        locked=params.flag("locked"),
        is_bot=params.flag("bot"),
        discoverable=params.flag("discoverable"),
        indexable=params.flag("indexable"),
        hide_collections=params.flag("hide_collections"),
        show_media=params.flag("show_media"),
        show_media_replies=params.flag("show_media_replies"),
        show_featured=params.flag("show_featured"),
        attribution_domains=params.texts("attribution_domains") if params.has("attribution_domains") else None,
        avatar=_picture(params, "avatar"),
        avatar_description=params.text("avatar_description"),
        header=_picture(params, "header"),
        header_description=params.text("header_description"),
    )


def _picture(params: Params, name: str) -> BinaryIO | None:
    files = params.files(name)
    if not files and params.text(name):
        raise BadRequest(f"{name} must be a file")
    return cast("BinaryIO", files[0].stream) if files else None


def _defaults(params: Params) -> PostingDefaults:
    try:
        visibility, reach = params.text("source[privacy]"), params.text("source[reach]")
        quote_policy = params.text("source[quote_policy]")
        return PostingDefaults(
            visibility=Visibility(visibility) if visibility else None,
            reach=Reach(reach) if reach else None,
            partners=params.listed("source[partners]"),
            sensitive=params.flag("source[sensitive]"),
            language=params.text("source[language]"),
            quote_policy=QuotePolicy(quote_policy) if quote_policy else None,
        )
    except ValueError as problem:
        raise Invalid(f"Validation failed: {problem}") from None
