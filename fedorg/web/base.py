"""What every view stands on: the node, answers, errors, limits, headers, the line in the log.

The one place that maps errors to HTTP statuses (``STATUS_OF``), and the one place that reads Quart's globals. Programs
get ``{"error": …}``, people a page; nobody gets a traceback.
"""

import asyncio
import errno
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import islice
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from hypercorn.typing import HTTPScope
from quart import (
    Quart,
    Response,
    current_app,
    g,
    has_request_context,
    has_websocket_context,
    render_template,
    request,
    websocket,
)
from quart.wrappers.base import BaseRequestWebsocket
from typing_extensions import override
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import BaseConverter

from fedorg import errors, log
from fedorg.domain.ip_blocks import IpBlockSeverity
from fedorg.domain.pages import Listed
from fedorg.node import Node
from fedorg.services import attempts
from fedorg.services.moderation import ip_blocks
from fedorg.services.streams import Streams
from fedorg.services.users import SignedIn
from fedorg.uris import Uris
from fedorg.web import answers
from fedorg.web.bodies import LimitedRequest, this_request
from fedorg.web.limits import Budget, Limiter, Rule, limit_headers, subject_of_address
from fedorg.web.params import id_in

logger = log.get_logger()

STATUS_OF: Final[Mapping[type[Exception], int]] = {
    errors.BadRequest: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Gone: 410,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.Invalid: 422,
    errors.TooManyRequests: 429,
    errors.Unavailable: 503,
    errors.FedorgError: 500,
    errors.NoRoom: 507,
    errors.Failing: 503,
}

T = TypeVar("T")

KEPT_OUT: Final = "Your network may not use this server"
_NODE: Final = "fedorg.node"
_LIMITER: Final = "fedorg.limiter"
_STREAMS: Final = "fedorg.streams"
_FIND_VISITOR: Final = "fedorg.find_visitor"
_REFUSED: Final = 400
_SERVER_FAULT: Final = 500
# Entities that are made and written in about a millisecond.
_PIECE: Final = 50

# What browsers of other origins may call, and programs read: always answered as JSON.
# Load balancers have to learn how the node is, wherever they stand.
_HEALTH: Final = "/health"
_OPEN_PREFIXES: Final = ("/api/", "/.well-known/", "/nodeinfo/")
_OPEN_PATHS: Final = frozenset({"/oauth/token", "/oauth/revoke", "/oauth/userinfo", "/nodeinfo"})
_EXPOSED: Final = "Link, Mastodon-Async-Refresh, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
_FOR_ALL_ORIGINS: Final = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": _EXPOSED}
_ALWAYS_WITHOUT_TLS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data: https:; "
    "media-src 'self' https:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    # What depends on who asks must not be kept by anybody in between (S48); views of public files say otherwise.
    "Cache-Control": "private, no-store",
}
_ALWAYS: Final = {**_ALWAYS_WITHOUT_TLS, "Strict-Transport-Security": "max-age=63072000"}

# Of a page made for the frames of other sites: no form, no script, nothing of who is signed in.
FRAMED_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data: https:; media-src 'self' https:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors http: https:"
)


class IdConverter(BaseConverter):
    """``<id:status_id>`` in a route: an id of ours, as an int that fits a column; no such route for anything else.

    The pattern decides alone: a number that it lets through and ``to_python`` refuses makes werkzeug answer 405.
    """

    regex = r"[0-9]+"

    @override
    def to_python(self, value: str) -> int:
        """The number; one that fits no column becomes the id that nothing has."""
        return id_in(value) or 0


def this_node() -> Node:
    """The node whose application answers this request."""
    node: Node = current_app.extensions[_NODE]
    return node


def this_streams() -> Streams:
    """The open streams of the application that answers this request."""
    return streams_of(current_app)


def streams_of(app: Quart) -> Streams:
    """The open streams of an application."""
    streams: Streams = app.extensions[_STREAMS]
    return streams


