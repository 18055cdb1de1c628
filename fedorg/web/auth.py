"""Who may call a view: every API view carries exactly one of these decorators.

``requires`` wants a token of an active user with a scope, ``requires_application`` any token with a scope,
``requires_staff`` a scope and a role, ``requires_login`` that of a user who may not be active yet, ``open_to_public``
takes both people with and without a token, ``public`` looks at no token, ``personal`` only to show more to those whose
token allows it. The answers are Mastodon's: 401 without a valid token, 403 without the scope or the role, or for a user
who is not active (S49), 422 for a token without a user.
"""

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, Final, ParamSpec, Protocol, TypeVar

from fedorg.domain.accounts import Account, User
from fedorg.domain.moderation import ACCESS as ACCESS_OF
from fedorg.domain.moderation import Operation, may
from fedorg.domain.oauth import Credentials, Token, covers
from fedorg.errors import Forbidden, Invalid, Unauthorized
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.services import oauth
from fedorg.web import answers, limits
from fedorg.web.base import asked, spend, spend_by_address, this_node
from fedorg.web.params import was_slow

P = ParamSpec("P")
T = TypeVar("T")

# Where a view says what it wants, for the test that walks all routes.
ACCESS: Final = "fedorg_access"
_INVALID: Final = "The access token is invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who is asking: a user, acting for an account, by a token."""

    user: User
    account: Account
    token: Token


