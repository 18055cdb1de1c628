"""What all commands share: reading settings, opening a node, printing facts for people or for scripts."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

import click
import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from fedorg import app, config, log
from fedorg.config import Settings
from fedorg.errors import Failing, FedorgError, SettingsError
from fedorg.node import Node

T = TypeVar("T")

console = Console()


@dataclass(frozen=True, slots=True)
class Context:
    """What the options before the command said."""

    config_file: Path | None

    def settings(self) -> Settings:
        """The settings, or the end of the command with a sentence for each fault."""
        try:
            settings = config.load(file=self.config_file)
        except SettingsError as error:
            fail("The settings cannot be used:", *error.problems)
        log.configure(settings.log_level, settings.log_format)
        return settings


def run(main: Callable[[], Awaitable[T]]) -> T:
    """Run ``main`` to its end on a new event loop; an expected fault ends the command with its sentence."""

    async def inner() -> T:
        return await main()

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(inner())
    except SettingsError as error:
        fail(*error.problems)
    except (FedorgError, Failing) as error:
        fail(str(error))


def with_node(context: Context, action: Callable[[Node], Awaitable[T]]) -> T:
    """What ``action`` returns, given an open node of the settings."""
    settings = context.settings()

    async def main() -> T:
        async with app.open_node(settings) as node:
            return await action(node)

    return run(main)


def fail(*sentences: str) -> NoReturn:
    """Say what is wrong and end with exit code 1."""
    for sentence in sentences:
        click.echo(sentence, err=True)
    sys.exit(1)


def print_json(value: object) -> None:
    """``value`` as indented JSON on standard output."""
    click.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str) -> None:
    """A table for people, or the sentence ``empty`` when there are no rows."""
    if not rows:
        console.print(empty, soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def print_facts(facts: Mapping[str, object]) -> None:
    """A list of name and value for people."""
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        console.print(f"[bold]{name.ljust(width)}[/]  {value if value not in (None, '') else '-'}", highlight=False)
