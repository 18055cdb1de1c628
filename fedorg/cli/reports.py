"""``fedorg report``: what members and other servers reported, and what became of it."""

from collections.abc import Awaitable, Callable
from typing import Final

import click

from fedorg.cli.base import NUMBER, Context, print_json, with_node
from fedorg.cli.printing import console, in_minutes, print_facts, print_table
from fedorg.domain.moderation import AdminReportView
from fedorg.domain.reports import ReportQuery
from fedorg.domain.statuses import PageQuery
from fedorg.ids import ReportId
from fedorg.node import Node
from fedorg.services.moderation import reports

LIST_MAX: Final = 1000
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
    query = ReportQuery(is_resolved=None if with_closed else False)
    found = with_node(context, lambda node: reports.search(node, query, PageQuery(limit=LIST_MAX)))
    if as_json:
        print_json([_facts(view) for view in found])
        return
    print_table(
        ("Report", "About", "By", "Category", "Statuses", "Comment", "State", "Made"),
        [
            (
                str(view.report.id),
                view.target.account.acct,
                _reporter(view),
                view.report.category,
                str(len(view.report.status_ids)),
                view.report.comment[:_COMMENT_SHOWN],
                _state(view),
                in_minutes(view.report.created_at),
            )
            for view in found
        ],
        empty="No report waits." if not with_closed else "Nobody has reported anything yet.",
    )


@report.command()
@click.argument("number", type=NUMBER)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def show(context: Context, *, number: int, as_json: bool) -> None:
    """Show one report with its whole comment and the statuses it names.

    \b
    Example:
      fedorg report show 115902375031439360
    """
    view = _handle(context, number, lambda node: reports.get(node, ReportId(number)))
    uris = [shown.status.uri for shown in view.statuses]
    facts = _facts(view) | {"statuses": uris}
    if as_json:
        print_json(facts)
    else:
        print_facts({name.replace("_", " "): value for name, value in (facts | {"statuses": " ".join(uris)}).items()})


@report.command()
@click.argument("number", type=NUMBER)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def resolve(context: Context, *, number: int, as_json: bool) -> None:
    """Close a report that is dealt with.

    \b
    Example:
      fedorg report resolve 115902375031439360
    """
    _tell(_handle(context, number, lambda node: reports.resolve(node, None, ReportId(number))), as_json=as_json)


@report.command()
@click.argument("number", type=NUMBER)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def reopen(context: Context, *, number: int, as_json: bool) -> None:
    """Let a closed report wait again.

    \b
    Example:
      fedorg report reopen 115902375031439360
    """
    _tell(_handle(context, number, lambda node: reports.reopen(node, None, ReportId(number))), as_json=as_json)


def _handle(context: Context, number: int, action: Callable[[Node], Awaitable[AdminReportView]]) -> AdminReportView:
    return with_node(context, action, absent=f"There is no report {number}; `fedorg report list --all` lists them")


def _tell(view: AdminReportView, *, as_json: bool) -> None:
    if as_json:
        print_json(_facts(view))
    else:
        console.print(
            f"Report {view.report.id} about [bold]{view.target.account.acct}[/] is {_state(view)}.", highlight=False
        )


def _facts(view: AdminReportView) -> dict[str, object]:
    known = view.report
    return {
        "id": str(known.id),
        "state": _state(view),
        "about": view.target.account.acct,
        "by": _reporter(view),
        "category": known.category,
        "comment": known.comment,
        "status_ids": [str(one) for one in known.status_ids],
        "forwarded": known.forwarded,
        "created_at": known.created_at,
        "resolved_at": known.resolved_at,
    }


def _reporter(view: AdminReportView) -> str:
    if view.reporter is not None and view.report.peer is None:
        return view.reporter.account.acct
    return view.report.peer or "somebody who left"


def _state(view: AdminReportView) -> str:
    return "open" if view.report.resolved_at is None else "closed"
