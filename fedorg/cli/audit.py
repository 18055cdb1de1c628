"""``fedorg audit``: who did what to whom on this node."""

from datetime import UTC, datetime

import click

from fedorg.cli.base import Context, print_json, with_node
from fedorg.cli.printing import in_minutes, print_table
from fedorg.domain.moderation import AuditLine
from fedorg.services import auditing


@click.group()
def audit() -> None:
    """Read what those who look after this node did."""


@audit.command("list")
@click.option("--action", default="", help="Only this action, or all that begin with it: account.suspended, account.")
@click.option("--by", default="", help="Only what this user did.")
@click.option("--target", default="", help="Only what was done to this account, user or server.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only from this day (UTC) on.")
@click.option("--limit", type=click.IntRange(1, auditing.LINES_MAX), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_lines(
    context: Context, *, action: str, by: str, target: str, since: datetime | None, limit: int, as_json: bool
) -> None:
    """List what was done, newest first. Lines are kept for three years.

    \b
    Examples:
      fedorg audit list
      fedorg audit list --by anna --action account. --since 2026-01-01 --json
    """
    day = None if since is None else since.replace(tzinfo=UTC)
    found = with_node(
        context,
        lambda node: auditing.list_lines(node, action=action, by=by, target=target, since=day, limit=limit),
    )
    if as_json:
        print_json([_facts(line) for line in found])
        return
    print_table(
        ("When", "Action", "By", "Target", "Details"),
        [
            (
                in_minutes(line.created_at),
                line.action,
                line.by or "-",
                line.target,
                ", ".join(f"{name}={value}" for name, value in line.details.items()),
            )
            for line in found
        ],
        empty="Nothing of this kind was done.",
    )


def _facts(line: AuditLine) -> dict[str, object]:
    return {
        "id": str(line.id),
        "created_at": line.created_at,
        "action": line.action,
        "by": line.by,
        "target": line.target,
        "details": dict(line.details),
    }
