"""``fedorg user alias`` and ``fedorg user move``: accounts that go elsewhere, or come from there."""

import click

from fedorg.cli.base import Context, print_json, with_node
from fedorg.cli.printing import console, print_table
from fedorg.domain.accounts import Account
from fedorg.node import Node
from fedorg.services import moving, users


@click.group()
def alias() -> None:
    """Say which other accounts a person has, so that those may move here."""


@alias.command("list")
@click.argument("username")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_aliases(context: Context, *, username: str, as_json: bool) -> None:
    """List the aliases of a person.

    \b
    Example:
      fedorg user alias list anna
    """

    async def action(node: Node) -> list[tuple[str, Account | None]]:
        return await moving.list_aliases(node, await users.get_account(node, username))

    rows = [(uri, "-" if known is None else f"@{known.acct}") for uri, known in with_node(context, action)]
    if as_json:
        print_json([{"uri": uri, "account": None if acct == "-" else acct} for uri, acct in rows])
    else:
        print_table(("Address", "Account"), rows, empty=f"{username} has no aliases.")


@alias.command()
@click.argument("username")
@click.argument("account")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def add(context: Context, *, username: str, account: str, as_json: bool) -> None:
    """Let an account move here: name it, by its handle or its address, as one that this person has too.

    \b
    Example:
      fedorg user alias add anna @anna@old.example
    """

    async def action(node: Node) -> Account:
        return await moving.add_alias(node, await users.get_account(node, username), account)

    added = with_node(context, action)
    if as_json:
        print_json({"username": username, "alias": added.uri})
    else:
        console.print(f"@{added.acct} is an alias of [bold]{username}[/] now, and may move here.", highlight=False)


@alias.command()
@click.argument("username")
@click.argument("account")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def remove(context: Context, *, username: str, account: str, as_json: bool) -> None:
    """Take an alias back.

    \b
    Example:
      fedorg user alias remove anna @anna@old.example
    """

    async def action(node: Node) -> None:
        await moving.remove_alias(node, await users.get_account(node, username), account)

    with_node(context, action)
    if as_json:
        print_json({"username": username, "removed": account})
    else:
        console.print(f"{account} is no alias of [bold]{username}[/] any more.", highlight=False)


@click.command()
@click.argument("username")
@click.argument("target", required=False)
@click.option("--cancel", is_flag=True, help="Use an account that moved here again.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def move(context: Context, *, username: str, target: str | None, cancel: bool, as_json: bool) -> None:
    """Move a person to an account elsewhere, which must name this one as an alias; followers are asked to come along.

    What was posted stays here. The account can be read, and does nothing more.

    \b
    Examples:
      fedorg user move anna @anna@new.example
      fedorg user move anna --cancel
    """
    if (target is None) != cancel:
        raise click.UsageError("Name the new account, or say --cancel.")

    async def action(node: Node) -> Account | None:
        account = await users.get_account(node, username)
        if target is not None:
            return await moving.move(node, account, target)
        await moving.cancel_move(node, account)
        return None

    moved = with_node(context, action)
    if as_json:
        print_json({"username": username, "moved_to": None if moved is None else moved.uri})
    elif moved is None:
        console.print(f"[bold]{username}[/] is used again.", highlight=False)
    else:
        console.print(f"[bold]{username}[/] has moved to @{moved.acct}.", highlight=False)
