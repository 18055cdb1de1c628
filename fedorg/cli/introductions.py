"""``fedorg peer introduction``: the nodes that siblings introduce, and what becomes of them."""

import click

from fedorg.cli.base import Context, print_json, with_node
from fedorg.cli.printing import console, print_table
from fedorg.domain.introductions import PRIORITY_MAX, Introducer, Introduction, Policy
from fedorg.node import Node
from fedorg.serializers.introductions import introducer_entity, introduction_entity
from fedorg.services import introductions


@click.group()
def introduction() -> None:
    """See which nodes siblings introduce, and decide about them."""


@introduction.command("list")
@click.option("--all", "is_all", is_flag=True, help="Also what was decided.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_introductions(context: Context, *, is_all: bool, as_json: bool) -> None:
    """List the introduced nodes that wait for a decision, and what is made of those whom each sibling introduces.

    \b
    Examples:
      fedorg peer introduction list
      fedorg peer introduction list --all --json
    """

    async def look(node: Node) -> tuple[list[Introduction], list[Introducer]]:
        found = await introductions.list_introductions(node, is_open=not is_all)
        return found, await introductions.list_introducers(node)

    found, known = with_node(context, look)
    if as_json:
        told = [introduction_entity(one) for one in found]
        print_json({"introductions": told, "introducers": [introducer_entity(one) for one in known]})
        return
    print_table(
        ("Node", "Introduced by", "State", "Since", "Retracted"),
        [
            (
                one.domain,
                one.introducer,
                one.state,
                f"{one.first_seen_at:%Y-%m-%d}",
                "-" if one.retracted_at is None else f"{one.retracted_at:%Y-%m-%d}",
            )
            for one in found
        ],
        empty="No introduction waits for a decision." if not is_all else "No sibling has introduced anybody.",
    )
    console.print()
    print_table(
        ("Sibling", "Policy", "Priority"),
        [
            (one.domain, f"{one.policy} (as the settings say)" if one.is_default else one.policy, str(one.priority))
            for one in known
        ],
        empty="This node has no siblings.",
    )


@introduction.command()
@click.argument("domain")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def approve(context: Context, *, domain: str, as_json: bool) -> None:
    """Let an introduced node be a sibling, or suspend one that nobody introduces any more.

    A node that was dismissed can be let in later.

    \b
    Example:
      fedorg peer introduction approve lab.org.example
    """
    _tell(with_node(context, lambda node: introductions.approve(node, domain)), as_json=as_json)


@introduction.command()
@click.argument("domain")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def dismiss(context: Context, *, domain: str, as_json: bool) -> None:
    """Leave things as they are, and do not be asked again about a node by the same siblings.

    \b
    Example:
      fedorg peer introduction dismiss lab.org.example
    """
    _tell(with_node(context, lambda node: introductions.dismiss(node, domain)), as_json=as_json)


@introduction.command()
@click.argument("domain")
@click.argument("policy", type=click.Choice([policy.value for policy in Policy]))
@click.option("--priority", type=click.IntRange(0, PRIORITY_MAX), help="Whose word counts where two disagree.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def policy(context: Context, *, domain: str, policy: str, priority: int | None, as_json: bool) -> None:
    """Say what happens to nodes that a sibling introduces: nothing, a question to you, or siblings at once.

    \b
    Examples:
      fedorg peer introduction policy hq.org.example accept --priority 200
      fedorg peer introduction policy sales.org.example ignore
    """
    changed = with_node(context, lambda node: introductions.change_policy(node, domain, Policy(policy), priority))
    if as_json:
        print_json(introducer_entity(changed))
    else:
        console.print(
            f"Of those whom [bold]{changed.domain}[/] introduces: {changed.policy}, priority {changed.priority}.",
            highlight=False,
        )


def _tell(decided: list[Introduction], *, as_json: bool) -> None:
    if as_json:
        print_json([introduction_entity(one) for one in decided])
        return
    for one in decided:
        console.print(
            f"The introduction of [bold]{one.domain}[/] by {one.introducer} is {one.state} now.", highlight=False
        )
