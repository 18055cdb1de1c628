"""``fedorg demo``: two departments and a partner, three real nodes on this machine that talk to each other."""

import asyncio
import signal
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import click

from fedorg.cli.base import fail, run
from fedorg.cli.demo.administrators import Administrators
from fedorg.cli.demo.client import ClientFailed, Member
from fedorg.cli.demo.nodes import DemoNode, StartFailed, start_nodes
from fedorg.cli.demo.story import StepFailed, tell
from fedorg.cli.printing import console, print_table

PEOPLE = {
    "engineering": (("anna", "Anna Lindqvist"), ("emil", "Emil Okafor")),
    "sales": (("bela", "Béla Kovács"),),
    "acme": (("carla", "Carla Duarte"),),
}
PASSWORD = "try-the-demo"  # noqa: S105 - printed on the screen, for nodes that live on loopback


@click.command()
@click.option("--once", is_flag=True, help="Check every step by reading the other node, then exit.")
@click.option("--port", default=8001, show_default=True, help="Port of the first node; taken ports are passed over.")
@click.option(
    "--folder", type=click.Path(path_type=Path), help="Keep data and logs here instead of throwing them away."
)
def demo(*, once: bool, port: int, folder: Path | None) -> None:
    """Start three nodes, let their people follow and answer each other, and show what arrived where.

    `engineering` and `sales` are departments of one organisation, `acme` is a partner. Each is a process of its own
    with its own people, keys and database; messages go over HTTP on loopback with verified signatures.

    \b
    Examples:
      fedorg demo
      fedorg demo --once
      fedorg demo --port 9001 --folder demo-data
    """
    run(lambda: _demo(once=once, port=port, folder=folder))


async def _demo(*, once: bool, port: int, folder: Path | None) -> None:
    async with AsyncExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fedorg-demo-")))
        try:
            with console.status("Starting three nodes"):
                nodes = await start_nodes(stack, folder, port, PEOPLE, PASSWORD)
            members = {
                username: await stack.enter_async_context(Member.signed_in(node, username, PASSWORD))
                for node in nodes.values()
                for username, _ in PEOPLE[node.name]
            }
            in_charge = {
                name: await stack.enter_async_context(Administrators.of(nodes[name]))
                for name in ("engineering", "acme")
            }
            steps = await tell(members, in_charge)
        except (ClientFailed, StartFailed, StepFailed) as problem:
            for log in sorted(folder.glob("*/node.log")):
                console.print(f"[dim]{log.parent.name}: last lines of the log[/]", highlight=False)
                console.print("\n".join(log.read_text().splitlines()[-15:]), markup=False, highlight=False)
            fail(str(problem))
        _print_addresses(nodes)
        if once:
            console.print(f"[bold green]All {steps} steps were checked on the other node.[/]")
            return
        console.print("The nodes stay up until Ctrl-C.")
        await _until_interrupted(nodes)


def _print_addresses(nodes: dict[str, DemoNode]) -> None:
    console.print()
    print_table(
        ("Node", "Address", "What it is", "Sign in as", "Password"),
        [(node.name, node.url, node.meaning, _names(PEOPLE[node.name]), PASSWORD) for node in nodes.values()],
        empty="",
    )
    console.print()


def _names(people: Sequence[tuple[str, str]]) -> str:
    """With whoever looks after the node first, who sees the administrators' pages."""
    (owner, _), *others = people
    return ", ".join((f"{owner} (owner)", *(username for username, _ in others)))


async def _until_interrupted(nodes: dict[str, DemoNode]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    ends = [asyncio.create_task(node.ended()) for node in nodes.values()]
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([stopping, *ends], return_when=asyncio.FIRST_COMPLETED)
    ended_early = not stop.is_set()
    for task in (stopping, *ends):
        task.cancel()
    if ended_early:
        fail("A node has stopped by itself; run `fedorg demo --folder demo-data` and read its node.log.")
