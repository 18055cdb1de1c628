"""``fedorg report``: what members and other servers reported, and what became of it."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import click

from fedorg.cli.base import Context, console, print_facts, print_json, print_table, with_node
from fedorg.domain.reports import ReportView
from fedorg.errors import NotFound
from fedorg.ids import ReportId
from fedorg.node import Node
from fedorg.services import reports

T = TypeVar("T")

_COMMENT_SHOWN: Final = 60


@click.group()
def report() -> None:
    """Read reports about accounts, and close them when they are dealt with."""


@report.command("list")
@click.option("--all", "with_closed", is_flag=True, help="Show closed reports as well.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_reports(context: Context, *, with_closed: bool, as_json: bool) -> None:
    """List the reports that wait for somebody, newest first.

    \b
    Examples:
      fedorg report list
      fedorg report list --all --json
    """
    found = with_node(context, reports.list_all if with_closed else reports.list_open)
    if as_json:
        print_json([_facts(view) for view in found])
        return
    print_table(
        ("Report", "About", "By", "Category", "Statuses", "Comment", "State", "Made"),
        [
            (
                str(view.report.id),
                view.target.acct,
                _reporter(view),
                view.report.category,
                str(len(view.report.status_ids)),
                view.report.comment[:_COMMENT_SHOWN],
                _state(view),
                f"{view.report.created_at:%Y-%m-%d %H:%M}",
            )
            for view in found
        ],
        empty="No report waits." if not with_closed else "Nobody has reported anything yet.",
    )


@report.command()
@click.argument("number", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def show(context: Context, *, number: int, as_json: bool) -> None:
    """Show one report with its whole comment and the statuses it names.

    \b
    Example:
      fedorg report show 115902375031439360
    """
    view, uris = _with_report(context, number, reports.get)
    facts = _facts(view) | {"statuses": uris}
    if as_json:
        print_json(facts)
    else:
        print_facts({name.replace("_", " "): value for name, value in (facts | {"statuses": " ".join(uris)}).items()})


@report.command()
@click.argument("number", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def resolve(context: Context, *, number: int, as_json: bool) -> None:
    """Close a report that is dealt with.

    \b
    Example:
      fedorg report resolve 115902375031439360
    """
    _tell(_with_report(context, number, reports.resolve), as_json=as_json)


@report.command()
@click.argument("number", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def reopen(context: Context, *, number: int, as_json: bool) -> None:
    """Let a closed report wait again.

    \b
    Example:
      fedorg report reopen 115902375031439360
    """
    _tell(_with_report(context, number, reports.reopen), as_json=as_json)


def _with_report(context: Context, number: int, act: Callable[[Node, ReportId], Awaitable[T]]) -> T:
    async def named(node: Node) -> T:
        try:
            return await act(node, ReportId(number))
        except NotFound:
            raise NotFound(f"There is no report {number}") from None

    return with_node(context, named)


def _tell(view: ReportView, *, as_json: bool) -> None:
    if as_json:
        print_json(_facts(view))
    else:
        console.print(f"Report {view.report.id} about [bold]{view.target.acct}[/] is {_state(view)}.", highlight=False)


def _facts(view: ReportView) -> dict[str, object]:
    known = view.report
    return {
        "id": str(known.id),
        "state": _state(view),
        "about": view.target.acct,
        "by": _reporter(view),
        "category": known.category,
        "comment": known.comment,
        "status_ids": [str(one) for one in known.status_ids],
        "forwarded": known.forwarded,
        "created_at": known.created_at,
        "resolved_at": known.resolved_at,
    }


def _reporter(view: ReportView) -> str:
    if view.reporter is not None and view.report.peer is None:
        return view.reporter.acct
    return view.report.peer or "somebody who left"


def _state(view: ReportView) -> str:
    return "open" if view.report.resolved_at is None else "closed"
