"""The command line: a thin shell over services. Each command opens a node, does one thing and says what it did.

People read tables; ``--json`` gives scripts the same facts. A fault is one sentence on standard error and exit code 1;
a wrong call is exit code 2.
"""

from pathlib import Path

import click

import fedorg
from fedorg.cli import (
    announcements,
    audit,
    backup,
    demo,
    doctor,
    emojis,
    introductions,
    ip_blocks,
    moderating,
    moving,
    partnerships,
    peer_lists,
    peers,
    reports,
    running,
    settings,
    storage,
    texts,
    users,
)
from fedorg.cli.base import Context

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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


for _command in (
    partnerships.invite,
    partnerships.accept,
    partnerships.decline,
    partnerships.withdraw,
    partnerships.approve,
    partnerships.ceilings,
    partnerships.suspend,
    partnerships.resume,
    partnerships.revoke,
    introductions.introduction,
    peer_lists.export_list,
    peer_lists.import_list,
):
    peers.peer.add_command(_command)
users.user.add_command(moving.alias)
users.user.add_command(moving.move)
for _command in (
    moderating.approve,
    moderating.reject,
    moderating.warn,
    moderating.sensitive,
    moderating.silence,
    moderating.suspend,
):
    users.user.add_command(_command)
for _command in (
    running.serve,
    running.work,
    running.migrate,
    users.user,
    peers.peer,
    reports.report,
    announcements.announcement,
    ip_blocks.ip_block,
    emojis.emoji,
    texts.rule,
    texts.text,
    audit.audit,
    backup.backup,
    backup.restore,
    doctor.doctor,
    demo.demo,
    settings.settings,
    storage.storage,
):
    main.add_command(_command)
