"""The command line: a thin shell over services. Each command opens a node, does one thing and says what it did.

People read tables; ``--json`` gives scripts the same facts. A fault is one sentence on standard error and exit code 1;
a wrong call is exit code 2.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

import click
from typing_extensions import override

import fedorg
from fedorg.cli.base import Context

__all__ = ["main"]

# The module of each command, and of those that belong to a group of another.
_MODULES: Final[Mapping[str, str]] = {
    "announcement": "announcements",
    "audit": "audit",
    "backup": "backup",
    "demo": "demo",
    "doctor": "doctor",
    "emoji": "emojis",
    "ip-block": "ip_blocks",
    "migrate": "migrating",
    "peer": "peers",
    "report": "reports",
    "restore": "backup",
    "rule": "texts",
    "serve": "running",
    "settings": "settings",
    "storage": "storage",
    "text": "texts",
    "user": "users",
    "work": "running",
}
_MEMBERS: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "peer": {
        "partnerships": (
            *("invite", "accept", "decline", "withdraw", "approve", "ceilings", "suspend", "resume", "revoke"),
        ),
        "introductions": ("introduction",),
        "peer_lists": ("export_list", "import_list"),
    },
    "user": {
        "moving": ("alias", "move"),
        "moderating": ("approve", "reject", "warn", "sensitive", "silence", "suspend"),
    },
}


class _Commands(click.Group):
    """Loads a command when somebody asks for it: each brings along what no other needs."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_MODULES)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands and cmd_name in _MODULES:
            self.add_command(_load(cmd_name), cmd_name)
        return super().get_command(ctx, cmd_name)


def _load(name: str) -> click.Command:
    command: click.Command = getattr(import_module(f"fedorg.cli.{_MODULES[name]}"), name.replace("-", "_"))
    if isinstance(command, click.Group):
        for module, members in _MEMBERS.get(name, {}).items():
            for member in members:
                command.add_command(getattr(import_module(f"fedorg.cli.{module}"), member))
    return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(fedorg.__version__, prog_name="fedorg")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="TOML file with settings; FEDORG_* variables beat it.",
)
@click.pass_context
def main(context: click.Context, config_file: Path | None) -> None:
    """fedorg, a federated social server for organisations.

    Settings come from FEDORG_* variables and an optional fedorg.toml; `fedorg settings` lists them.

    \b
    Examples:
      fedorg serve                       one node at http://localhost:8000
      fedorg user create anna --email anna@org.example
      fedorg doctor                      what is wrong, and what to do
      fedorg demo                        three nodes that talk to each other
    """
    context.obj = Context(config_file)
