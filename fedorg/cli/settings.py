"""``fedorg settings``: every setting, what it means and what it is now."""

import click

from fedorg import config
from fedorg.cli.base import Context, print_json
from fedorg.cli.printing import print_table


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def settings(context: Context, *, as_json: bool) -> None:
    """List every setting with its meaning and its value now; secrets are hidden.

    \b
    Examples:
      fedorg settings
      FEDORG_PORT=9000 fedorg settings --json
    """
    now = config.shown(context.settings())
    rows = [(name, now[name], meaning) for name, _, meaning in config.describe()]
    if as_json:
        print_json([{"name": name, "value": value, "meaning": meaning} for name, value, meaning in rows])
    else:
        print_table(("Setting", "Value", "Meaning"), rows, empty="")
