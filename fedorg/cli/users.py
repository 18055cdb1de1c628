"""``fedorg user``: logins of this node."""

import sys
from datetime import datetime
from typing import Final

import click

from fedorg.cli.base import Context, fail, print_json, with_node
from fedorg.cli.printing import console, print_table
from fedorg.domain.accounts import User, UserRole
from fedorg.node import Node
from fedorg.services import departures, registration, rotation, users

_WITH_ARTICLE: Final = {
    UserRole.MEMBER: "a member",
    UserRole.MODERATOR: "a moderator",
    UserRole.ADMIN: "an administrator",
    UserRole.OWNER: "an owner",
}


@click.group()
def user() -> None:
    """Create, list and help the people of this node, and moderate accounts of this node and of others."""


@user.command()
@click.argument("username")
@click.option("--email", help="E-mail address; nothing is sent to it.")
@click.option("--display-name", help="Name shown beside the handle.")
@click.option("--role", type=click.Choice([role.value for role in UserRole]), default="member", show_default=True)
@click.option("--password", help="Password, which others on this machine can see in the list of processes.")
@click.option("--password-stdin", is_flag=True, help="Ask for the password, or read it from a pipe.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def create(
    context: Context,
    *,
    username: str,
    email: str | None,
    display_name: str | None,
    role: str,
    password: str | None,
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Create a person who may sign in at once: with a password, or by a one-time link that is printed.

    \b
    Examples:
      fedorg user create anna --email anna@org.example --display-name "Anna Lindqvist"
      fedorg user create boss --role admin
      pass show boss | fedorg user create boss --role admin --password-stdin
    """
    if password_stdin:
        if password is not None:
            raise click.UsageError("--password and --password-stdin contradict each other.")
        password = _read_password()
    elif password is not None:
        click.echo("Others on this machine may have seen the password: --password-stdin keeps it from them.", err=True)

    async def action(node: Node) -> tuple[User, str | None]:
        made = await registration.create_person(
            node, username, email=email, display_name=display_name or "", role=UserRole(role), password=password
        )
        link = None if password else await users.create_sign_in_link(node, made)
        return made, link

    made, link = with_node(context, action)
    if as_json:
        print_json(_facts(made) | {"sign_in_link": link})
        return
    console.print(f"Created [bold]{made.username}[/] ({made.role}).", highlight=False)
    if link:
        console.print("Sign in once with this link, then choose a password:")
        console.print(f"  {link}", highlight=False, soft_wrap=True)


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_users(context: Context, *, as_json: bool) -> None:
    """List everybody who may sign in, by name, and who waits for approval.

    \b
    Example:
      fedorg user list --json
    """
    found = with_node(context, users.list_users)
    if as_json:
        print_json([_facts(one) for one in found])
    else:
        print_table(
            ("User", "Role", "State", "E-mail", "Created", "Last signed in"),
            [
                (one.username, one.role, _state(one), one.email or "-", _day(one.created_at), _day(one.last_sign_in_at))
                for one in found
            ],
            empty="Nobody is here yet. Create somebody with `fedorg user create`.",
        )


@user.command()
@click.argument("username")
@click.option("--undo", is_flag=True, help="Let the person in again.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def disable(context: Context, *, username: str, undo: bool, as_json: bool) -> None:
    """Shut a person out: sessions, tokens and open streams end at once. Nothing is deleted.

    \b
    Examples:
      fedorg user disable anna
      fedorg user disable anna --undo
    """

    async def action(node: Node) -> User:
        change = users.enable if undo else users.disable
        return await change(node, await users.get_by_username(node, username))

    changed = with_node(context, action)
    if as_json:
        print_json(_facts(changed))
    else:
        console.print(f"[bold]{changed.username}[/] is {_state(changed)}.", highlight=False)


@user.command()
@click.argument("username")
@click.argument("role", type=click.Choice([role.value for role in UserRole]))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def role(context: Context, *, username: str, role: str, as_json: bool) -> None:
    """Give a person another role: member, moderator, admin or owner. It counts at once; nobody is signed out.

    \b
    Examples:
      fedorg user role anna moderator
      fedorg user role anna member
    """

    async def action(node: Node) -> User:
        return await users.change_role(node, await users.get_by_username(node, username), UserRole(role))

    changed = with_node(context, action)
    if as_json:
        print_json(_facts(changed))
    else:
        console.print(f"[bold]{changed.username}[/] is {_WITH_ARTICLE[changed.role]} now.", highlight=False)


@user.command("reset-password")
@click.argument("username")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def reset_password(context: Context, *, username: str, as_json: bool) -> None:
    """Forget a password, end all sessions and tokens, and print a one-time sign-in link.

    \b
    Example:
      fedorg user reset-password anna
    """

    async def action(node: Node) -> tuple[User, str]:
        found = await users.get_by_username(node, username)
        await users.reset_password(node, found)
        return found, await users.create_sign_in_link(node, found)

    found, link = with_node(context, action)
    if as_json:
        print_json({"username": found.username, "sign_in_link": link})
    else:
        console.print(f"All sessions of [bold]{found.username}[/] have ended. Sign in once with this link:")
        console.print(f"  {link}", highlight=False, soft_wrap=True)


@user.command("rotate-keys")
@click.argument("username", required=False)
@click.option("--node", "of_node", is_flag=True, help="Give the node itself new keys, instead of a person.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def rotate_keys(context: Context, *, username: str | None, of_node: bool, as_json: bool) -> None:
    """Make new keys; the old ones end at once, and servers that know the account are told.

    A server that runs goes on with the new keys by itself.

    \b
    Examples:
      fedorg user rotate-keys anna
      fedorg user rotate-keys --node
    """
    if (username is None) != of_node:
        raise click.UsageError("Name a person, or say --node.")

    async def action(node: Node) -> tuple[str, list[str]]:
        account = await (registration.ensure_node_actor(node) if of_node else users.get_account(node, username or ""))
        return account.acct, await rotation.rotate_keys(node, account)

    name, ids = with_node(context, action)
    if as_json:
        print_json({"username": name, "keys": ids})
    else:
        console.print(f"[bold]{name}[/] signs with new keys from now on:", highlight=False)
        for one in ids:
            console.print(f"  {one}", highlight=False, soft_wrap=True)


@user.command()
@click.argument("username")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def delete(context: Context, *, username: str, is_sure: bool, as_json: bool) -> None:
    """Delete a person for good: the login at once, statuses, files and follows step by step.

    Servers that know the account are told. Nobody gets the name again.

    \b
    Examples:
      fedorg user delete anna
      fedorg user delete anna --yes --json
    """
    if not is_sure:
        with_node(context, lambda node: users.get_account(node, username))
        click.confirm(f"Delete {username} with everything posted, for good?", abort=True)
    gone = with_node(context, lambda node: departures.delete_member(node, username))
    if as_json:
        print_json({"username": gone.username, "deleted_at": gone.deleted_at})
    else:
        console.print(
            f"[bold]{gone.username}[/] is deleted; what was posted goes while the node runs.", highlight=False
        )


@user.command()
@click.argument("username")
@click.argument("account")
@click.option("--undo", is_flag=True, help="Let the person act for the account no more; what it opened ends at once.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def share(context: Context, *, username: str, account: str, undo: bool, as_json: bool) -> None:
    """Let a person act for one more account of this node, such as that of the press office.

    They choose the account where they allow a client to be used.

    \b
    Examples:
      fedorg user share anna press
      fedorg user share anna press --undo
    """

    async def action(node: Node) -> list[str]:
        found, shared = await users.get_by_username(node, username), await users.get_account(node, account)
        change = users.unshare_account if undo else users.share_account
        await change(node, found, shared.id)
        return [one.username for one in await users.list_accounts(node, found.id)]

    names = with_node(context, action)
    if as_json:
        print_json({"username": username, "accounts": names})
    else:
        console.print(f"[bold]{username}[/] may act for {', '.join(names)}.", highlight=False)


def _read_password() -> str:
    """What is typed twice into a terminal, or the first line of whatever else is read."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        fail("No password came on standard input.")
    return password


def _facts(one: User) -> dict[str, object]:
    return {
        "username": one.username,
        "role": one.role,
        "state": _state(one),
        "email": one.email,
        "created_at": one.created_at,
        "last_sign_in_at": one.last_sign_in_at,
    }


def _state(one: User) -> str:
    if one.disabled_at:
        return "disabled"
    if not one.approved_at:
        return "waiting for approval"
    return "active" if one.confirmed_at else "unconfirmed"


def _day(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment else "never"
