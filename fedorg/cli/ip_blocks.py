"""``fedorg ip-block``: networks that are kept out, for who shut themselves out of the admin API too."""

import click

from fedorg.cli.base import NUMBER, Context, print_json, with_node
from fedorg.cli.printing import console, in_minutes, print_table
from fedorg.domain.ip_blocks import IpBlock, IpBlockSeverity
from fedorg.services.moderation import ip_blocks
from fedorg.services.moderation.ip_blocks import IpBlockDraft


@click.group("ip-block")
def ip_block() -> None:
    """Keep networks out, or let their people wait for approval."""


@ip_block.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_blocks(context: Context, *, as_json: bool) -> None:
    """List blocked networks, the latest first.

    \b
    Example:
      fedorg ip-block list
    """
    found = with_node(context, ip_blocks.list_all)
    if as_json:
        print_json([_facts(one) for one in found])
        return
    print_table(
        ("Block", "Network", "Severity", "Until", "Comment"),
        [
            (
                str(one.id),
                str(one.network),
                one.severity.value,
                in_minutes(one.expires_at) if one.expires_at else "for good",
                one.comment,
            )
            for one in found
        ],
        empty="No network is blocked.",
    )


@ip_block.command("add")
@click.argument("network")
@click.option(
    "--severity",
    type=click.Choice([one.value for one in IpBlockSeverity]),
    default=IpBlockSeverity.NO_ACCESS.value,
    show_default=True,
    help="What people from there may not do.",
)
@click.option("--comment", default="", help="Why, for other administrators.")
@click.option("--hours", type=click.IntRange(min=1), help="How long; for good if left out.")
@click.pass_obj
def add(context: Context, *, network: str, severity: str, comment: str, hours: int | None) -> None:
    """Block a network.

    \b
    Examples:
      fedorg ip-block add 192.0.2.0/24 --hours 48
      fedorg ip-block add 2001:db8::/32 --severity sign_up_requires_approval
    """
    draft = IpBlockDraft(
        ip=network,
        severity=severity,
        comment=comment,
        sets_expiry=hours is not None,
        expires_in=None if hours is None else hours * 3600,
    )
    made = with_node(context, lambda node: ip_blocks.create(node, None, draft))
    console.print(f"{made.network} is blocked ({made.severity.value}); block {made.id}.", highlight=False)


@ip_block.command("remove")
@click.argument("number", type=NUMBER)
@click.pass_obj
def remove(context: Context, *, number: int) -> None:
    """Let a network in again.

    \b
    Example:
      fedorg ip-block remove 115902375031439360
    """
    absent = f"No network is blocked under the number {number}; `fedorg ip-block list` lists them"
    known = with_node(context, lambda node: ip_blocks.remove(node, None, number), absent=absent)
    console.print(f"{known.network} is blocked no more.", highlight=False)


def _facts(block: IpBlock) -> dict[str, object]:
    return {
        "id": str(block.id),
        "network": str(block.network),
        "severity": block.severity.value,
        "comment": block.comment,
        "created_at": block.created_at,
        "expires_at": block.expires_at,
    }
