"""Connections of Hypercorn's, bounded, that end with their clients and speak HTTP/1.1, and WebSockets with limits.

Hypercorn's own wait for another request until ``keep_alive_timeout`` is over, although the client hung up: with some
thirty clients a second that come once, thousands of sockets, of 30 KiB each. It agrees to compressed messages, too, and
inflates each before it looks at its size: 60 KiB into 60 MB. Of a message that is too long it keeps whatever follows.

It goes over to HTTP/2 for whoever asks, and a proxy that hands on the question is then out of the way: its client says
itself where it is. Requests that are taken back at once cost as much as others, and there are thousands a second.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

import h11
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import Event, Updated
from hypercorn.protocol import ws_stream
from hypercorn.protocol.events import StreamClosed
from hypercorn.protocol.h11 import H11Protocol
from typing_extensions import override

from fedorg.web.limits import subject_of_address


class Connection(TCPServer):
    """Waits for nothing more once its client has said its last.

    Where there are too many, one of those of whoever has most makes way, and that may be the new one.
    """

    most: ClassVar[int]
    # By where the clients are, each in the order in which they came.
    _open: ClassVar[dict[str, dict["Connection", None]]] = {}

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - as Hypercorn makes it
        super().__init__(*given, **named)
        peer = self.writer.get_extra_info("peername")
        self._place = subject_of_address(peer[0]) if isinstance(peer, tuple) else ""
        self.is_idle = True
        """Nothing was asked on it yet, or all is answered."""

    @override
    async def run(self) -> None:
        if sum(map(len, Connection._open.values())) >= Connection.most and not self._finds_room():
            self.writer.transport.abort()
            return
        Connection._open.setdefault(self._place, {})[self] = None
        try:
            await super().run()
        finally:
            self._leave()

    def _finds_room(self) -> bool:
        """End a connection from where there are most, unless there would be no fewer from here then."""
        crowd = max(Connection._open.values(), key=len)
        if len(crowd) <= len(Connection._open.get(self._place, ())) + 1:
            return False
        next((one for one in crowd if one.is_idle), next(iter(crowd))).make_way()
        return True

    def make_way(self) -> None:
        """End at once, whatever was going on."""
        self._leave()
        self.writer.transport.abort()

    def _leave(self) -> None:
        neighbours = Connection._open.get(self._place, {})
        neighbours.pop(self, None)
        if not neighbours:
            Connection._open.pop(self._place, None)

    @override
    async def protocol_send(self, event: Event) -> None:
        if isinstance(event, Updated):
            self.is_idle = event.idle
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
