"""What nothing costs: a Quart application with one empty route, run as ``python -m tests.benchmarks.floor SERVER FD``.

It is served the way ``fedorg serve`` serves, so that what a node adds is what remains.
"""

import asyncio
import signal
import socket
import sys

import uvloop
from quart import Quart

from fedorg import config
from fedorg.serving import serve_application


async def _main(server: config.ServerName, descriptor: int) -> None:
    application = Quart("floor")

    @application.get("/")
    async def nothing() -> str:
        return ""

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = config.from_mapping({"server": server})
    await serve_application(application, settings, bound=socket.socket(fileno=descriptor), stop=stop)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main(sys.argv[1], int(sys.argv[2])))  # type: ignore[arg-type]  # the one who starts it knows
