"""The composition root: settings become a node, a node becomes a running server. Nothing else wires parts together.

What answers requests, and what runs jobs, is loaded by the process that does it: commands do neither.
"""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import fedorg
from federation.addresses import AddressPolicy
from federation.client import Client
from fedorg import log, memory, service_manager, supervisor
from fedorg.activitypub.resolve import NodeResolver
from fedorg.config import Settings
from fedorg.errors import SettingsError
from fedorg.ids import IdSource
from fedorg.loading import loading
from fedorg.media import FileStorage
from fedorg.metrics import new_metrics
from fedorg.node import Node
from fedorg.services import push, registration
from fedorg.store import clock, migrate
from fedorg.store.engine import open_database
from fedorg.uris import Uris

if TYPE_CHECKING:
    from fedorg.jobs.worker import Worker

_log = log.get_logger()


def utc_now() -> datetime:
    """Aware UTC in whole milliseconds, the precision in which times are stored."""
    now = datetime.now(UTC)  # noqa: TID251 - this is the clock that everybody else is handed
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


@asynccontextmanager
async def open_node(settings: Settings, *, now: Callable[[], datetime] = utc_now) -> AsyncIterator[Node]:
    """A node on a migrated database, closed at the end. Makes the node actor and all keys when they are missing.

    Raises ``SettingsError`` when the database cannot be used as it is, saying what to do.
    """
    await _require_migrated(settings)
    storage = _open_storage(settings)
    database = await open_database(
        settings.database, synchronous=settings.synchronous, pool_size=settings.postgresql_connections
    )
    try:
        async with Client(
            AddressPolicy(
                allowed_networks=settings.allowed_networks,
                allow_http_loopback=settings.insecure_loopback,
                loopback_has_tls=settings.ca_file is not None,
            ),
            f"fedorg/{fedorg.__version__} (+{settings.public_url})",
            now=now,
            ca_file=settings.ca_file,
        ) as client:
            node = Node(
                settings=settings,
                db=database,
                client=client,
                ids=IdSource(now, settings.process_number, after=await database.read(clock.newest_id)),
                now=now,
                uris=Uris.of(settings),
                storage=storage,
                metrics=new_metrics(),
                resolver=NodeResolver(),
            )
            try:
                await registration.ensure_node_actor(node)
                await push.get_keys(node)
                yield node
            finally:
                node.decoders.shutdown(wait=False, cancel_futures=True)
                node.passwords.close()
                node.key_pairs.close()
    finally:
        await database.close()


async def serve(node: Node, *, bound: socket.socket, with_worker: bool = True, lifeline: int | None = None) -> None:
    """Answer requests on a listening socket, and run jobs beside them, until SIGINT or SIGTERM.

    ``lifeline`` is the descriptor by which this process learns that its supervisor is gone. At the end no running
    request or job is cut before ``shutdown_seconds`` have passed.
    """
    stop = stop_signal()
    await registration.name_node_actor(node)
    with loading():
        from fedorg import web  # noqa: PLC0415 - loaded late
        from fedorg.serving import serve_application  # noqa: PLC0415 - likewise

    application = web.create_app(node)
    worker = _make_worker(node) if with_worker else None

    async def close_streams() -> None:
        await stop.wait()
        web.close_streams(application)

    with _living(lifeline):
        closing = asyncio.create_task(close_streams(), name="closing")
        working = asyncio.create_task(worker.run(), name="worker") if worker else None
        serving = asyncio.create_task(
            serve_application(application, node.settings, bound=bound, stop=stop), name="server"
        )
        tidying = asyncio.create_task(memory.give_back_regularly(), name="memory")
        try:
            running = {task for task in (serving, working) if task is not None}
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            stop.set()
            await closing
            await serving
        finally:
            tidying.cancel()
            if worker is not None and working is not None:
                await worker.stop()
                await working
    for task in done:
        task.result()
    _log.info("node.stopped")


async def work(node: Node, *, lifeline: int | None = None) -> None:
    """Run jobs, without answering requests, until SIGINT or SIGTERM; ``lifeline`` as above."""
    stop = stop_signal()
    worker = _make_worker(node)
    with _living(lifeline):
        working = asyncio.create_task(worker.run(), name="worker")
        tidying = asyncio.create_task(memory.give_back_regularly(), name="memory")
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        tidying.cancel()
        await worker.stop()
        await working
    _log.info("worker.stopped")


@contextmanager
def _living(lifeline: int | None) -> Iterator[None]:
    """Show signs of life in this block to whoever started this process: a supervisor of ours, or a service manager."""
    if lifeline is not None:
        supervisor.hold_on(lifeline)
        yield
        return
    with service_manager.in_touch():
        yield


def _make_worker(node: Node) -> "Worker":
    with loading():
        from fedorg.jobs.worker import Worker  # noqa: PLC0415 - loaded late

    return Worker(node)


async def _require_migrated(settings: Settings) -> None:
    """Make the schema in an empty database; refuse one that is older, newer or half-way."""
    state = await migrate.check(settings.database)
    if state.is_empty:
        await migrate.migrate(settings.database)
    elif not state.is_current:
        raise SettingsError([f"database: {state.explain()}"])


def _open_storage(settings: Settings) -> FileStorage:
    try:
        return FileStorage(settings.media_dir)
    except OSError as problem:
        raise SettingsError([f"data_dir: cannot use {problem.filename}: {problem.strerror}"]) from problem


def stop_signal() -> asyncio.Event:
    """What is set when this process is asked to end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop
