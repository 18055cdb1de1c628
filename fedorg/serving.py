"""An ASGI application on a socket, by the server that the settings name.

Hypercorn comes with fedorg and is the default. Granian (``pip install fedorg[fast]``) costs less per request; it runs
embedded, on the event loop of the node, so that a node is one process under either.
"""

import asyncio
import contextlib
import importlib
import logging
import resource
import socket
from typing import Any, Final

from fedorg import log
from fedorg.config import Settings
from fedorg.errors import SettingsError

_BACKLOG: Final = 256
_KEEP_ALIVE_SECONDS: Final = 75
_BUFFER_BYTES: Final = 65_536
_PING_SECONDS: Final = 30.0
# After so long without a byte taken, a client is gone, or waits for the server to run out of something.
_UNTAKEN_MILLISECONDS: Final = _KEEP_ALIVE_SECONDS * 1000
# For deliveries, files and the database, beside the connections of clients.
_DESCRIPTORS_BESIDE: Final = 1000
# Of clients that ask, or wait to ask once more, beside the streams.
_CONNECTIONS_BESIDE: Final = 3000

logger = log.get_logger()


async def serve_application(
    application: object, settings: Settings, *, bound: socket.socket, stop: asyncio.Event
) -> None:
    """Answer requests on a listening socket until ``stop`` is set, then let those end that run.

    They have ``shutdown_seconds`` at most. Raises ``SettingsError`` when the server that the settings name is not
    installed.
    """
    connections_max = _allow_descriptors(settings.streams_max)
    _set_up(bound)
    if settings.server == "granian":
        await _serve_granian(application, settings, bound, stop, connections_max)
    else:
        await _serve_hypercorn(application, settings, bound, stop, connections_max)


def _allow_descriptors(streams_max: int) -> int:
    """Let this process open as many files and sockets as it may: the usual limit is one for programs of ``select``.

    How many of them may be connections of clients, so that there are some left whoever connects.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most < streams_max + _DESCRIPTORS_BESIDE:
        logger.warning("serving.few_descriptors", most=most, streams_max=streams_max)
    return max(_BACKLOG, min(most - _DESCRIPTORS_BESIDE, streams_max + _CONNECTIONS_BESIDE))


def _set_up(bound: socket.socket) -> None:
    """What each connection inherits: nothing waits to be sent with more of it, nor for ever to be taken.

    Spec: tcp(7), TCP_NODELAY and TCP_USER_TIMEOUT, which Linux has.
    """
    if bound.family in (socket.AF_INET, socket.AF_INET6):
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNTAKEN_MILLISECONDS)


async def _serve_hypercorn(
    application: Any,  # noqa: ANN401 - as both servers take it
    settings: Settings,
    bound: socket.socket,
    stop: asyncio.Event,
    connections_max: int,
) -> None:
    import hypercorn.asyncio  # noqa: PLC0415 - the other server needs none of it
    import hypercorn.asyncio.run  # noqa: PLC0415 - likewise
    import hypercorn.config  # noqa: PLC0415 - likewise
    import hypercorn.protocol.h11  # noqa: PLC0415 - likewise
    import hypercorn.protocol.ws_stream  # noqa: PLC0415 - likewise

    from fedorg import connections  # noqa: PLC0415 - likewise

    # There is no public way.
    connections.Connection.most = connections_max
    hypercorn.asyncio.run.TCPServer = connections.Connection  # type: ignore[attr-defined]
    hypercorn.protocol.H11Protocol = connections.Http1  # type: ignore[attr-defined]
    hypercorn.protocol.ws_stream.Handshake = connections.Handshake  # type: ignore[misc]
    hypercorn.protocol.h11.WSStream = connections.WebSocketStream  # type: ignore[attr-defined]
    config = hypercorn.config.Config()
    config.bind = [f"fd://{bound.fileno()}"]
    config.graceful_timeout = float(settings.shutdown_seconds)
    config.keep_alive_timeout = float(_KEEP_ALIVE_SECONDS)
    config.include_server_header = False
    config.accesslog = None
    config.errorlog = None
    config.h11_max_incomplete_size = _BUFFER_BYTES
    # Clients of streams say little; pings keep proxies from closing a quiet one.
    config.websocket_max_message_size = _BUFFER_BYTES
    config.websocket_ping_interval = _PING_SECONDS
    if settings.tls_certificate and settings.tls_key:
        config.certfile = str(settings.tls_certificate)
        config.keyfile = str(settings.tls_key)
        config.alpn_protocols = ["http/1.1"]
    await hypercorn.asyncio.serve(application, config, shutdown_trigger=stop.wait)


async def _serve_granian(
    application: object,
    settings: Settings,
    bound: socket.socket,
    stop: asyncio.Event,
    connections_max: int,
) -> None:
    try:
        constants, http, embed = (
            importlib.import_module(f"granian.{name}") for name in ("constants", "http", "server.embed")
        )
    except ImportError:
        raise SettingsError(["server: granian is not installed; pip install 'fedorg[fast]'"]) from None
    logging.getLogger("_granian").setLevel(logging.ERROR)
    options: dict[str, Any] = {}
    if settings.tls_certificate and settings.tls_key:
        options = {
            "ssl_cert": settings.tls_certificate,
            "ssl_key": settings.tls_key,
            "ssl_protocol_min": constants.SSLProtocols.tls12,
        }
    server = embed.Server(
        application,
        settings.host,
        settings.port,
        interface=constants.Interfaces.ASGINL,
        # Where it speaks HTTP/2 as well, a connection on which nothing is said is never given up.
        http=constants.HTTPModes.http1,
        http1_settings=http.HTTP1Settings(
            max_buffer_size=_BUFFER_BYTES * 4, keep_alive=True, header_read_timeout=_KEEP_ALIVE_SECONDS * 1000
        ),
        backlog=_BACKLOG,
        # As many connections as that it takes; without it, no more than wait in the backlog.
        backpressure=connections_max,
        log_enabled=False,
        **options,
    )
    # It would bind a socket of its own.
    server._init_shared_socket = lambda: _hand_over(server, bound)  # noqa: SLF001 - there is no public way
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    server.stop()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(settings.shutdown_seconds):
            await serving
    if serving.done():
        serving.result()


def _hand_over(server: Any, bound: socket.socket) -> None:  # noqa: ANN401 - Granian is an extra
    native = importlib.import_module("granian._granian")
    is_unix = False
    server._ssp, server._shd = None, native.SocketHolder(bound.fileno(), is_unix, _BACKLOG)  # noqa: SLF001 - see above
