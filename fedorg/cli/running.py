"""``fedorg serve`` and ``work``: the long-running commands and what they need first."""

import socket
from pathlib import Path

import click

from fedorg import app, metrics, process, service_manager, supervisor
from fedorg import config as configuration
from fedorg.cli.base import Context, fail, run
from fedorg.config import METRICS_FOLDER, PROCESS_NUMBER_MAX, Settings
from fedorg.errors import SettingsError
from fedorg.node import Node
from fedorg.services import registration, users
from fedorg.supervisor import Program

# More than a process needs that ends when it is told to.
_GRACE_SECONDS = 10.0


@click.command()
@click.option("--host", help="Address to listen on (FEDORG_HOST).")
@click.option("--port", type=int, help="Port to listen on (FEDORG_PORT).")
@click.option("--server", type=click.Choice(["hypercorn", "granian"]), help="Server that answers (FEDORG_SERVER).")
@click.option("--fd", type=int, help="Number of a listening socket that was handed in, instead of host and port.")
@click.option("--tls-certificate", type=click.Path(path_type=Path), help="PEM file with the certificate chain.")
@click.option("--tls-key", type=click.Path(path_type=Path), help="PEM file with its private key.")
@click.option("--owner", default="owner", show_default=True, help="Username of the owner made at the first start.")
@click.option("--no-worker", is_flag=True, help="Answer requests only; jobs run in `fedorg work`.")
@click.option(
    "--processes", type=click.IntRange(1, 32), default=1, show_default=True, help="Web servers on the socket."
)
@click.option("--workers", type=click.IntRange(0, 30), help="Processes for jobs; 1 with --processes, if left out.")
@click.option("--lifeline", type=int, hidden=True)
@click.pass_obj
def serve(
    context: Context,
    *,
    host: str | None,
    port: int | None,
    server: str | None,
    fd: int | None,
    tls_certificate: Path | None,
    tls_key: Path | None,
    owner: str,
    no_worker: bool,
    processes: int,
    workers: int | None,
    lifeline: int | None,
) -> None:
    """Run the node: web server and worker in one process, until Ctrl-C or SIGTERM.

    The first start makes the database, the node's keys and an owner account, and prints a sign-in link for it. With
    --processes several web servers share the socket, and jobs run in processes of their own; one that ends is started
    again.

    \b
    Examples:
      fedorg serve
      fedorg serve --processes 4 --workers 2
      fedorg serve --port 9000 --owner anna
      fedorg serve --tls-certificate chain.pem --tls-key key.pem --host 0.0.0.0 --port 443
    """
    given = {"host": host, "port": port, "server": server, "tls_certificate": tls_certificate, "tls_key": tls_key}
    settings = _with(context.settings(), {name: value for name, value in given.items() if value is not None})

    many = processes > 1 or workers is not None
    if many and no_worker and workers:
        fail("--no-worker and --workers contradict each other.")
    working = 0 if no_worker else 1 if workers is None else workers
    if many and settings.process_number + processes + working > PROCESS_NUMBER_MAX:
        fail(
            f"process_number: {processes + working} processes after number {settings.process_number} go beyond "
            f"{PROCESS_NUMBER_MAX}, the last there is. Begin at a lower one, or start fewer."
        )

    bound = _inherit(fd) if fd is not None else _listen(settings)

    async def main() -> None:
        async with process.numbered(settings):
            async with app.open_node(settings) as node:
                if lifeline is None:
                    await _welcome(node, owner)
                if not many:
                    await app.serve(node, bound=bound, with_worker=not no_worker, lifeline=lifeline)
            if many:
                await _supervise(context, settings, bound, processes, working)

    run(main)


@click.command()
@click.option("--lifeline", type=int, hidden=True)
@click.pass_obj
def work(context: Context, *, lifeline: int | None) -> None:
    """Run jobs and deliveries without a web server; as many of these as you like on one database.

    Each process needs its own FEDORG_PROCESS_NUMBER. `fedorg serve --workers` starts some by itself.

    \b
    Example:
      FEDORG_PROCESS_NUMBER=1 fedorg work
    """
    settings = context.settings()

    async def main() -> None:
        async with process.numbered(settings), app.open_node(settings) as node:
            await app.work(node, lifeline=lifeline)

    run(main)


def _inherit(fd: int) -> socket.socket:
    try:
        return socket.socket(fileno=fd)
    except (OSError, OverflowError, ValueError):
        fail(f"--fd: {fd} is not the number of a socket.")


def _listen(settings: Settings) -> socket.socket:
    """A socket on host and port, before anything is promised; the end of the command when they are not to be had."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=256)
    except OSError as error:
        fail(f"Cannot listen on {settings.host}:{settings.port}: {error.strerror or error}.")


async def _supervise(context: Context, settings: Settings, bound: socket.socket, processes: int, workers: int) -> None:
    """Run web servers and workers in processes of their own, each with a number for its ids."""
    chosen = ("--config", str(context.config_file)) if context.config_file else ()
    tls = {"--tls-certificate": settings.tls_certificate, "--tls-key": settings.tls_key}
    given = [word for name, value in tls.items() if value is not None for word in (name, str(value))]
    answering = (*chosen, "serve", "--fd", str(bound.fileno()), "--no-worker", "--server", settings.server, *given)
    with service_manager.in_touch(), metrics.shared() as counted:
        programs = [
            Program(
                name=name,
                words=words,
                environment={**counted, "FEDORG_PROCESS_NUMBER": str(settings.process_number + number)},
            )
            for number, (name, words) in enumerate(
                [
                    *((f"web {number + 1}", answering) for number in range(processes)),
                    *((f"worker {number + 1}", (*chosen, "work")) for number in range(workers)),
                ],
                start=1,
            )
        ]
        await supervisor.supervise(
            programs,
            app.stop_signal(),
            inherited=(bound.fileno(),),
            grace_seconds=settings.shutdown_seconds + _GRACE_SECONDS,
            on_end=lambda pid: metrics.forget(pid, counted[METRICS_FOLDER]),
        )


async def _welcome(node: Node, username: str) -> None:
    """Make the owner of a node without users, print a sign-in link until it was used once, and where the node is."""
    owner = await registration.ensure_owner(node, username)
    if owner is not None:
        link = await users.create_sign_in_link(node, owner)
        name = click.style(owner.username, bold=True)
        click.echo(f"The owner of this node is {name}. Sign in once with this link:\n  {link}")
    settings = node.settings
    click.echo(f"{click.style(settings.name, bold=True)} is at {settings.public_url}  (stop with Ctrl-C)")


def _with(settings: Settings, changes: dict[str, object]) -> Settings:
    try:
        return configuration.changed(settings, changes)
    except SettingsError as error:
        fail(*error.problems)
