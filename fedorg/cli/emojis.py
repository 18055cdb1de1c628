"""``fedorg emoji``: pictures with names, for everybody to use in texts."""

from pathlib import Path

import click

from fedorg.cli.base import Context, print_json, with_node
from fedorg.cli.printing import console, print_table
from fedorg.services import custom_emojis


@click.group()
def emoji() -> None:
    """Add and remove custom emoji, written :shortcode: in statuses, names and profiles."""


@emoji.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_emojis(context: Context, *, as_json: bool) -> None:
    """List the emoji of this node.

    \b
    Example:
      fedorg emoji list
    """
    found = with_node(context, custom_emojis.list_emojis)
    if as_json:
        print_json(
            [
                {"shortcode": one.shortcode, "category": one.category, "disabled": one.disabled_at is not None}
                for one in found
            ]
        )
        return
    print_table(
        ("Emoji", "Category", "State"),
        [(f":{one.shortcode}:", one.category or "-", "disabled" if one.disabled_at else "in use") for one in found],
        empty="This node has no emoji of its own yet.",
    )


@emoji.command("add")
@click.argument("shortcode")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--category", help="Heading under which clients show it.")
@click.pass_obj
def add_emoji(context: Context, *, shortcode: str, file: Path, category: str | None) -> None:
    """Add an emoji from a picture (PNG, GIF or WebP, at most 256 KiB).

    \b
    Example:
      fedorg emoji add party party.png --category Feasts
    """
    made = with_node(context, lambda node: custom_emojis.add_emoji(node, shortcode.strip(":"), file, category or None))
    console.print(f"The emoji :{made.shortcode}: was added.", highlight=False, emoji=False)


@emoji.command("disable")
@click.argument("shortcode")
@click.pass_obj
def disable(context: Context, *, shortcode: str) -> None:
    """Let an emoji be used in no new text.

    \b
    Example:
      fedorg emoji disable party
    """
    with_node(context, lambda node: custom_emojis.set_enabled(node, shortcode, enabled=False))
    console.print(f"The emoji :{shortcode.strip(':')}: is disabled.", highlight=False, emoji=False)


@emoji.command("enable")
@click.argument("shortcode")
@click.pass_obj
def enable(context: Context, *, shortcode: str) -> None:
    """Let a disabled emoji be used again.

    \b
    Example:
      fedorg emoji enable party
    """
    with_node(context, lambda node: custom_emojis.set_enabled(node, shortcode, enabled=True))
    console.print(f"The emoji :{shortcode.strip(':')}: is in use.", highlight=False, emoji=False)


@emoji.command("remove")
@click.argument("shortcode")
@click.pass_obj
def remove(context: Context, *, shortcode: str) -> None:
    """Take an emoji away; what was posted with it goes on showing it.

    \b
    Example:
      fedorg emoji remove party
    """
    with_node(context, lambda node: custom_emojis.remove_emoji(node, shortcode))
    console.print(f"The emoji :{shortcode.strip(':')}: was removed.", highlight=False, emoji=False)