def requires(scope: str) -> Callable[[Callable[Concatenate[Viewer, P], Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """The view gets the ``Viewer`` first; others are refused."""

    def decorate(view: Callable[Concatenate[Viewer, P], Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @wraps(view)
        async def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            viewer = await _admitted(oauth.authenticate, lambda credentials: viewer_of(credentials, scope))
            return await view(viewer, *args, **kwargs)

        return marked(guarded, scope)

    return decorate


def requires_staff(
    operation: Operation,
) -> Callable[[Callable[Concatenate[Viewer, P], Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """The view gets the ``Viewer`` first, whose token has the scope and whose user has the role for ``operation``."""
    access = ACCESS_OF[operation]

    def staff(credentials: Credentials) -> Viewer:
        viewer = viewer_of(credentials, access.scope)
        if not may(viewer.user.role, operation):
            raise Forbidden("This action is not allowed")
        return viewer

    def decorate(view: Callable[Concatenate[Viewer, P], Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @wraps(view)
        async def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            return await view(await _admitted(oauth.authenticate, staff), *args, **kwargs)

        return marked(guarded, f"{access.scope}, {access.role}")

    return decorate


def open_to_public(
    scope: str,
) -> Callable[[Callable[Concatenate[Viewer | None, P], Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """The view gets the ``Viewer`` first, or None when no token came; a token that came must be good for ``scope``."""

    def anybody(credentials: Credentials) -> Viewer | None:
        if credentials.user is not None:
            return viewer_of(credentials, scope)
        _check_scope(credentials, scope)
        return None

    def decorate(view: Callable[Concatenate[Viewer | None, P], Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @wraps(view)
        async def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            if bearer() is None:
                spend_by_address(limits.ANONYMOUS)
                return await view(None, *args, **kwargs)
            return await view(await _admitted(oauth.authenticate, anybody), *args, **kwargs)

        return marked(guarded, f"public {scope}")

    return decorate


def personal(
    scope: str,
) -> Callable[[Callable[Concatenate[Viewer | None, P], Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """The view is for everybody, and gets the ``Viewer`` first where a token came that is good for ``scope``."""

    def decorate(view: Callable[Concatenate[Viewer | None, P], Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @wraps(view)
        async def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            sent = bearer()
            found = await _look_up(oauth.authenticate, sent) if sent is not None else None
            if found is None or found.user is None or not covers(found.token.scopes, scope):
                spend_by_address(limits.ANONYMOUS)
                return await view(None, *args, **kwargs)
            spend(limits.MEMBER, f"user {found.user.id}")
            return await view(viewer_of(found, scope), *args, **kwargs)

        return marked(guarded, "public")

    return decorate


def requires_application(
    *scopes: str,
) -> Callable[[Callable[Concatenate[Credentials, P], Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """The view gets the ``Credentials`` first, which may be of an application alone; without scopes any will do."""

    def covering(credentials: Credentials) -> Credentials:
        for scope in scopes:
            _check_scope(credentials, scope)
        return credentials

    def decorate(view: Callable[Concatenate[Credentials, P], Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @wraps(view)
        async def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            return await view(await _admitted(oauth.authenticate, covering), *args, **kwargs)

        return marked(guarded, f"application {' '.join(scopes)}".rstrip())

    return decorate


def requires_login(
    view: Callable[Concatenate[Credentials, P], Awaitable[T]],
) -> Callable[P, Awaitable[T]]:
    """The view gets the ``Credentials`` first, of a user who need not be active yet; without a user it is refused."""

    @wraps(view)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        return await view(await _admitted(oauth.identify, _logged_in), *args, **kwargs)

    return marked(guarded, "application")


def _logged_in(credentials: Credentials) -> Credentials:
    user, own = credentials.user, credentials.own_account
    if user is None or own is None:
        raise Invalid("This method requires an authenticated user")
    is_suspended = own.suspended_at is not None and not own.is_unopened
    if user.disabled_at is not None or is_suspended:
        oauth.require_active(user, own)
    return credentials


def public(view: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """The view is for everybody, and answers everybody alike."""

    @wraps(view)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        spend_by_address(limits.ANONYMOUS)
        return await view(*args, **kwargs)

    return marked(guarded, "public")


def id_of(viewer: Viewer | None) -> AccountId | None:
    """The account that asks; None for somebody without a token."""
    return viewer.account.id if viewer else None


def bearer() -> str | None:
    """The token that came with the request."""
    kind, _, token = asked().headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and token.strip() else None


class _LookUp(Protocol):
    """How ``services.oauth`` finds out whose a token is."""

    def __call__(self, node: Node, bearer: str, *, at: Hashable | None) -> Awaitable[Credentials | None]: ...


async def _admitted(how: _LookUp, admit: Callable[[Credentials], T]) -> T:
    """What ``admit`` makes of who asks; it raises the refusal.

    A body may come for minutes: whoever was shut out meanwhile does nothing with it.
    """
    admitted = admit(await _identified(how))
    if await was_slow():
        again = await how(this_node(), bearer() or "", at=None)
        if again is None:
            raise Unauthorized(_INVALID)
        admitted = admit(again)
    return admitted


async def _look_up(how: _LookUp, sent: str) -> Credentials | None:
    return await how(this_node(), sent, at=answers.version_of(asked().scope))


async def _identified(how: _LookUp) -> Credentials:
    sent = bearer()
    credentials = await _look_up(how, sent) if sent is not None else None
    if credentials is None:
        spend_by_address(limits.ANONYMOUS)
        raise Unauthorized(_INVALID)
    if credentials.user is None:
        spend(limits.MEMBER, f"application {credentials.token.application_id}")
    else:
        spend(limits.MEMBER, f"user {credentials.user.id}")
    return credentials


def viewer_of(credentials: Credentials, scope: str) -> Viewer:
    """The user a token stands for, if it is good for ``scope``; raises what the refusal says."""
    if credentials.user is None or credentials.account is None:
        raise Invalid("This method requires an authenticated user")
    _check_scope(credentials, scope)
    return Viewer(user=credentials.user, account=credentials.account, token=credentials.token)


def _check_scope(credentials: Credentials, scope: str) -> None:
    if not covers(credentials.token.scopes, scope):
        raise Forbidden("This action is outside the authorized scopes")


def marked(view: Callable[P, Awaitable[T]], access: str) -> Callable[P, Awaitable[T]]:
    """The view, with what it asks of its caller written on it."""
    setattr(view, ACCESS, access)
    return view
