"""Browsers: who is signed in, and proof that a form came from our own page.

The cookie's name holds a piece of the node's address, since browsers share cookies among ports. Every form carries a
token: that of the session, or, before anybody is signed in, that of a cookie made for the form.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Iterable
from functools import wraps
from typing import Concatenate, Final, ParamSpec
from urllib.parse import quote, urlencode, urlsplit

from markupsafe import Markup, escape
from quart import Response, redirect, request, stream_template
from werkzeug.datastructures import MultiDict

from fedorg.domain.accounts import Emoji, User
from fedorg.errors import BadRequest, Forbidden
from fedorg.node import Node
from fedorg.serializers.accounts import kept_avatar
from fedorg.services import users
from fedorg.services.users import SESSION_DAYS, SignedIn
from fedorg.text import draw_emojis, sanitize, to_plain
from fedorg.uris import Uris
from fedorg.web import limits
from fedorg.web.auth import ACCESS
from fedorg.web.base import spend_by_address, this_node
from fedorg.web.bodies import NO_TEXT
from fedorg.web.params import was_slow
from fedorg.web.site.done import Done

P = ParamSpec("P")

_CSRF_FIELD: Final = "csrf_token"
_PAGE_DIGITS_MAX: Final = 4
_DAY_SECONDS: Final = 86_400
_ASCII: Final = "".join(map(chr, range(ord("!"), ord("~") + 1)))
_DONE_SECONDS: Final = 60
_NO_COOKIE: Final = (
    "This form has expired, or your browser keeps no cookies. "
    "Allow those of this server, load the page again and repeat."
)
# Written in about a millisecond: a row of a list is some of them.
_PIECES: Final = 100


async def signed_in() -> SignedIn | None:
    """Who is signed in with this browser; ``BadRequest`` where what it asks for is no text."""
    if b"%00" in request.query_string:
        raise BadRequest(NO_TEXT)
    cookie = request.cookies.get(_cookie_name("session"))
    return await users.find_session(this_node(), cookie) if cookie else None


def members_only(
    view: Callable[Concatenate[SignedIn, P], Awaitable[Response]],
) -> Callable[P, Awaitable[Response]]:
    """The view gets who is signed in first; others are sent to sign in, and come back. Forms are checked."""

    @wraps(view)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
        visitor = await signed_in()
        # A form may come for minutes: whoever was signed out meanwhile does nothing with it.
        if visitor is not None and request.method == "POST" and await was_slow():
            visitor = await signed_in()
        if visitor is None:
            return to_sign_in(request.full_path) if request.method == "GET" else to_sign_in("/", Done.SIGNED_OUT)
        if request.method == "POST":
            check_form(await request.form, visitor)
        return await view(visitor, *args, **kwargs)

    setattr(guarded, ACCESS, "session")
    return guarded


def for_everybody(
    view: Callable[Concatenate[SignedIn | None, P], Awaitable[Response]],
) -> Callable[P, Awaitable[Response]]:
    """The view gets who is signed in first, or None. Forms are checked."""

    @wraps(view)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
        visitor = await signed_in()
        if visitor is None:
            spend_by_address(limits.PAGES)
        if request.method == "POST":
            if visitor is not None and await was_slow():
                visitor = await signed_in()
            check_form(await request.form, visitor)
        return await view(visitor, *args, **kwargs)

    setattr(guarded, ACCESS, "public")
    return guarded


def check_form(form: MultiDict[str, str], visitor: SignedIn | None) -> None:
    """Return for a form of our own page; ``Forbidden`` for one that another site made up."""
    if visitor is None and _cookie_name("form") not in request.cookies:
        raise Forbidden(_NO_COOKIE)
    expected = visitor.csrf_token if visitor else request.cookies.get(_cookie_name("form"), "")
    if not expected or not hmac.compare_digest(form.get(_CSRF_FIELD, "").encode(), expected.encode()):
        raise Forbidden("This form has expired. Go back, load the page again and repeat.")


async def page(
    template: str,
    visitor: SignedIn | None,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **values: object,
) -> Response:
    """A page for people. Forms on it take ``csrf_token``; a visitor who is not signed in gets a cookie for that."""
    node = this_node()
    form_cookie = request.cookies.get(_cookie_name("form"))
    token = visitor.csrf_token if visitor else form_cookie or secrets.token_urlsafe(32)
    done = Done.__members__.get(request.cookies.get(_cookie_name("done"), ""))
    html = await rendered(template, visitor=visitor, csrf_token=token, done=done, **common(node), **values)
    response = Response(html, status, headers=headers, content_type="text/html; charset=utf-8")
    if done is not None:
        _delete_cookie(response, "done")
    if visitor is None and not form_cookie:
        _set_cookie(response, "form", token, None)
    return response


async def rendered(template: str, **values: object) -> str:
    """A template with values, as text; others have their turn while a long one is written."""
    pieces: list[str] = []
    async for piece in await stream_template(template, **values):
        pieces.append(piece)
        if len(pieces) % _PIECES == 0:
            await asyncio.sleep(0)
    return "".join(pieces)


def common(node: Node) -> dict[str, object]:
    """What every template may use."""
    return {
        "node": node.settings,
        "uris": node.uris,
        "rich": rich,
        "drawn": lambda text, emojis: drawn(text, emojis, node.uris),
        "plain": to_plain,
        "face": lambda account: kept_avatar(account, node.uris),
    }


def rich(html: str) -> Markup:
    """HTML that people or peers wrote, sanitised where it is shown (S54)."""
    return Markup(sanitize(html))  # noqa: S704 - the sanitiser's output is the one HTML that is not escaped


def drawn(text: str, emojis: Iterable[Emoji], uris: Uris) -> Markup:
    """Rich or plain text with the custom emoji that this node serves: pages send nobody's browser to other servers."""
    own = uris.media("")
    pictures = {one.shortcode: still for one in emojis if (still := one.static_url or one.url).startswith(own)}
    return Markup(draw_emojis(escape(text), pictures))  # noqa: S704 - what was not safe is escaped


