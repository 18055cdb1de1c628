"""Streams over server-sent events and over one WebSocket. Spec: Mastodon API, methods/streaming.

Nobody listens without a token (S60), and a token opens what it may read over REST (S43). It may come in the query or,
on a WebSocket, as the protocol, because browsers can send no header there.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Final, assert_never

import msgspec
from quart import Blueprint, Response, request, websocket

from fedorg import log
from fedorg.domain.announcements import AnnouncementView, ReactionNews
from fedorg.domain.conversations import ConversationView
from fedorg.domain.events import WITHOUT_SUBJECT, EventKind
from fedorg.domain.ip_blocks import IpBlockSeverity
from fedorg.domain.notifications import NotificationView
from fedorg.domain.oauth import covers
from fedorg.domain.statuses import StatusView
from fedorg.errors import BadRequest, FedorgError, Forbidden, NotFound, Unauthorized
from fedorg.ids import ListId
from fedorg.node import Node
from fedorg.serializers.announcements import announcement_entity, reaction_news_entity
from fedorg.serializers.conversations import conversation_entity
from fedorg.serializers.notifications import notification_entity
from fedorg.serializers.statuses import status_entity
from fedorg.services import lists, oauth
from fedorg.services.moderation import ip_blocks
from fedorg.services.streams import Loaded, Streams
from fedorg.streaming import Ending, Item, Listener, News, Stream, StreamEnded, StreamName
from fedorg.text import normalise_hashtag
from fedorg.uris import Uris
from fedorg.web import limits
from fedorg.web.auth import Viewer, bearer, marked, viewer_of
from fedorg.web.base import STATUS_OF, client_address, spend, spend_by_address, this_node, this_streams
from fedorg.web.params import id_in

blueprint = Blueprint("streaming", __name__, url_prefix="/api/v1/streaming")
logger = log.get_logger()

_HEARTBEAT_SECONDS: Final = 15.0
# How long something blocked in sending may still take once its listener is ended.
_GRACE_SECONDS: Final = 0.5
# A client that went away before its stream began never takes up its listener.
_BEGIN_SECONDS: Final = 10.0
_MESSAGE_MAX: Final = 4096

_PATHS: Final[Mapping[str, StreamName]] = {
    "user": StreamName.USER,
    "user/notification": StreamName.USER_NOTIFICATION,
    "public": StreamName.PUBLIC,
    "public/local": StreamName.PUBLIC_LOCAL,
    "public/remote": StreamName.PUBLIC_REMOTE,
    "public/node": StreamName.PUBLIC_NODE,
    "public/organisation": StreamName.PUBLIC_ORGANISATION,
    "public/partners": StreamName.PUBLIC_PARTNERS,
    "hashtag": StreamName.HASHTAG,
    "hashtag/local": StreamName.HASHTAG_LOCAL,
    "list": StreamName.LIST,
    "direct": StreamName.DIRECT,
}
_WITH_MEDIA: Final[Mapping[StreamName, StreamName]] = {
    StreamName.PUBLIC: StreamName.PUBLIC_MEDIA,
    StreamName.PUBLIC_LOCAL: StreamName.PUBLIC_LOCAL_MEDIA,
    StreamName.PUBLIC_REMOTE: StreamName.PUBLIC_REMOTE_MEDIA,
}
_CLOSE_CODES: Final[Mapping[Ending, int]] = {
    Ending.LEFT: 1000,
    Ending.STOPPED: 1001,
    Ending.REVOKED: 1008,
    Ending.SLOW: 1008,
    Ending.FAILED: 1011,
}


async def get_health() -> Response:
    """Whether streams are served."""
    return Response("OK", content_type="text/plain; charset=utf-8")


async def stream_events(name: str) -> Response:
    """One stream as server-sent events."""
    if name not in _PATHS:
        raise NotFound("Not Found")
    stream = _stream(_PATHS[name], request.args)
    sent = bearer() or request.args.get("access_token")
    viewer = await _viewer(sent, stream.scope)
    await _check_owned(viewer, stream)
    streams = this_streams()
    listener = await streams.open(viewer.account.id, viewer.token, sent or "")
    listener.subscribe(stream)
    begun = asyncio.Event()
    asyncio.get_running_loop().call_later(_BEGIN_SECONDS, _close_unbegun, streams, listener, begun)
    told = _events(this_node(), streams, listener, begun, client_address())
    response = Response(told, headers={"X-Accel-Buffering": "no"}, content_type="text/event-stream")
    response.timeout = None
    return response


async def converse() -> None:
    """Any number of streams on one WebSocket; the client says which, in the query or by messages."""
    protocols = websocket.requested_subprotocols
    protocol = protocols[0] if protocols else None
    sent = bearer() or websocket.args.get("access_token") or protocol
    name = websocket.args.get("stream")
    first = _stream(_name(name), websocket.args) if name else None
    viewer = await _viewer(sent, first.scope if first else None)
    if first is not None:
        await _check_owned(viewer, first)
    streams = this_streams()
    listener = await streams.open(viewer.account.id, viewer.token, sent or "")
    try:
        if first is not None:
            listener.subscribe(first)
        await websocket.accept(subprotocol=protocol)
        await _talk(listener, viewer)
    finally:
        streams.close(listener)
    try:
        async with asyncio.timeout(_GRACE_SECONDS):
            await websocket.close(_CLOSE_CODES[listener.ending or Ending.LEFT])
    except TimeoutError:
        logger.info("stream.unread", ending=listener.ending)


blueprint.get("/health")(marked(get_health, "public"))
blueprint.get("/<path:name>")(marked(stream_events, "read:statuses"))
blueprint.websocket("")(marked(converse, "read:statuses"))


async def _viewer(sent: str | None, scope: str | None) -> Viewer:
    credentials = await oauth.authenticate(this_node(), sent) if sent else None
    if credentials is None:
        spend_by_address(limits.ANONYMOUS)
        raise Unauthorized("The access token is invalid")
    viewer = viewer_of(credentials, scope or _any_scope(credentials.token.scopes))
    _count(viewer)
    return viewer


def _count(viewer: Viewer) -> None:
    spend(limits.MEMBER, f"user {viewer.user.id}")


def _any_scope(granted: tuple[str, ...]) -> str:
    """What a socket without a first stream asks for: something that a stream can be opened with."""
    return "read:notifications" if covers(granted, "read:notifications") else "read:statuses"


def _stream(name: StreamName, values: Mapping[str, object]) -> Stream:
    if name in _WITH_MEDIA and str(values.get("only_media", "")).lower() in ("1", "true"):
        name = _WITH_MEDIA[name]
    if name is StreamName.LIST:
        list_id = id_in(str(values.get("list") or ""))
        if list_id is None:
            raise BadRequest("Missing list name parameter")
        return Stream(name=name, list_id=ListId(list_id))
    if not Stream(name=name).is_by_hashtag:
        return Stream(name=name)
    tag = normalise_hashtag(str(values.get("tag") or "").strip().removeprefix("#"))
    if not tag:
        raise BadRequest("Missing tag name parameter")
    return Stream(name=name, tag=tag)


def _name(text: object) -> StreamName:
    try:
        return StreamName(str(text))
    except ValueError:
        raise BadRequest("Unknown channel requested") from None


def _close_unbegun(streams: Streams, listener: Listener, begun: asyncio.Event) -> None:
    if not begun.is_set():
        streams.close(listener)


async def _events(
    node: Node, streams: Streams, listener: Listener, begun: asyncio.Event, address: str
) -> AsyncIterator[str]:
    # Runs outside of the request, whose node and streams it is handed.
    begun.set()
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    assert task is not None
    # Quart does the sending, so that only this ends a task that is blocked in it.
    listener.on_end(lambda: loop.call_later(_GRACE_SECONDS, task.cancel))
    try:
        yield ":)\n"
        while True:
            item = await _next(node, listener, address)
            if not isinstance(item, News):
                yield ":thump\n"
                continue
            if item.event.kind in WITHOUT_SUBJECT:
                yield f"event: {item.event.kind}\ndata: undefined\n\n"
                continue
            payload = await _payload(node, streams, listener, item)
            if payload is not None:
                yield f"event: {item.event.kind}\ndata: {payload}\n\n"
    except StreamEnded:
        return
    finally:
        streams.close(listener)


async def _talk(listener: Listener, viewer: Viewer) -> None:
    """Until the client leaves or the listener is ended."""
    ended = asyncio.Event()
    listener.on_end(ended.set)
    talking = [
        asyncio.create_task(_hear(listener, viewer), name="stream hears"),
        asyncio.create_task(_tell(this_node(), this_streams(), listener), name="stream tells"),
        # One of the two above may be blocked in sending to somebody who does not read.
        asyncio.create_task(ended.wait(), name="stream ends"),
    ]
    try:
        done, _ = await asyncio.wait(talking, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)
    for task in done:
        if (problem := task.exception()) is not None and not isinstance(problem, StreamEnded):
            logger.error("stream.failed", exc_info=problem)
            listener.end(Ending.FAILED)


async def _hear(listener: Listener, viewer: Viewer) -> None:
    while True:
        message = await websocket.receive()
        try:
            # To ask for a list costs what a request does, and nothing else holds back who asks on and on.
            _count(viewer)
            await _obey(listener, viewer, message)
        except FedorgError as refusal:
            # Through the same bounded queue as news: who only asks and never reads is ended.
            status = next(STATUS_OF[kind] for kind in type(refusal).__mro__ if kind in STATUS_OF)
            listener.put(json.dumps({"error": str(refusal), "status": status}))


async def _obey(listener: Listener, viewer: Viewer, message: str | bytes) -> None:
    if len(message) > _MESSAGE_MAX:
        raise BadRequest("The message is too long")
    try:
        values = json.loads(message)
    except (ValueError, RecursionError):
        raise BadRequest("The message is not JSON") from None
    if not isinstance(values, dict) or values.get("type") not in ("subscribe", "unsubscribe"):
        raise BadRequest("Unknown message type")
    stream = _stream(_name(values.get("stream")), values)
    if values["type"] == "unsubscribe":
        listener.unsubscribe(stream)
        return
    if not covers(viewer.token.scopes, stream.scope):
        raise Forbidden("Access token does not cover required scopes")
    await _check_owned(viewer, stream)
    listener.subscribe(stream)


async def _check_owned(viewer: Viewer, stream: Stream) -> None:
    """Raise ``NotFound`` for the stream of somebody else's list."""
    if stream.list_id is not None:
        await lists.get_list(this_node(), viewer.account.id, stream.list_id)


