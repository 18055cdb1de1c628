"""Facts for people, in tables and colours; apart from what all commands share, since a node prints none."""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

console = Console()
# To lay more rows out for the width of a terminal would take longer than to read them.
_LAID_OUT_MAX: Final = 500
_GAP: Final = "  "


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str) -> None:
    """A table for people, or the sentence ``empty`` when there are no rows.

    What a row is known by, which stands first, is in one piece where it fits. For programs that read it, and where
    there are many, each row is one line, however long.
    """
    if not rows:
        console.print(empty, soft_wrap=True)
        return
    if not console.is_terminal or len(rows) > _LAID_OUT_MAX:
        _print_lines([columns, *rows])
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    known_by = max(len(row[0]) for row in rows)
    for number, column in enumerate(columns):
        whole = known_by if number == 0 and known_by <= console.width // 2 else None
        table.add_column(column, overflow="fold", min_width=whole)
    for row in rows:
        table.add_row(*map(as_written, row))
    console.print(table)


def print_facts(facts: Mapping[str, object]) -> None:
    """A list of name and value for people."""
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        console.print(Text.assemble((name.ljust(width), "bold"), "  ", as_written(_in_words(value))), highlight=False)


def in_minutes(moment: datetime) -> str:
    """A moment (UTC) as people read it."""
    return f"{moment:%Y-%m-%d %H:%M}"


def as_written(text: str) -> Text:
    """What anybody may have written, on any server: nothing in it is markup, or moves the cursor of a terminal."""
    return Text(_harmless(text))


def _in_words(value: object) -> str:
    if isinstance(value, datetime):
        return in_minutes(value)
    return "-" if value in (None, "") else str(value)


def _print_lines(rows: Sequence[Sequence[str]]) -> None:
    lines = [[_harmless(cell).replace("\n", " ").replace("\t", " ") for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True))
        console.file.write(_GAP.join(padded).rstrip() + "\n")


def _harmless(text: str) -> str:
    if text.isprintable():
        return text
    return "".join("\ufffd" if unicodedata.category(one) == "Cc" and one not in "\n\t" else one for one in text)
