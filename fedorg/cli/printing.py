"""Facts for people, in tables and colours; apart from what all commands share, since a node prints none."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

console = Console()


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str) -> None:
    """A table for people, or the sentence ``empty`` when there are no rows."""
    if not rows:
        console.print(empty, soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def print_facts(facts: Mapping[str, object]) -> None:
    """A list of name and value for people."""
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        console.print(f"[bold]{name.ljust(width)}[/]  {value if value not in (None, '') else '-'}", highlight=False)
