"""``fedorg user`` for moderators: letting in, turning away, warning, limiting, suspending, with the way back.

Accounts are named as everywhere: ``anna`` lives here, ``@mallory@bad.example`` elsewhere. What is done here is what
the admin API does, and is a line in the audit log like it; whoever may use the command line may do all of it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import click

from fedorg.cli.base import NUMBER, Context, print_json, with_node
from fedorg.cli.printing import console
from fedorg.domain.moderation import AccountAction, AccountWarning, AdminAccountView, WarningAction
from fedorg.errors import Forbidden, NotFound
from fedorg.ids import AccountId, ReportId
from fedorg.node import Node
from fedorg.services.moderation import accounts

C = TypeVar("C", bound=Callable[..., Any])

_JSON: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_UNDO: Final = click.option("--undo", is_flag=True, help="Take it back.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measure:
    """What may be taken back: how, and what is said of an account that bears it, and does no more."""

    end: Callable[[Node, None, AccountId], Awaitable[AdminAccountView]]
    applies: Callable[[AdminAccountView], bool]
    name: str
    is_over: str


_SENSITIVE: Final = _Measure(
    end=accounts.unsensitive,
    applies=lambda view: view.account.sensitized_at is not None,
    name="bound to sensitive media",
    is_over="decides again what is sensitive",
)
_SILENCED: Final = _Measure(
    end=accounts.unsilence,
    applies=lambda view: view.account.silenced_at is not None,
    name="silenced",
    is_over="is heard by everybody again",
)
_SUSPENDED: Final = _Measure(
    end=accounts.unsuspend,
    applies=lambda view: view.is_suspended,
    name="suspended",
    is_over="is suspended no more",
)


def _says(command: C) -> C:
    """The options of whatever is kept as a strike."""
    for option in (
        click.option("--quietly", is_flag=True, help="Do not tell the account."),
        click.option("--report", type=NUMBER, help="Number of the report that this answers; it is closed."),
        click.option("--text", default="", help="What the account is told, in its own language if you can."),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("username")
@_JSON
@click.pass_obj
def approve(context: Context, *, username: str, as_json: bool) -> None:
    """Let in somebody who waits for approval.

    \b
    Example:
      fedorg user approve anna
    """
    _tell(_answer(context, username, accounts.approve), "may come in", as_json=as_json)


@click.command()
@click.argument("username")
@_JSON
@click.pass_obj
def reject(context: Context, *, username: str, as_json: bool) -> None:
    """Turn away somebody who waits for approval: the login and the account go, and the name is free again.

    \b
    Example:
      fedorg user reject spammer
    """
    gone = _answer(context, username, accounts.reject)
    if as_json:
        print_json({"account": gone.account.acct, "state": "rejected"})
    else:
        console.print(f"[bold]{gone.account.acct}[/] is turned away.", highlight=False)


@click.command()
@click.argument("account")
@_says
@_JSON
@click.pass_obj
def warn(context: Context, *, account: str, text: str, report: int | None, quietly: bool, as_json: bool) -> None:
    """Warn a person: it is kept as a strike, the account is told, and nothing else changes.

    \b
    Examples:
      fedorg user warn anna --text "Please be kind."
      fedorg user warn anna --report 115902375031439360 --text "Please be kind."
    """
    _act(context, account, _action(WarningAction.NONE, text, report, quietly=quietly), "is warned", as_json=as_json)


@click.command()
@click.argument("account")
@_UNDO
@_says
@_JSON
@click.pass_obj
def sensitive(
    context: Context, *, account: str, undo: bool, text: str, report: int | None, quietly: bool, as_json: bool
) -> None:
    """Hide all media of an account behind a warning.

    \b
    Examples:
      fedorg user sensitive anna --text "Please mark pictures of wounds as sensitive."
      fedorg user sensitive @mallory@bad.example --undo
    """
    action = _action(WarningAction.SENSITIVE, text, report, quietly=quietly)
    if undo:
        _take_back(context, account, action, _SENSITIVE, as_json=as_json)
    else:
        _act(context, account, action, "has only sensitive media", as_json=as_json)


@click.command()
@click.argument("account")
@_UNDO
@_says
@_JSON
@click.pass_obj
def silence(
    context: Context, *, account: str, undo: bool, text: str, report: int | None, quietly: bool, as_json: bool
) -> None:
    """Keep an account out of public timelines, searches and suggestions; its followers still read it.

    \b
    Examples:
      fedorg user silence @mallory@bad.example --report 115902375031439360
      fedorg user silence @mallory@bad.example --undo
    """
    action = _action(WarningAction.SILENCE, text, report, quietly=quietly)
    if undo:
        _take_back(context, account, action, _SILENCED, as_json=as_json)
    else:
        _act(context, account, action, "is silenced", as_json=as_json)


@click.command()
@click.argument("account")
@_UNDO
@_says
@_JSON
@click.pass_obj
def suspend(
    context: Context, *, account: str, undo: bool, text: str, report: int | None, quietly: bool, as_json: bool
) -> None:
    """Hide an account everywhere and end its sessions, tokens and streams; nothing is deleted.

    Servers that know an account of this node are told. `fedorg user disable` shuts a person out and hides nothing.

    \b
    Examples:
      fedorg user suspend spammer --text "You sold watches." --report 115902375031439360
      fedorg user suspend spammer --undo
    """
    action = _action(WarningAction.SUSPEND, text, report, quietly=quietly)
    if undo:
        _take_back(context, account, action, _SUSPENDED, as_json=as_json)
    else:
        _act(context, account, action, "is suspended", as_json=as_json)


def _action(kind: WarningAction, text: str, report: int | None, *, quietly: bool) -> AccountAction:
    return AccountAction(
        action=kind, text=text, report_id=None if report is None else ReportId(report), tells=not quietly
    )


def _answer(
    context: Context, username: str, answer: Callable[[Node, None, AccountId], Awaitable[AdminAccountView]]
) -> AdminAccountView:
    """Answer somebody who waits; a sentence for anybody else."""

    async def action(node: Node) -> AdminAccountView:
        known = await accounts.find(node, username)
        try:
            return await answer(node, None, known.account.id)
        except Forbidden as error:
            raise Forbidden(
                f"{known.account.acct} does not wait for approval; `fedorg user list` shows who does"
            ) from error

    return with_node(context, action)


def _act(context: Context, name: str, wanted: AccountAction, is_now: str, *, as_json: bool) -> None:
    async def action(node: Node) -> tuple[AccountWarning, AdminAccountView]:
        known = await accounts.find(node, name)
        try:
            warning = await accounts.act(node, None, known.account.id, wanted)
        except NotFound as error:
            about = f"There is no report {wanted.report_id} about {known.account.acct}"
            raise NotFound(f"{about}; `fedorg report list --all` shows all reports") from error
        return warning, await accounts.get(node, known.account.id)

    warning, view = with_node(context, action)
    _tell(view, is_now, as_json=as_json, warning=warning)


def _take_back(context: Context, name: str, wanted: AccountAction, measure: _Measure, *, as_json: bool) -> None:
    if wanted.text or wanted.report_id is not None or not wanted.tells:
        raise click.UsageError("--undo goes alone: nobody is told of it.")

    async def action(node: Node) -> tuple[AdminAccountView, AdminAccountView]:
        known = await accounts.find(node, name)
        return known, await measure.end(node, None, known.account.id)

    before, after = with_node(context, action)
    if not measure.applies(before):
        outcome = f"was not {measure.name}"
    elif measure.applies(after):
        outcome = f"stays {measure.name}, as its whole server is"
    else:
        outcome = measure.is_over
    _tell(after, outcome, as_json=as_json)


def _tell(view: AdminAccountView, outcome: str, *, as_json: bool, warning: AccountWarning | None = None) -> None:
    if not as_json:
        console.print(f"[bold]{view.account.acct}[/] {outcome}.", highlight=False)
        return
    facts: dict[str, object] = {
        "account": view.account.acct,
        "approved": view.user is not None and view.user.approved_at is not None,
        "sensitive": view.account.sensitized_at is not None,
        "silenced": view.account.silenced_at is not None,
        "suspended": view.is_suspended,
    }
    if warning is not None:
        facts |= {
            "warning": str(warning.id),
            "action": warning.action,
            "text": warning.text,
            "report": None if warning.report_id is None else str(warning.report_id),
        }
    print_json(facts)
