"""``fedorg announcement``: what all members are told."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

import click

from fedorg.cli.base import NUMBER, Context, print_json, with_node
from fedorg.cli.printing import console, in_minutes, print_table
from fedorg.domain.announcements import Announcement
from fedorg.node import Node
from fedorg.services import acknowledging, announcements

T = TypeVar("T")

_MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"])


@click.group()
def announcement() -> None:
    """Announce something to all members, and see how many have said that they know."""


@announcement.command("add")
@click.argument("words")
@click.option("--starts", type=_MOMENT, help="When what it speaks of begins (UTC).")
@click.option("--ends", type=_MOMENT, help="When it is over, and shown no more (UTC).")
@click.option("--all-day", is_flag=True, help="--starts and --ends are whole days.")
@click.option("--acknowledge", is_flag=True, help="Ask each member to say that they know.")
@click.option("--organisation", is_flag=True, help="Tell the other nodes of the organisation too.")
@click.pass_obj
def add(
    context: Context,
    *,
    words: str,
    starts: datetime | None,
    ends: datetime | None,
    all_day: bool,
    acknowledge: bool,
    organisation: bool,
) -> None:
    """Announce something now.

    \b
    Examples:
      fedorg announcement add "The canteen is closed on Monday"
      fedorg announcement add "The fire alarm has a new sound" --acknowledge --organisation
      fedorg announcement add "Summer feast" --starts 2027-07-01 --ends 2027-07-02 --all-day
    """
    made = with_node(
        context,
        lambda node: announcements.publish(
            node,
            words,
            starts_at=_utc(starts),
            ends_at=_utc(ends),
            all_day=all_day,
            needs_acknowledgement=acknowledge,
            for_organisation=organisation,
        ),
    )
    console.print(f"Announcement {made.id} was published.", highlight=False)


@announcement.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_announcements(context: Context, *, as_json: bool) -> None:
    """List announcements, the latest first, with how many have said that they know.

    \b
    Example:
      fedorg announcement list
    """
    found = with_node(context, announcements.list_all)
    if as_json:
        print_json(
            [
                {
                    "id": str(one.id),
                    "text": one.text,
                    "published_at": one.published_at,
                    "peer": one.peer,
                    "acknowledgements" if one.needs_acknowledgement else "dismissals": count,
                }
                for one, count in found
            ]
        )
        return
    print_table(
        ("Announcement", "From", "Text", "State", "Know"),
        [
            (
                str(one.id),
                one.peer or "here",
                one.text,
                _state(one),
                f"{count} acknowledged here" if one.needs_acknowledgement else f"{count} dismissed here",
            )
            for one, count in found
        ],
        empty="Nothing was announced yet.",
    )


@announcement.command("show")
@click.argument("number", type=NUMBER)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def show(context: Context, *, number: int, as_json: bool) -> None:
    """Show who has acknowledged: numbers for each node, and names of the members here who have not.

    \b
    Example:
      fedorg announcement show 115902375031439360
    """
    found = _about(context, number, lambda node: acknowledging.get_standing(node, number))
    if as_json:
        print_json(
            {
                "id": str(found.announcement.id),
                "text": found.announcement.text,
                "nodes": [
                    {"peer": one.peer, "acknowledged": one.acknowledged_count, "members": one.members_count}
                    for one in found.tallies
                ],
                "missing": found.missing,
            }
        )
        return
    console.print(found.announcement.text, markup=False)
    if not found.announcement.needs_acknowledgement:
        console.print("Nobody is asked to acknowledge it.")
        return
    print_table(
        ("Node", "Know", "Members"),
        [(one.peer or "here", str(one.acknowledged_count), str(one.members_count)) for one in found.tallies],
        empty="",
    )
    console.print(f"Not yet here: {', '.join(found.missing) or 'nobody'}", highlight=False)


@announcement.command("unpublish")
@click.argument("number", type=NUMBER)
@click.pass_obj
def unpublish(context: Context, *, number: int) -> None:
    """Show an announcement to nobody any more.

    \b
    Example:
      fedorg announcement unpublish 115902375031439360
    """
    _about(context, number, lambda node: announcements.set_shown(node, number, shown=False))
    console.print(f"Announcement {number} is shown no more.", highlight=False)


@announcement.command("publish")
@click.argument("number", type=NUMBER)
@click.pass_obj
def publish(context: Context, *, number: int) -> None:
    """Show an announcement again.

    \b
    Example:
      fedorg announcement publish 115902375031439360
    """
    _about(context, number, lambda node: announcements.set_shown(node, number, shown=True))
    console.print(f"Announcement {number} is shown.", highlight=False)


@announcement.command("delete")
@click.argument("number", type=NUMBER)
@click.pass_obj
def delete(context: Context, *, number: int) -> None:
    """Remove an announcement with its reactions.

    \b
    Example:
      fedorg announcement delete 115902375031439360
    """
    _about(context, number, lambda node: announcements.delete(node, number))
    console.print(f"Announcement {number} was deleted.", highlight=False)


def _about(context: Context, number: int, action: Callable[[Node], Awaitable[T]]) -> T:
    absent = f"There is no announcement {number}; `fedorg announcement list` lists them"
    return with_node(context, action, absent=absent)


def _state(one: Announcement) -> str:
    return "hidden" if one.published_at is None else f"since {in_minutes(one.published_at)}"


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