def install(
    app: Quart,
    node: Node,
    claimed: Callable[[HTTPScope], str | None],
    find_visitor: Callable[[], Awaitable[SignedIn | None]],
) -> None:
    """Make ``app`` an application of ``node``: errors, headers, limits and log lines as this module says.

    ``claimed`` is as in ``answers.KeptAnswers``; ``find_visitor`` says who is signed in with the browser that asks.
    """
    app.extensions[_FIND_VISITOR] = find_visitor
    app.extensions[_NODE] = node
    limiter = Limiter(node.now, node.settings.rate_limits)
    app.extensions[_LIMITER] = limiter
    app.extensions[_STREAMS] = Streams(node)
    app.url_map.converters["id"] = IdConverter
    # Mastodon takes every address with a slash at its end as well, and some clients send one.
    app.url_map.strict_slashes = False
    app.before_request(_begin)
    app.before_websocket(_keep_out)
    app.after_request(_finish)
    app.teardown_request(_close)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(Exception, _answer_any)
    app.asgi_app = answers.KeptAnswers(app.asgi_app, node, limiter, claimed)  # type: ignore[method-assign] # as Quart documents middleware


def json_answer(entity: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An entity as JSON."""
    return Response(
        msgspec.json.encode(entity), status, headers=dict(headers or {}), content_type="application/json; charset=utf-8"
    )


async def written(entities: Iterable[object]) -> msgspec.Raw:
    """Many entities as JSON, for an answer; others have their turn while a long list is made and written."""
    waiting = iter(entities)
    pieces: list[bytes] = []
    while piece := list(islice(waiting, _PIECE)):
        if pieces:
            await asyncio.sleep(0)
        pieces.append(msgspec.json.encode(piece)[1:-1])
    return msgspec.Raw(b"[" + b",".join(pieces) + b"]")


def refusal_of(error: errors.FedorgError | errors.Failing) -> dict[str, Any]:
    """What an error tells a program: its words, and the faults of single fields if it names them."""
    body: dict[str, Any] = {"error": str(error)}
    if isinstance(error, errors.Invalid) and error.details:
        body["details"] = {
            name: [{"error": code, "description": text} for code, text in faults]
            for name, faults in error.details.items()
        }
    return body


def page_answer(entities: object, ids: Sequence[int]) -> Response:
    """A page of entities with Mastodon's Link header; ``ids`` are those the cursors count in, as the entities stand."""
    return json_answer(entities, headers=link_header(ids))


def listed_answer(found: Sequence[Listed[T]], entity: Callable[[T, Uris], object]) -> Response:
    """The same of what rows of a table list; the cursors count in those rows."""
    uris = this_node().uris
    return page_answer([entity(one.item, uris) for one in found], [one.row_id for one in found])


def link_header(ids: Sequence[int]) -> dict[str, str]:
    """The Link header to the pages around ``ids`` (newest first) of the address that is asked now."""
    if not ids:
        return {}
    kept = urlencode([(name, value) for name, value in request.args.items(multi=True) if name not in _CURSORS])
    # A path comes decoded, and may hold what no header does.
    base = f"{this_node().uris.base}{quote(request.path)}?{kept}{'&' if kept else ''}"
    return {"Link": f'<{base}max_id={min(ids)}>; rel="next", <{base}min_id={max(ids)}>; rel="prev"'}


_CURSORS: Final = frozenset({"max_id", "min_id", "since_id"})


def client_address() -> str:
    """The address of who is asking, behind trusted proxies."""
    return address_of(asked().scope)


def address_of(scope: Mapping[str, Any]) -> str:
    """The same of the ASGI scope of a request."""
    client = scope.get("client")
    return client[0] if client else "unknown"


def spend(rule: Rule, subject: str) -> None:
    """Count this request against a limit; raises ``TooManyRequests`` when it is one too many."""
    if (account := answers.account_of(asked().scope)) is not None:
        account.spent.append((rule, subject))
    limiter = limiter_of(current_app)
    budget = limiter.spend(rule, subject)
    if budget is not None:
        _keep_to(limiter, budget)


def spend_by_address(rule: Rule) -> None:
    """Count this request against a limit of the address it comes from."""
    spend(rule, subject_of_address(client_address()))


async def spend_together(rule: Rule, subject: str) -> None:
    """The same for what all processes count together: first here, so that a flood is no flood of the database."""
    spend(rule, subject)
    limiter = limiter_of(current_app)
    if limiter.is_off:
        return
    reset_at = limiter.reset_at(rule)
    count = await attempts.count(this_node(), rule.name, subject, reset_at)
    _keep_to(limiter, limiter.budget(rule, count, reset_at))


async def spend_together_by_address(rule: Rule) -> None:
    """The same for the address this request comes from."""
    await spend_together(rule, subject_of_address(client_address()))


def _keep_to(limiter: Limiter, budget: Budget) -> None:
    tightest: Budget | None = g.get("budget")
    if tightest is None or budget.remaining < tightest.remaining:
        g.budget = budget
    if budget.remaining < 0:
        raise limiter.refusal(budget)


def is_for_programs() -> bool:
    """Whether errors of this address are JSON rather than a page."""
    return _is_open() or "text/html" not in asked().headers.get("Accept", "")


def _is_open() -> bool:
    path = asked().path
    return path.startswith(_OPEN_PREFIXES) or path in _OPEN_PATHS


def asked() -> BaseRequestWebsocket:
    """What is answered now: an ordinary request, or one that wants to become a WebSocket."""
    return websocket if has_websocket_context() else request


def always(node: Node) -> Mapping[str, str]:
    """The headers of every answer that says nothing else of the same name."""
    return _ALWAYS if node.settings.is_secure else _ALWAYS_WITHOUT_TLS


def limiter_of(app: Quart) -> Limiter:
    """The counters of an application."""
    limiter: Limiter = app.extensions[_LIMITER]
    return limiter


async def _begin() -> Response | None:
    g.started = time.perf_counter()
    request = this_request()
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers and _is_open():
        return Response(
            "",
            204,
            headers={
                "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
                "Access-Control-Allow-Headers": request.headers.get("Access-Control-Request-Headers", "Authorization"),
                "Access-Control-Max-Age": "86400",
            },
        )
    if request.path != _HEALTH:
        await _keep_out()
    if "\0" in request.path:
        # Nothing is called so: no engine keeps such a text.
        raise errors.NotFound
    return None


async def _keep_out() -> None:
    """Refuse whoever asks from a network that may not use this node."""
    if await ip_blocks.severity_for(this_node(), client_address()) is IpBlockSeverity.NO_ACCESS:
        raise errors.Forbidden(KEPT_OUT)


async def _finish(response: Response) -> Response:
    node, request = this_node(), this_request()
    if response.status_code >= _REFUSED and isinstance(request, LimitedRequest):
        await request.skip_rest()
    added = dict(always(node))
    if response.headers.get("Content-Security-Policy") == FRAMED_POLICY:
        del added["X-Frame-Options"]
    if _is_open():
        added |= _FOR_ALL_ORIGINS
    budget: Budget | None = g.get("budget")
    if budget is not None:
        added |= limit_headers(budget)
    named = {name.lower() for name in response.headers.keys()}  # noqa: SIM118 - its items are pairs
    for name, value in added.items():
        if name.lower() not in named:
            response.headers.add(name, value)
    route = request.url_rule.rule if request.url_rule is not None else "(none)"
    seconds = time.perf_counter() - g.get("started", time.perf_counter())
    method = request.method if request.method in _METHODS else "(other)"
    answers.record(node, route, method, response.status_code, seconds)
    if (account := answers.account_of(request.scope)) is not None:
        account.route = route
    return response


async def _close(_problem: BaseException | None) -> None:
    request = this_request()
    if isinstance(request, LimitedRequest):
        request.close_uploads()


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a program is told of an error."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


def refusal_of_any(error: Exception, route: str) -> Refusal:
    """The answer to an error of any kind; a fault of this node is written into the log under the route."""
    if isinstance(error, OSError) and error.errno in errors.NO_ROOM:
        logger.warning("files.no_room", error=str(error))
        error = errors.NoRoom()
    elif isinstance(error, OSError) and error.errno in _NO_DESCRIPTORS:
        logger.warning("files.too_many", error=str(error))
        error = errors.Unavailable("This server is busy. Please try again in a moment!")
    if isinstance(error, errors.FedorgError | errors.Failing):
        status = next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)
        headers: dict[str, str] = {}
        if isinstance(error, errors.Unavailable | errors.Failing):
            headers["Retry-After"] = str(errors.RETRY_SECONDS)
        if isinstance(error, errors.TooManyRequests):
            headers["Retry-After"] = str(error.retry_after_seconds)
        if isinstance(error, errors.Unauthorized):
            headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
        return Refusal(status=status, body=refusal_of(error), headers=headers)
    logger.error("request.failed", route=route, exc_info=error)
    return Refusal(status=_SERVER_FAULT, body={"error": "Something went wrong on this server. Its log says what."})