async def _tell(node: Node, streams: Streams, listener: Listener) -> None:
    address = client_address()
    while True:
        item = await _next(node, listener, address)
        if isinstance(item, News):
            message: dict[str, object] = {"stream": item.stream.label, "event": item.event.kind}
            if item.event.kind not in WITHOUT_SUBJECT:
                payload = await _payload(node, streams, listener, item)
                if payload is None:
                    continue
                message["payload"] = payload
            await websocket.send(msgspec.json.encode(message).decode())
        elif item is not None:
            await websocket.send(item)


async def _next(node: Node, listener: Listener, address: str) -> Item | None:
    """What comes next, None for nothing within a while; a network that is kept out by now hears nothing more."""
    item = await listener.next(_HEARTBEAT_SECONDS)
    if await ip_blocks.severity_for(node, address) is IpBlockSeverity.NO_ACCESS:
        listener.end(Ending.REVOKED)
        raise StreamEnded
    return item


async def _payload(node: Node, streams: Streams, listener: Listener, news: News) -> str | None:
    """What the listener's account sees of the news, as JSON; None when it sees nothing."""
    if news.event.kind in (EventKind.DELETE, EventKind.ANNOUNCEMENT_DELETE):
        return str(news.event.subject_id)
    view = await streams.load(listener, news)
    return None if view is None else msgspec.json.encode(_entity(view, node.uris)).decode()


def _entity(view: Loaded, uris: Uris) -> object:
    match view:
        case StatusView():
            return status_entity(view, uris)
        case NotificationView():
            return notification_entity(view, uris)
        case ConversationView():
            return conversation_entity(view, uris)
        case AnnouncementView():
            return announcement_entity(view, uris)
        case ReactionNews():
            return reaction_news_entity(view)
        case _:
            assert_never(view)
