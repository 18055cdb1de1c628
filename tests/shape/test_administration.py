"""What the pages say of the command line is what there is, and docs/administration.md names all that moderates."""

import re
from pathlib import Path
from typing import Final

import click
import pytest

from fedorg.cli import main

ROOT: Final = Path(__file__).parent.parent.parent
PAGES: Final = (
    "README.md",
    "CHANGELOG.md",
    "deploy/README.md",
    "docs/administration.md",
    "docs/faults.md",
    "docs/partners.md",
    "docs/performance.md",
    "docs/settings.md",
)
# Groups whose every command looks after people, or after what they say, or who comes in.
MODERATING: Final = ("user", "report", "audit", "ip-block", "peer")
# After the name of the program come words, until an argument, an option or the end of what is quoted; then the rest.
_NAMED: Final = re.compile(r"(?:^\s*(?:\S*/)?|`)fedorg((?: [a-z][a-z-]*)+)([^`#\n]*)", re.MULTILINE)
_OPTION: Final = re.compile(r"(?<!\S)--[a-z][a-z-]*")


def calls(page: str) -> list[tuple[list[str], list[str]]]:
    """The words behind the name of the program, and the options behind those, wherever a page calls it."""
    found = _NAMED.findall((ROOT / page).read_text())
    return [(words.split(), _OPTION.findall(rest)) for words, rest in found]


def named(page: str) -> list[list[str]]:
    """The words alone."""
    return [words for words, _ in calls(page)]


def find_command(words: list[str]) -> tuple[tuple[str, ...], click.Command] | None:
    """The path of the command that words call, without its arguments, and itself; None when there is none."""
    command: click.Command = main
    path: list[str] = []
    for word in words:
        if not isinstance(command, click.Group):
            break
        inner = command.get_command(click.Context(command), word)
        if inner is None:
            return None
        path, command = [*path, word], inner
    return tuple(path), command


def called(words: list[str]) -> tuple[str, ...] | None:
    """The path of the command alone."""
    found = find_command(words)
    return None if found is None else found[0]


def options_of(words: list[str]) -> set[str]:
    """Every spelling of the options of a command."""
    found = find_command(words)
    params = [] if found is None else found[1].params
    return {"--help"} | {name for param in params for name in (*param.opts, *param.secondary_opts)}


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


def test_every_option_that_is_named_exists() -> None:
    """Nor that there is no such option."""
    found = [(page, words, option) for page in PAGES for words, options in calls(page) for option in options]

    assert len(found) > 30
    assert [call for call in found if call[2] not in options_of(call[1])] == []


def test_the_page_for_administrators_names_everything_that_moderates() -> None:
    """A command that nobody reads of is not there for those who need it."""
    told = {called(words) for words in named("docs/administration.md")}

    assert {leaf for leaf in leaves(main, ()) if leaf[0] in MODERATING} - told == set()
