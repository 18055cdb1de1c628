"""Commands of toot, a client for terminals, run one after another in a process of its own: an interpreter each is dear.

Reads a JSON array (arguments, what is typed) a line, and writes a JSON array (exit code, output) a line.
"""

import json
import sys

import click
from click.testing import CliRunner
from toot.cli import (
    accounts,
    auth,
    cli,
    diag,
    follow_requests,
    lists,
    polls,
    post,
    read,
    statuses,
    tags,
    timelines,
    timelines_v2,
    tui,
)

# Importing a module is what gives a program its commands.
MODULES = (
    accounts, auth, diag, follow_requests, lists, polls, post, read, statuses, tags, timelines, timelines_v2, tui,
)  # fmt: skip


def commands(group: click.Group, before: str = "") -> list[str]:
    """The names of all commands that are shown to people."""
    found = []
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += commands(command, f"{before}{name} ")
        elif not command.hidden:
            found.append(before + name)
    return found


def answer(said: object) -> None:
    """Write a line."""
    sys.stdout.write(f"{json.dumps(said)}\n")
    sys.stdout.flush()


def main() -> None:
    """Answer until nothing more is asked."""
    runner = CliRunner()
    answer(commands(cli))
    for line in sys.stdin:
        arguments, typed = json.loads(line)
        result = runner.invoke(cli, ["--no-color", *arguments], input=typed, prog_name="toot")
        answer([result.exit_code, result.output])


if __name__ == "__main__":
    main()