_NO_DESCRIPTORS: Final = frozenset({errno.EMFILE, errno.ENFILE})


async def _answer_any(error: Exception) -> Response:
    route = request.url_rule.rule if has_request_context() and request.url_rule is not None else "(none)"
    refusal = refusal_of_any(error, route)
    return await _answer_refusal(refusal.status, refusal.body, refusal.headers)


async def _answer_http_error(error: HTTPException) -> Response | HTTPException:
    status = error.code or _SERVER_FAULT
    if status < 400:  # noqa: PLR2004 - a redirect of the router to the address with a slash
        return error
    headers = {"Allow": ", ".join(error.valid_methods or ())} if isinstance(error, MethodNotAllowed) else {}
    return await _answer_refusal(status, {"error": _PHRASES.get(status, error.name)}, headers)


_PHRASES: Final = {400: "The request cannot be understood", 413: "The request is larger than this server takes"}


_NOTHING: Final = "There is nothing here, or nothing that you may see"
# Said of whatever is not there: it tells nobody whether anything is.
_UNSAID: Final = frozenset({str(errors.NotFound()), HTTPStatus.NOT_FOUND.phrase})
_ONLY_FORMS: Final = "This address takes a form and shows nothing: open the page that the form is on"


async def _visitor(status: int) -> SignedIn | None:
    """Who is signed in with this browser; nobody is asked for where too much is asked, or something is broken."""
    if status >= _SERVER_FAULT or status == HTTPStatus.TOO_MANY_REQUESTS:
        return None
    try:
        visitor: SignedIn | None = await current_app.extensions[_FIND_VISITOR]()
    except (errors.FedorgError, errors.Failing):
        return None
    return visitor


async def _answer_refusal(status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    if is_for_programs():
        return json_answer(body, status, headers)
    wait = headers.get("Retry-After", "")
    minutes = -(-int(wait) // 60) if wait.isdigit() else None
    is_hidden = status == HTTPStatus.NOT_FOUND and body["error"] in _UNSAID
    message = _NOTHING if is_hidden else body["error"]
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        message = _ONLY_FORMS
    back = request.full_path.rstrip("?") if is_hidden and request.method == "GET" else None
    node, visitor = this_node(), await _visitor(status)
    told = {"code": status, "message": message, "minutes": minutes, "back": back}
    page = await render_template("error.html", node=node.settings, uris=node.uris, visitor=visitor, **told)
    return Response(page, status, headers=dict(headers), content_type="text/html; charset=utf-8")
