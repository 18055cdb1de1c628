"""A connection of Hypercorn's that ends with its client.

Hypercorn's own waits for another request until ``keep_alive_timeout`` is over, although its client hung up: with some
thirty clients a second that come once, thousands of sockets, of 30 KiB each.
"""

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import Event, Updated
from typing_extensions import override


class Connection(TCPServer):
    """Waits for nothing more once its client has said its last."""

    @override
    async def protocol_send(self, event: Event) -> None:
        if not (isinstance(event, Updated) and event.idle and self.reader.at_eof()):
            await super().protocol_send(event)

    @override
    async def _read_data(self) -> None:
        await super()._read_data()
        await self.idle_task.stop()
