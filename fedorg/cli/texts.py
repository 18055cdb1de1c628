"""``fedorg rule`` and ``fedorg text``: what the node tells everybody about itself and its manners."""

from datetime import date, datetime
from pathlib import Path

import click

from fedorg.cli.base import NUMBER, Context, print_json, with_node
from fedorg.cli.printing import console, print_table
from fedorg.domain.instance import TextKind
from fedorg.services import instance_texts

_KINDS = click.Choice([kind.value for kind in TextKind])


@click.group()
def rule() -> None:
    """Write the rules that people see before they join."""


@rule.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_rules(context: Context, *, as_json: bool) -> None:
    """List the rules.

    \b
    Example:
      fedorg rule list
    """
    found = with_node(context, instance_texts.list_rules)
    if as_json:
        print_json([{"id": str(one.id), "text": one.text, "hint": one.hint} for one in found])
        return
    print_table(("Rule", "Text", "Hint"), [(str(one.id), one.text, one.hint) for one in found], empty="No rules yet.")


@rule.command("add")
@click.argument("text")
@click.option("--hint", default="", help="A longer explanation.")
@click.pass_obj
def add_rule(context: Context, *, text: str, hint: str) -> None:
    """Add a rule at the end.

    \b
    Example:
      fedorg rule add "Be kind" --hint "Also when you disagree."
    """
    made = with_node(context, lambda node: instance_texts.add_rule(node, text, hint))
    console.print(f"Rule {made.id} was added.", highlight=False)


@rule.command("remove")
@click.argument("number", type=NUMBER)
@click.pass_obj
def remove_rule(context: Context, *, number: int) -> None:
    """Remove a rule.

    \b
    Example:
      fedorg rule remove 115902375031439360
    """
    with_node(context, lambda node: instance_texts.remove_rule(node, number))
    console.print(f"Rule {number} was removed.", highlight=False)


@click.group()
def text() -> None:
    """Write the longer texts: description, privacy policy, terms of service."""


@text.command("set")
@click.argument("kind", type=_KINDS)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--effective", type=click.DateTime(["%Y-%m-%d"]), help="Day from which terms of service hold (today).")
@click.pass_obj
def set_text(context: Context, *, kind: str, file: Path, effective: datetime | None) -> None:
    """Take a text from a file in Markdown.

    \b
    Examples:
      fedorg text set privacy-policy privacy.md
      fedorg text set terms-of-service terms.md --effective 2027-01-01
    """
    source = file.read_text(encoding="utf-8")
    with_node(context, lambda node: instance_texts.set_text(node, TextKind(kind), source, _day(effective)))
    console.print(f"The {kind.replace('-', ' ')} was kept.", highlight=False)


@text.command("clear")
@click.argument("kind", type=_KINDS)
@click.option(
    "--effective", type=click.DateTime(["%Y-%m-%d"]), help="Day from which the removed terms would hold (today)."
)
@click.pass_obj
def clear_text(context: Context, *, kind: str, effective: datetime | None) -> None:
    """Remove a text.

    \b
    Example:
      fedorg text clear extended-description
    """
    with_node(context, lambda node: instance_texts.clear_text(node, TextKind(kind), _day(effective)))
    console.print(f"The {kind.replace('-', ' ')} was removed.", highlight=False)


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()
