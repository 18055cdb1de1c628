"""Connections of Hypercorn's, bounded, that end with their clients and speak HTTP/1.1, and WebSockets with limits.

Hypercorn's own wait for another request until ``keep_alive_timeout`` is over, although the client hung up: with some
thirty clients a second that come once, thousands of sockets, of 30 KiB each. It agrees to compressed messages, too, and
inflates each before it looks at its size: 60 KiB into 60 MB. Of a message that is too long it keeps whatever follows.

It goes over to HTTP/2 for whoever asks, and a proxy that hands on the question is then out of the way: its client says
itself where it is. Requests that are taken back at once cost as much as others, and there are thousands a second.
"""

from collections.abc import Iterable
from typing import ClassVar

import h11
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import Event, Updated
from hypercorn.protocol import ws_stream
from hypercorn.protocol.events import StreamClosed
from hypercorn.protocol.h11 import H11Protocol
from typing_extensions import override


class Connection(TCPServer):
    """Waits for nothing more once its client has said its last; one too many of them ends at once."""

    most: ClassVar[int]
    _open: ClassVar[int] = 0

    @override
    async def run(self) -> None:
        if Connection._open >= Connection.most:
            self.writer.transport.abort()
            return
        Connection._open += 1
        try:
            await super().run()
        finally:
            Connection._open -= 1

    @override
    async def protocol_send(self, event: Event) -> None:
        if not (isinstance(event, Updated) and event.idle and self.reader.at_eof()):
            await super().protocol_send(event)

    @override
    async def _read_data(self) -> None:
        await super()._read_data()
        await self.idle_task.stop()


class Http1(H11Protocol):
    """HTTP/1.1 to the end, whatever a request asks for; HTTP/2 is between clients and a proxy."""

    @override
    async def _check_protocol(self, event: h11.Request) -> None:
        """Go over to nothing else."""


class Handshake(ws_stream.Handshake):
    """Agrees to no extension, as Mastodon's streams do."""

    def __init__(self, headers: Iterable[tuple[bytes, bytes]], http_version: str) -> None:
        plain = [(name, value) for name, value in headers if name.lower() != b"sec-websocket-extensions"]
        super().__init__(plain, http_version)


class WebSocketStream(ws_stream.WSStream):
    """Hangs up on whoever sends too much at once, after saying so."""

    @override
    async def _handle_events(self) -> None:
        await super()._handle_events()
        if self.buffer.length > self.buffer.max_length:
            self.buffer.clear()
            await self.send(StreamClosed(stream_id=self.stream_id))
