"""``fedorg peer export`` and ``import``: lists of servers between nodes, and between this one and Mastodon."""

import sys
from typing import IO

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from fedorg.cli.base import Context, fail, print_json, with_node
from fedorg.cli.printing import console, print_table
from fedorg.domain.peer_lists import Ending, LineResult, ListKind
from fedorg.errors import Invalid
from fedorg.node import Node
from fedorg.services import peer_lists
from fedorg.services.peer_lists import KindNotSaid

_KINDS = [kind.value for kind in ListKind]


@click.command("export")
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@click.option("--kind", type=click.Choice([*_KINDS, "all"]), help="Blocks, if left out; in JSON all.")
@click.pass_obj
def export_list(context: Context, *, form: str, kind: str | None) -> None:
    """Print the servers that are blocked, or allowed: as CSV for Mastodon, or as JSON with tiers and ceilings.

    Partnerships are not in it: they are made with the other side.

    \b
    Examples:
      fedorg peer export > blocks.csv
      fedorg peer export --kind allows > allows.csv
      fedorg peer export --format json > servers.json
    """
    if form == "json":
        kinds = frozenset(ListKind) if kind in (None, "all") else frozenset({ListKind(kind)})
        click.echo(with_node(context, lambda node: peer_lists.export_json(node, kinds)), nl=False)
        return
    if kind == "all":
        raise click.UsageError("A CSV file holds one kind: say --kind blocks or --kind allows, or --format json")
    listed = ListKind(kind or ListKind.BLOCKS)
    click.echo(with_node(context, lambda node: peer_lists.export_csv(node, listed)), nl=False)


@click.command("import")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--kind", type=click.Choice(_KINDS), help="What is in the file, if it does not say; of a JSON file, only this."
)
@click.option("--dry-run", "is_dry", is_flag=True, help="Show what would be done, and do nothing.")
@click.option("--overwrite", "overwrites", is_flag=True, help="Let the list undo what was decided here.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def import_list(
    context: Context, *, file: IO[bytes], kind: str | None, is_dry: bool, overwrites: bool, as_json: bool
) -> None:
    """Block and allow the servers of a list, in Mastodon's CSV or from `fedorg peer export --format json`.

    What was decided here and is stricter stays, and no sibling or partner is blocked, unless --overwrite is given. Each
    line that changes nothing is reported with the reason. You may import a list again at any time.

    \b
    Examples:
      fedorg peer import blocks.csv --dry-run
      fedorg peer import allows.csv --kind allows
      fedorg peer export --format json | ssh new.org.example fedorg peer import -
    """
    try:
        listed = peer_lists.read_list(file.read(), None if kind is None else ListKind(kind))
    except KindNotSaid as problem:
        fail(f"{problem} with --kind blocks or --kind allows. Nothing was done.")
    except Invalid as problem:
        fail(f"{problem}. Nothing was done.")
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        disable=as_json or not sys.stderr.isatty(),
    )
    with bar as progress:
        task = progress.add_task("Looking" if is_dry else "Importing", total=len(listed))

        async def take(node: Node) -> list[LineResult]:
            return await peer_lists.import_list(
                node, listed, is_dry=is_dry, overwrites=overwrites, tell=lambda _: progress.advance(task)
            )

        results = with_node(context, take)
    _tell(results, is_dry=is_dry, as_json=as_json)
    if any(one.ending is Ending.FAULTY for one in results):
        sys.exit(1)


def _tell(results: list[LineResult], *, is_dry: bool, as_json: bool) -> None:
    counts = {ending.value: sum(one.ending is ending for one in results) for ending in Ending}
    if as_json:
        print_json({"dry_run": is_dry, "counts": counts, "lines": results})
        return
    untold = [one for one in results if one.ending in (Ending.SKIPPED, Ending.FAULTY)]
    if untold:
        rows = [(one.place, one.domain or "-", one.ending, one.reason) for one in untold]
        print_table(("Where", "Domain", "", "Why"), rows, empty="")
    counted = ", ".join(f"{count} {ending}" for ending, count in counts.items())
    console.print(f"{'It would be: ' if is_dry else ''}{counted}.", highlight=False)
