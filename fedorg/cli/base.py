"""What all commands share: reading settings, opening a node, facts for scripts."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn, TypeVar

import click
import msgspec
import uvloop

from fedorg import app, config, log
from fedorg.config import Settings
from fedorg.errors import Failing, FedorgError, NotFound, SettingsError
from fedorg.node import Node
from fedorg.store import migrate

T = TypeVar("T")

NUMBER: Final = click.IntRange(1, 2**63 - 1)
"""What a database can hold as an id."""


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

    with told(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(inner())


@contextmanager
def told() -> Iterator[None]:
    """An expected fault of the block ends the command with its sentence."""
    try:
        yield
    except SettingsError as error:
        fail(*error.problems)
    except (FedorgError, Failing) as error:
        fail(str(error))
    except UnicodeEncodeError as error:
        fail(f"What was given as {error.object!r} is not written in UTF-8.")


def with_node(context: Context, action: Callable[[Node], Awaitable[T]], *, absent: str | None = None) -> T:
    """What ``action`` returns, given the node of the settings, which somebody has begun before.

    ``absent`` is what the command says where there is none of what it asks for.
    """
    settings = context.settings()

    async def main() -> T:
        await require_begun(settings)
        async with app.open_node(settings) as node:
            try:
                return await action(node)
            except NotFound as problem:
                raise problem if absent is None else NotFound(absent) from problem

    return run(main)


async def require_begun(settings: Settings) -> None:
    """Refuse to work where there is no node: in a wrong folder every command would make another one."""
    if (await migrate.check(settings.database)).is_empty:
        place = migrate.place_of(settings.database)
        advice = "FEDORG_DATA_DIR or FEDORG_DATABASE_URL says where it is; `fedorg serve` begins one."
        raise SettingsError([f"There is no node in {place}. {advice}"])


@contextmanager
def stopped(sentence: str) -> Iterator[None]:
    """Ctrl-C ends the block, and the command with a sentence that says what is there now."""
    try:
        yield
    except KeyboardInterrupt:
        fail(sentence)


def fail(*sentences: str) -> NoReturn:
    """Say what is wrong and end with exit code 1."""
    for sentence in sentences:
        click.echo(sentence, err=True)
    sys.exit(1)


def print_json(value: object) -> None:
    """``value`` as indented JSON on standard output."""
    click.echo(msgspec.json.format(msgspec.json.encode(value)).decode())