def page_number() -> int:
    """Which page of a list is asked for, from 1 on."""
    number = request.args.get("page", "1")
    is_number = number.isascii() and number.isdigit() and len(number) <= _PAGE_DIGITS_MAX
    return max(1, int(number)) if is_number else 1


def go(path: str, done: Done | None = None) -> Response:
    """A redirect to a page of ours, after a form; the page says what was done."""
    response: Response = redirect(path, 303)  # type: ignore[assignment] # Quart's redirect makes its own response
    if done is not None:
        _set_cookie(response, "done", done.name, _DONE_SECONDS)
    return response


def to_sign_in(back: str, done: Done | None = None) -> Response:
    """To the sign-in page, and from there to ``back``."""
    return go(f"/auth/sign_in?{urlencode({'next': back.rstrip('?')})}", done)


def path_of(text: str | None) -> str:
    """A path of this site to go on to; ``/`` for anything that could lead elsewhere (S58)."""
    if not text or not text.startswith("/") or text.startswith("//") or "\\" in text:
        return "/"
    if any(character <= " " or character == "\x7f" for character in text):
        return "/"
    # Other letters come decoded, as in the address of a hashtag.
    path = quote(text, safe=_ASCII, errors="replace")
    parts = urlsplit(path)
    return "/" if parts.scheme or parts.netloc else path


async def sign_in_browser(response: Response, user: User) -> Response:
    """Start a session with this answer; one that was open before is over."""
    before = request.cookies.get(_cookie_name("session"))
    if before:
        await users.end_session(this_node(), before)
    cookie = await users.start_session(this_node(), user)
    _set_cookie(response, "session", cookie, SESSION_DAYS * _DAY_SECONDS)
    return response


async def sign_out_browser(response: Response) -> Response:
    """End the session with this answer."""
    cookie = request.cookies.get(_cookie_name("session"))
    if cookie:
        await users.end_session(this_node(), cookie)
    _delete_cookie(response, "session")
    return response


def _delete_cookie(response: Response, kind: str) -> None:
    response.delete_cookie(_cookie_name(kind), path="/", secure=this_node().settings.is_secure, httponly=True)


def _set_cookie(response: Response, kind: str, value: str, max_age: int | None) -> None:
    response.set_cookie(
        _cookie_name(kind),
        value,
        max_age=max_age,
        path="/",
        secure=this_node().settings.is_secure,
        httponly=True,
        samesite="Lax",
    )


def _cookie_name(kind: str) -> str:
    settings = this_node().settings
    mark = hashlib.sha256(settings.public_url.encode()).hexdigest()[:8]
    # The prefix makes browsers refuse the cookie from any other host, a sister's included.
    return f"{'__Host-' if settings.is_secure else ''}fedorg_{kind}_{mark}"
