"""``fedorg peer``: the servers this node knows, and how deliveries to them go."""

import sys

import click

from fedorg.activitypub import discovery, trying
from fedorg.cli.base import Context, print_json, with_node
from fedorg.cli.printing import console, in_minutes, print_facts, print_table
from fedorg.domain.ceilings import UNLIMITED
from fedorg.domain.partnerships import Partnership, PartnershipView
from fedorg.domain.peers import PeerSummary
from fedorg.domain.visibility import Tier
from fedorg.node import Node
from fedorg.serializers.partnerships import ceilings_entity, partnership_entity
from fedorg.services import partnerships, peers


@click.group()
def peer() -> None:
    """See other servers, what they are to this node, and how deliveries to them go."""


@peer.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_peers(context: Context, *, as_json: bool) -> None:
    """List the servers this node has heard of.

    \b
    Example:
      fedorg peer list --json
    """

    async def look(node: Node) -> tuple[list[PeerSummary], dict[str, Partnership]]:
        agreed = {one.domain: one for one in await partnerships.list_partnerships(node)}
        return [one async for one in peers.all_peers(node)], agreed

    found, agreed = with_node(context, look)
    if as_json:
        print_json([_facts(summary, agreed.get(summary.peer.domain)) for summary in found])
        return
    print_table(
        ("Peer", "Tier", "Partnership", "Software", "Accounts", "Waiting", "Failed", "Last success"),
        [
            (
                summary.peer.domain,
                summary.peer.tier,
                agreed[summary.peer.domain].state if summary.peer.domain in agreed else "-",
                summary.peer.software or "-",
                str(summary.accounts_count),
                str(summary.deliveries_waiting),
                str(summary.deliveries_dead),
                in_minutes(summary.peer.last_success_at) if summary.peer.last_success_at else "never",
            )
            for summary in found
        ],
        empty="This node has met nobody yet. It meets a server when somebody follows, or searches for a full handle.",
    )


@peer.command()
@click.argument("domain")
@click.option("--refresh", is_flag=True, help="Ask the server anew what it runs and can do.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def show(context: Context, *, domain: str, refresh: bool, as_json: bool) -> None:
    """Show one server: tier, partnership, signature scheme, deliveries waiting and given up, the last failure and why.

    \b
    Examples:
      fedorg peer show sales.org.example
      fedorg peer show --refresh sales.org.example
    """

    async def look(node: Node) -> tuple[PeerSummary, PartnershipView | None]:
        if refresh:
            await discovery.refresh_peer(node, domain)
        return await peers.get_peer(node, domain), await partnerships.find_latest(node, domain)

    summary, view = with_node(context, look)
    told = None if view is None else partnership_entity(view.partnership, view)
    facts = _facts(summary, None if view is None else view.partnership)
    if as_json:
        print_json({**facts, "partnership": told})
        return
    print_facts({name.replace("_", " "): value for name, value in facts.items()})
    if told is not None:
        console.print(f"\nThe partnership with [bold]{summary.peer.domain}[/]:", highlight=False)
        print_facts({name.replace("_", " "): _word(value) for name, value in told.items() if name != "domain"})


@peer.command("test")
@click.argument("domain")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def try_peer(context: Context, *, domain: str, as_json: bool) -> None:
    """Try the way to another server step by step, and say what the other side grants; exit code 1 if a step fails.

    \b
    Example:
      fedorg peer test acme.example
    """
    trials = with_node(context, lambda node: trying.try_peer(node, domain))
    if as_json:
        print_json(trials)
    else:
        rows = [(trial.step, "works" if trial.works else "fails", trial.told) for trial in trials]
        print_table(("Step", "", "What was found"), rows, empty="Nothing was tried.")
    if not all(trial.works for trial in trials):
        sys.exit(1)


@peer.command()
@click.argument("domain")
@click.argument("tier", type=click.Choice([tier.value for tier in Tier]))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def tier(context: Context, *, domain: str, tier: str, as_json: bool) -> None:
    """Say what a server is to this node: sibling, partner, open or blocked.

    \b
    Examples:
      fedorg peer tier sales.org.example sibling
      fedorg peer tier spam.example blocked
    """
    summary = with_node(context, lambda node: peers.set_tier(node, domain, Tier(tier)))
    if as_json:
        print_json(_facts(summary))
    else:
        console.print(f"[bold]{summary.peer.domain}[/] is now {summary.peer.tier}.", highlight=False)


@peer.command()
@click.argument("domain")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def retry(context: Context, *, domain: str, as_json: bool) -> None:
    """Deliver again now what waits for a server, and what was given up.

    \b
    Example:
      fedorg peer retry sales.org.example
    """
    summary, revived = with_node(context, lambda node: peers.retry_deliveries(node, domain))
    if as_json:
        print_json({**_facts(summary), "deliveries_revived": revived})
    else:
        console.print(
            f"{summary.deliveries_waiting} deliveries to [bold]{summary.peer.domain}[/] are due now, "
            f"{revived} of them had been given up.",
            highlight=False,
        )


def _facts(summary: PeerSummary, agreed: Partnership | None = None) -> dict[str, object]:
    known = summary.peer
    return {
        "domain": known.domain,
        "tier": known.tier,
        "partnership": None if agreed is None else agreed.state.value,
        "ceilings": _word(ceilings_entity(known.ceilings)) if known.ceilings != UNLIMITED else None,
        "blocked_since": known.blocked_at,
        "limited": known.is_silenced,
        "media_rejected": known.reject_media,
        "reports_rejected": known.reject_reports,
        "software": " ".join(part for part in (known.software, known.software_version) if part) or None,
        "signature_scheme": known.signature_scheme,
        "implements": ", ".join(known.implements) or None,
        "node_actor": known.node_actor,
        "accounts": summary.accounts_count,
        "deliveries_waiting": summary.deliveries_waiting,
        "oldest_waiting_at": summary.oldest_waiting_at,
        "next_try_at": summary.next_try_at,
        "deliveries_failed": summary.deliveries_dead,
        "first_seen_at": known.first_seen_at,
        "last_success_at": known.last_success_at,
        "last_failure_at": known.last_failure_at,
        "last_error": known.last_error,
        "failures_in_a_row": known.failures,
        "held_back_until": known.closed_until,
    }


def _word(value: object) -> object:
    """What a table shows of a fact that has parts."""
    if not isinstance(value, dict):
        return value
    return ", ".join(f"{name.replace('_', ' ')} {part}" for name, part in value.items() if part not in (None, ""))
