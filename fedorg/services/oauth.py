"""OAuth 2.0 for client programs: registration, codes, tokens, revocation, and who a token stands for.

RFC 6749 with authorization code and client credentials, RFC 7636 with S256 only, RFC 7009. Redirect addresses match
exactly (S58). Errors carry OAuth's own codes (``OAuthRefused``), in the words and statuses of Mastodon's clients.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import Connection

from fedorg.domain.accounts import Account, User
from fedorg.domain.events import EventKind
from fedorg.domain.measures import day_of
from fedorg.domain.oauth import (
    DEFAULT_SCOPES,
    OUT_OF_BAND,
    SCOPES,
    Credentials,
    OAuthApplication,
    Token,
    are_covered,
)
from fedorg.errors import FedorgError, Forbidden, Invalid, NotFound, Unauthorized
from fedorg.ids import AccountId, ApplicationId, TokenId, UserId
from fedorg.node import Node
from fedorg.services.credentials import new_secret, secret_hash
from fedorg.store import accounts, active_days, events, users
from fedorg.store import oauth as store
from fedorg.store.oauth import AuthorizationCode
from fedorg.text import normalise_line

CODE_SECONDS: Final = 600
CHANGED_MEANWHILE: Final = "The password was changed meanwhile. Sign in again."
_DISABLED: Final = "Your login is currently disabled"
_NAME_MAX: Final = 60
_URL_MAX: Final = 2000
_REDIRECTS_MAX: Final = 20
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*")
# A browser would run or read these instead of handing the code to a program.
_BAD_SCHEMES: Final = frozenset(
    {"javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "view-source"}
)

_MESSAGES: Final[Mapping[str, tuple[int, str]]] = {
    "invalid_client": (
        401,
        (
            "Client authentication failed due to unknown client, no client authentication included, or unsupported "
            "authentication method."
        ),
    ),
    "invalid_grant": (
        400,
        (
            "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used "
            "in the authorization request, or was issued to another client."
        ),
    ),
    "invalid_scope": (400, "The requested scope is invalid, unknown, or malformed."),
    "invalid_redirect_uri": (400, "The requested redirect uri is malformed or doesn't match client redirect URI."),
    "unsupported_grant_type": (400, "The authorization grant type is not supported by the authorization server."),
    "unsupported_response_type": (400, "The authorization server does not support this response type."),
    "unauthorized_client": (403, "You are not authorized to revoke this token"),
    "invalid_code_challenge_method": (400, "The code_challenge_method must be S256."),
    "access_denied": (400, "The resource owner or authorization server denied the request."),
}


class OAuthRefused(FedorgError):
    """An answer of RFC 6749 §5.2; ``code`` is its ``error``, ``status`` what HTTP says.

    ``redirect_uri`` is set when the client may be told by way of the browser (§4.1.2.1).
    """

    def __init__(self, code: str, description: str | None = None, *, redirect_uri: str | None = None) -> None:
        self.status, usual = _MESSAGES.get(code, (400, "The request is missing a required parameter."))
        super().__init__(description or usual)
        self.code = code
        self.redirect_uri = redirect_uri


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationDraft:
    """A client program as it describes itself."""

    name: str
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    website: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAuthentication:
    """How a client says who it is at the token endpoint."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationQuery:
    """The parameters with which a client sends somebody to the consent page, as they came."""

    client_id: str
    redirect_uri: str
    response_type: str = "code"
    scope: str = ""
    state: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A checked query: what somebody is asked to consent to."""

    application: OAuthApplication
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    code_challenge: str | None

    @property
    def is_out_of_band(self) -> bool:
        """Whether the code is shown on a page instead of sent to an address."""
        return self.redirect_uri == OUT_OF_BAND


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizedApplication:
    """An application somebody uses, for the page where they end it."""

    application: OAuthApplication
    scopes: tuple[str, ...]


def parse_scopes(text: str) -> tuple[str, ...]:
    """Scopes separated by spaces, each once, in order."""
    return tuple(dict.fromkeys(text.split()))


async def register_application(node: Node, draft: ApplicationDraft) -> tuple[OAuthApplication, str]:
    """A new client and its secret, which is known in clear only now; ``Invalid`` names what is wrong."""
    # Somebody reads them who decides about the program: nothing in them turns the words around them.
    name, website = normalise_line(draft.name), normalise_line(draft.website or "")
    problems = [*_name_problems(name, website), *_redirect_problems(draft)]
    if not set(draft.scopes) <= SCOPES:
        problems.append("Scopes doesn't match configured on the server.")
    if problems:
        raise Invalid(f"Validation failed: {', '.join(problems)}")
    secret = new_secret()
    application = OAuthApplication(
        id=ApplicationId(node.ids.next()),
        name=name,
        website=website or None,
        redirect_uris=draft.redirect_uris,
        scopes=draft.scopes or DEFAULT_SCOPES,
        client_id=new_secret(),
        created_at=node.now(),
    )
    await node.write(store.insert_application, application, secret_hash(secret))
    return application, secret


async def get_application(node: Node, application_id: ApplicationId) -> OAuthApplication:
    """The application with an id."""
    found = await node.read(store.list_applications, (application_id,))
    if application_id not in found:
        raise NotFound
    return found[application_id]


async def check_authorization(node: Node, query: AuthorizationQuery) -> AuthorizationRequest:
    """The request behind a query; ``OAuthRefused`` carries a redirect address only once that is known to be good."""
    found = await node.read(store.find_application, query.client_id)
    if found is None:
        raise OAuthRefused("invalid_client")
    application = found[0]
    if query.redirect_uri not in application.redirect_uris:
        raise OAuthRefused("invalid_redirect_uri")
    back = None if query.redirect_uri == OUT_OF_BAND else query.redirect_uri
    if query.response_type != "code":
        raise OAuthRefused("unsupported_response_type", redirect_uri=back)
    scopes = parse_scopes(query.scope) or DEFAULT_SCOPES
    if not set(scopes) <= SCOPES or not are_covered(application.scopes, scopes):
        raise OAuthRefused("invalid_scope", redirect_uri=back)
    if query.code_challenge is not None or query.code_challenge_method is not None:
        if query.code_challenge_method != "S256":
            raise OAuthRefused("invalid_code_challenge_method", redirect_uri=back)
        if query.code_challenge is None or not _CHALLENGE.fullmatch(query.code_challenge):
            raise OAuthRefused("invalid_request", "The code_challenge is malformed.", redirect_uri=back)
    return AuthorizationRequest(
        application=application,
        redirect_uri=query.redirect_uri,
        scopes=scopes,
        state=query.state,
        code_challenge=query.code_challenge,
    )


async def grant(node: Node, request: AuthorizationRequest, user: User, account_id: AccountId) -> str:
    """A code that lets the application act for an account of the user; ``NotFound`` for an account that is not."""
    secret = new_secret()
    now = node.now()
    code = AuthorizationCode(
        application_id=request.application.id,
        user_id=user.id,
        account_id=account_id,
        redirect_uri=request.redirect_uri,
        scopes=request.scopes,
        code_challenge=request.code_challenge,
        token_id=None,
        created_at=now,
        expires_at=now + timedelta(seconds=CODE_SECONDS),
    )

    def unit(conn: Connection) -> None:
        hold_unchanged(conn, user)
        if not users.may_act_for(conn, user.id, account_id):
            raise NotFound
        store.insert_code(conn, secret_hash(secret), code)

    await node.write(unit)
    return secret


async def exchange_code(
    node: Node, client: ClientAuthentication, *, code: str, redirect_uri: str, code_verifier: str | None
) -> tuple[Token, str]:
    """A token for a code, and its secret. A code that comes a second time ends the token the first one gave."""
    secret = new_secret()
    code_hash = secret_hash(code)

    def unit(conn: Connection) -> Token | None:
        application = _authenticated(conn, client)
        found = store.find_code(conn, code_hash)
        if found is None or found.application_id != application.id:
            return None
        if found.token_id is not None:
            _revoke(conn, node, {"id": found.token_id})
            return None
        if (
            found.expires_at <= node.now()
            or found.redirect_uri != redirect_uri
            or not _is_verified(found.code_challenge, code_verifier)
        ):
            return None
        token = _new_token(node, application.id, found.scopes, found.user_id, found.account_id)
        store.insert_token(conn, token, secret_hash(secret))
        store.mark_code_used(conn, code_hash, token.id)
        return token

    # Refused after the commit: what a repeated code revokes must stay revoked.
    token = await node.write(unit)
    if token is None:
        raise OAuthRefused("invalid_grant")
    return token, secret


async def issue_client_token(node: Node, client: ClientAuthentication, scopes: tuple[str, ...]) -> tuple[Token, str]:
    """A token for the application itself, and its secret."""
    secret = new_secret()

    def unit(conn: Connection) -> Token:
        application = _authenticated(conn, client)
        if not set(scopes) <= SCOPES or not are_covered(application.scopes, scopes):
            raise OAuthRefused("invalid_scope")
        token = _new_token(node, application.id, scopes or DEFAULT_SCOPES, None, None)
        store.insert_token(conn, token, secret_hash(secret))
        return token

    return await node.write(unit), secret


def issue_user_token(
    conn: Connection, node: Node, user: User, *, application_id: ApplicationId, scopes: tuple[str, ...]
) -> tuple[Token, str]:
    """A token for a user who has just registered through an application, inside the same transaction."""
    secret = new_secret()
    token = _new_token(node, application_id, scopes, user.id, user.account_id)
    store.insert_token(conn, token, secret_hash(secret))
    return token, secret


async def revoke(node: Node, client: ClientAuthentication, token: str) -> None:
    """End a token of the client; a token nobody knows is ended already (RFC 7009 §2.2)."""

    def unit(conn: Connection) -> None:
        application = _authenticated(conn, client)
        found = store.find_token(conn, secret_hash(token))
        if found is None:
            return
        if found.application_id != application.id:
            raise OAuthRefused("unauthorized_client")
        _revoke(conn, node, {"id": found.id})

    await node.write(unit)


async def authenticate(node: Node, bearer: str, *, at: Hashable | None = None) -> Credentials | None:
    """What a token stands for; None when it is not valid, ``Forbidden`` when its user is not active (S49).

    ``at`` is the version of the database (``Database.version``) that the request found, if it looked: at that version
    a token stands for what it stood for.
    """
    credentials = await identify(node, bearer, at=at)
    if credentials is None:
        return None
    if credentials.user is not None and credentials.own_account is not None:
        require_active(credentials.user, credentials.own_account)
    if credentials.account is not None and credentials.account.suspended_at is not None:
        raise Forbidden(_DISABLED)
    now = node.now()
    is_noted = credentials.used_at is not None and day_of(credentials.used_at) == day_of(now)
    return credentials if is_noted or await node.write(_note_use, credentials, now) else None


async def identify(node: Node, bearer: str, *, at: Hashable | None = None) -> Credentials | None:
    """Whose token it is, active or not: for what somebody does to become active. None when it is not valid."""
    token_hash, held = secret_hash(bearer), node.held_credentials
    if at is None:
        return await node.glance(store.find_credentials, token_hash)
    if held.version == at and token_hash in held.found:
        return held.found[token_hash]
    credentials = await node.glance(store.find_credentials, token_hash)
    if credentials is not None:
        held.keep(at, token_hash, credentials)
    return credentials


def while_valid(token: Token) -> Callable[[Connection], None]:
    """For a transaction that comes after something slow: raises ``Unauthorized`` if the token was revoked meanwhile."""

    def check(conn: Connection) -> None:
        if not store.is_held(conn, token.id):
            raise Unauthorized("The access token is invalid")

    return check


def _note_use(conn: Connection, credentials: Credentials, now: datetime) -> bool:
    """Once a day is enough for both: that the token is in use, and that its user is here; False if it just ended."""
    is_held = store.touch_token(conn, credentials.token.id, now)
    if is_held and credentials.user is not None:
        active_days.note(conn, credentials.user.id, now)
    return is_held


def require_active(user: User, own: Account) -> None:
    """Return for a user who may act, and whose own account is not suspended.

    ``Forbidden`` says why not, in the words Mastodon's clients show.
    """
    if user.disabled_at is not None:
        raise Forbidden(_DISABLED)
    if user.confirmed_at is None:
        raise Forbidden("Your login is missing a confirmed e-mail address")
    if user.approved_at is None:
        raise Forbidden("Your login is currently pending approval")
    if own.suspended_at is not None:
        raise Forbidden(_DISABLED)


def hold_unchanged(conn: Connection, user: User) -> User:
    """The user as they stand now, until the end of the transaction.

    ``Forbidden`` for one who was shut out, or whose password is another one, since ``user`` was read.
    """
    own = accounts.get_for_update(conn, user.account_id)
    current = users.get_for_update(conn, user.id)
    require_active(current, own)
    if current.password_hash != user.password_hash:
        raise Forbidden(CHANGED_MEANWHILE)
    return current


async def list_authorized(node: Node, user_id: UserId, limit: int) -> list[AuthorizedApplication]:
    """The applications a user has let in, the latest first: some clients are a new one whenever they are signed in."""

    def unit(conn: Connection) -> list[AuthorizedApplication]:
        by_application: dict[ApplicationId, list[Token]] = {}
        for token in store.list_tokens_of_user(conn, user_id, limit):
            by_application.setdefault(token.application_id, []).append(token)
        applications = store.list_applications(conn, tuple(by_application))
        return [
            AuthorizedApplication(
                application=applications[number],
                scopes=tuple(dict.fromkeys(scope for token in tokens for scope in token.scopes)),
            )
            for number, tokens in by_application.items()
        ]

    return await node.read(unit)


async def revoke_application(node: Node, user_id: UserId, application_id: ApplicationId) -> None:
    """End what a user let an application do."""

    def unit(conn: Connection) -> None:
        _revoke_with_codes(conn, node, {"user_id": user_id, "application_id": application_id})

    await node.write(unit)


def revoke_all(conn: Connection, node: Node, user_id: UserId) -> None:
    """End every token and every waiting code of a user, inside the transaction that has a reason to."""
    _revoke_with_codes(conn, node, {"user_id": user_id})


def revoke_account(conn: Connection, node: Node, account_id: AccountId) -> None:
    """End every token and every waiting code that acts for an account, whoever holds it."""
    _revoke_with_codes(conn, node, {"account_id": account_id})


def revoke_share(conn: Connection, node: Node, user_id: UserId, account_id: AccountId) -> None:
    """End every token and every waiting code with which a user acts for an account."""
    _revoke_with_codes(conn, node, {"user_id": user_id, "account_id": account_id})


def _revoke_with_codes(conn: Connection, node: Node, condition: Mapping[str, int]) -> None:
    """Codes go first: of one that is exchanged at this moment the token is there when tokens go."""
    store.delete_codes(conn, condition)
    _revoke(conn, node, condition)


def _revoke(conn: Connection, node: Node, condition: Mapping[str, int]) -> None:
    revoked = store.delete_tokens(conn, condition)
    # Open streams of these tokens close when they read this (S42).
    events.insert_many(conn, node.now(), EventKind.REVOKED, [(token.account_id, token.id) for token in revoked])


def _authenticated(conn: Connection, client: ClientAuthentication) -> OAuthApplication:
    found = store.find_application(conn, client.client_id)
    kept = "" if found is None else found[1]
    if not hmac.compare_digest(kept, secret_hash(client.client_secret)) or found is None:
        raise OAuthRefused("invalid_client")
    return found[0]


def _new_token(
    node: Node,
    application_id: ApplicationId,
    scopes: tuple[str, ...],
    user_id: UserId | None,
    account_id: AccountId | None,
) -> Token:
    return Token(
        id=TokenId(node.ids.next()),
        application_id=application_id,
        user_id=user_id,
        account_id=account_id,
        scopes=scopes,
        created_at=node.now(),
    )


def _is_verified(challenge: str | None, verifier: str | None) -> bool:
    if challenge is None:
        # A verifier without a challenge means that somebody stripped the challenge on its way here.
        return not verifier
    if verifier is None or not _VERIFIER.fullmatch(verifier):
        return False
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return hmac.compare_digest(digest, challenge)


def _name_problems(name: str, website: str) -> list[str]:
    problems = []
    if not name:
        problems.append("Name can't be blank")
    if len(name) > _NAME_MAX:
        problems.append(f"Name is too long (maximum is {_NAME_MAX} characters)")
    if website and (not website.startswith(("https://", "http://")) or len(website) > _URL_MAX):
        problems.append("Website must be a valid URL")
    return problems


def _redirect_problems(draft: ApplicationDraft) -> list[str]:
    if not draft.redirect_uris:
        return ["Redirect URI can't be blank"]
    if len(draft.redirect_uris) > _REDIRECTS_MAX:
        return [f"Redirect URI has too many lines (maximum is {_REDIRECTS_MAX})"]
    return (
        [] if all(_is_redirect_uri(uri) for uri in draft.redirect_uris) else ["Redirect URI must be an absolute URI."]
    )


def _is_redirect_uri(uri: str) -> bool:
    if uri == OUT_OF_BAND:
        return True
    if len(uri) > _URL_MAX or not uri.isascii() or any(ord(character) <= ord(" ") for character in uri):
        return False
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError:
        return False
    scheme = parts.scheme.lower()
    if not _SCHEME.fullmatch(scheme) or scheme in _BAD_SCHEMES or "#" in uri or "\\" in uri:
        return False
    if scheme in ("http", "https"):
        return bool(host) and "@" not in parts.netloc
    return len(uri) > len(scheme) + 1
