"""``fedorg storage``: what takes how much room."""

import click

from fedorg.cli.base import Context, print_json, with_node
from fedorg.cli.printing import console, print_table
from fedorg.services import storage as services

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP = 1024


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, sizes in bytes.")
@click.pass_obj
def storage(context: Context, *, as_json: bool) -> None:
    """Show how much room the database takes, part by part, and the files.

    \b
    Example:
      fedorg storage
    """
    room = with_node(context, services.measure)
    if as_json:
        print_json(room)
        return
    print_table(
        ("Part", "Rows", "Room"),
        [(part.name, str(part.rows), "-" if part.bytes is None else _told(part.bytes)) for part in room.parts],
        empty="",
    )
    console.print(
        f"Database {_told(room.database_bytes)}, {room.files} files {_told(room.files_bytes)}.", highlight=False
    )


def _told(size: float) -> str:
    for unit in _UNITS[:-1]:
        if size < _STEP:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= _STEP
    return f"{size:.1f} {_UNITS[-1]}"
