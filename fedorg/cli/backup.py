"""``fedorg backup`` and ``fedorg restore``: the whole node in one file, and back.

Both are done by the main thread, so that Ctrl-C ends them at once: no other would hear of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from fedorg import app
from fedorg.cli.base import Context, fail, print_json, require_begun, run, stopped, told
from fedorg.errors import Failing, FedorgError
from fedorg.services import backups
from fedorg.services.backups import Restore
from fedorg.store import migrate

# Standard output may be the backup itself.
_aside = Console(stderr=True)


@click.command()
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print JSON (not when the backup goes to standard output).")
@click.pass_obj
def backup(context: Context, *, target: Path, as_json: bool) -> None:
    """Write database, keys and media into one file, while the node runs; - is standard output.

    The file holds the private keys of the node and its people: keep it as safe as the node. It can be restored on
    either engine.

    \b
    Examples:
      fedorg backup /backup/fedorg-monday.tar
      fedorg backup - | age -r age1... > fedorg.tar.age
    """
    settings = context.settings()
    run(lambda: require_begun(settings))
    to = None if str(target) == "-" else target
    with told(), stopped("Stopped: no backup was made."), _progress() as show:
        summary = backups.write(settings, to, app.utc_now(), show)
    if as_json and to is not None:
        print_json(summary)
        return
    _tell(f"{summary.rows} rows and {summary.files} files are in {'the backup' if to is None else target}.")
    if summary.missing:
        _tell(f"{summary.missing} files were deleted meanwhile and are not in it.")


@click.command()
@click.argument("source", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def restore(context: Context, *, source: Path, as_json: bool) -> None:
    """Put a backup back into an empty database; - is standard input.

    The settings must name the node as it was (FEDORG_PUBLIC_URL, FEDORG_HANDLE_DOMAIN); the database may be of the
    other engine, and fedorg of a later version than the one that wrote the backup. What other servers sent since then
    they send again as far as they still have it, and what was posted since then stays with those who have it.

    \b
    Examples:
      fedorg restore /backup/fedorg-monday.tar
      age -d -i key.txt fedorg.tar.age | fedorg restore -
    """
    settings = context.settings()
    with told(), backups.open_source(None if str(source) == "-" else source) as stream:
        found = Restore(stream, settings)
        with stopped("Stopped. All is put back or nothing, and it can be run again."), _progress() as show:
            migrate.apply_pending(settings.database, _silent, until=found.manifest.revision)
            summary = found.run(show)
        with _all_is_back():
            migrate.apply_pending(settings.database, _silent)
    if as_json:
        print_json(summary)
        return
    made = summary.manifest
    _tell(
        f"{made.public_url} is back as it was on {made.created_at:%Y-%m-%d at %H:%M:%S} UTC: {summary.rows} rows and "
        f"{summary.files} files. Start it, and run `fedorg doctor`."
    )


@contextmanager
def _all_is_back() -> Iterator[None]:
    """Whatever ends the block, nothing has to be put back again."""
    sentence = "All is put back. Run `fedorg migrate` before the node is started."
    try:
        with stopped(sentence):
            yield
    except (FedorgError, Failing) as problem:
        fail(str(problem), sentence)


def _silent(_revision: str) -> None: ...


def _tell(sentence: str) -> None:
    """Whatever a file is called, it is told as it is, and in one line where a program reads it."""
    _aside.print(sentence, highlight=False, markup=False, soft_wrap=not _aside.is_terminal)


@contextmanager
def _progress() -> Iterator[backups.Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_aside, transient=True, disable=not _aside.is_terminal) as progress:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what.capitalize(), total=total)
            progress.update(tasks[what], completed=done)

        yield show
