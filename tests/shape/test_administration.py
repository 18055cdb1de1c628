"""What the pages say of the command line is what there is, and docs/administration.md names all that moderates."""

import re
from pathlib import Path
from typing import Final

import click
import pytest

from fedorg.cli import main

ROOT: Final = Path(__file__).parent.parent.parent
PAGES: Final = ("README.md", "CHANGELOG.md", "docs/administration.md", "docs/settings.md", "deploy/README.md")
# Groups whose every command looks after people, or after what they say, or who comes in.
MODERATING: Final = ("user", "report", "audit", "ip-block", "peer")
# After the name of the program come words, until an argument, an option or the end of what is quoted.
_NAMED: Final = re.compile(r"(?:^\s*(?:\S*/)?|`)fedorg((?: [a-z][a-z-]*)+)", re.MULTILINE)


def named(page: str) -> list[list[str]]:
    """The words behind the name of the program, wherever a page calls it."""
    return [found.split() for found in _NAMED.findall((ROOT / page).read_text())]


def called(words: list[str]) -> tuple[str, ...] | None:
    """The command that words call, without its arguments; None when there is none."""
    command: click.Command = main
    path: list[str] = []
    for word in words:
        if not isinstance(command, click.Group):
            break
        inner = command.get_command(click.Context(command), word)
        if inner is None:
            return None
        path, command = [*path, word], inner
    return tuple(path)


def leaves(command: click.Command, path: tuple[str, ...]) -> set[tuple[str, ...]]:
    """Every command below one that does something."""
    if not isinstance(command, click.Group):
        return {path}
    context = click.Context(command)
    members = [(word, command.get_command(context, word)) for word in command.list_commands(context)]
    return {leaf for word, inner in members if inner is not None for leaf in leaves(inner, (*path, word))}


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_is_named_exists(page: str) -> None:
    """Nobody types what a page says, and is told that there is no such command."""
    found = named(page)

    assert found
    assert [words for words in found if called(words) is None] == []


def test_the_page_for_administrators_names_everything_that_moderates() -> None:
    """A command that nobody reads of is not there for those who need it."""
    told = {called(words) for words in named("docs/administration.md")}

    assert {leaf for leaf in leaves(main, ()) if leaf[0] in MODERATING} - told == set()
