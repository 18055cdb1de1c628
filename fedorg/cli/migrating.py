"""``fedorg migrate``: the database in the form that this version needs."""

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from fedorg.cli.base import Context, print_json, run, stopped, told
from fedorg.cli.printing import console
from fedorg.store import migrate as migrations

_STOPPED = "Stopped. What was applied stays; run `fedorg migrate` again for the rest."


@click.command()
@click.option("--check", is_flag=True, help="Only say whether something is to be done; exit code 1 if so.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def migrate(context: Context, *, check: bool, as_json: bool) -> None:
    """Bring the database to the form this version needs. Safe to run twice, to stop, and while others try.

    \b
    Examples:
      fedorg migrate
      fedorg migrate --check
    """
    settings = context.settings()
    state = run(lambda: migrations.check(settings.database))
    if check:
        if as_json:
            print_json({"current": state.is_current, "revision": state.current, "pending": list(state.pending)})
        else:
            console.print(state.explain())
        if not state.is_current:
            raise SystemExit(1)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with told(), stopped(_STOPPED), Progress(*columns, console=console, disable=as_json) as progress:
        task = progress.add_task("Migrating", total=len(state.pending))
        applied = migrations.apply_pending(
            settings.database, lambda revision: progress.update(task, advance=1, description=revision)
        )
    if as_json:
        print_json({"applied": applied})
    else:
        console.print(f"Applied {len(applied)} revision(s)." if applied else "The database is up to date.")
        if state.is_empty:
            console.print(f"A new database was made: {migrations.place_of(settings.database)}", soft_wrap=True)
