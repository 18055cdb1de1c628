"""Applications and tokens as Mastodon's entities, and the server's description of RFC 8414."""

from typing import Final

from typing_extensions import TypedDict

from fedorg.domain.accounts import Account
from fedorg.domain.oauth import SCOPES, OAuthApplication, Token
from fedorg.serializers.accounts import account_entity
from fedorg.uris import Uris


class ApplicationEntity(TypedDict):
    """Application."""

    id: str
    name: str
    website: str | None
    scopes: list[str]
    redirect_uri: str
    redirect_uris: list[str]
    vapid_key: str


class CredentialApplicationEntity(ApplicationEntity):
    """An application as it was just registered, with its secret."""

    client_id: str
    client_secret: str
    client_secret_expires_at: int


class TokenEntity(TypedDict):
    """Token."""

    access_token: str
    token_type: str
    scope: str
    created_at: int


_GRANTS: Final = ["authorization_code", "client_credentials"]


def application_entity(application: OAuthApplication, vapid_key: str) -> ApplicationEntity:
    """A client program as it sees itself."""
    return {
        "id": str(application.id),
        "name": application.name,
        "website": application.website,
        "scopes": list(application.scopes),
        "redirect_uri": "\n".join(application.redirect_uris),
        "redirect_uris": list(application.redirect_uris),
        "vapid_key": vapid_key,
    }


def credential_application_entity(
    application: OAuthApplication, secret: str, vapid_key: str
) -> CredentialApplicationEntity:
    """A client program as it was just registered."""
    return {
        **application_entity(application, vapid_key),
        "client_id": application.client_id,
        "client_secret": secret,
        "client_secret_expires_at": 0,
    }


def token_entity(token: Token, secret: str) -> TokenEntity:
    """A token as it was just given out."""
    return {
        "access_token": secret,
        "token_type": "Bearer",
        "scope": " ".join(token.scopes),
        "created_at": int(token.created_at.timestamp()),
    }


def server_metadata(uris: Uris) -> dict[str, str | bool | list[str]]:
    """RFC 8414: where the endpoints are and what they can do."""
    base = uris.base
    return {
        "issuer": f"{base}/",
        "service_documentation": "https://docs.joinmastodon.org/",
        "authorization_endpoint": f"{base}/oauth/authorize",
        "token_endpoint": f"{base}/oauth/token",
        "app_registration_endpoint": f"{base}/api/v1/apps",
        "revocation_endpoint": f"{base}/oauth/revoke",
        "userinfo_endpoint": f"{base}/oauth/userinfo",
        "scopes_supported": sorted(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "code_challenge_methods_supported": ["S256"],
        "grant_types_supported": _GRANTS,
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    }


def userinfo(account: Account, uris: Uris) -> dict[str, str]:
    """OpenID Connect's claims about an account, as Mastodon answers them."""
    entity = account_entity(account, uris)
    return {
        "iss": f"{uris.base}/",
        "sub": account.uri,
        "name": account.display_name or account.username,
        "preferred_username": account.username,
        "profile": account.url,
        "picture": entity["avatar"],
    }
