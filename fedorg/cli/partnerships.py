"""``fedorg peer invite`` and what follows: coming to terms with other nodes, from this side."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

import click

from fedorg.cli.base import Context, fail, print_json, with_node
from fedorg.cli.printing import console, in_minutes
from fedorg.domain.accounts import User
from fedorg.domain.partnerships import STEPS, Event, GrantChange, PartnershipState, PartnershipView, Side
from fedorg.domain.visibility import Reach, Tier
from fedorg.node import Node
from fedorg.serializers.partnerships import partnership_entity
from fedorg.services import partnerships, peers
from fedorg.services.partnerships import Invitation

Command = Callable[..., Any]

_REACHES: Final = [reach.value for reach in Reach if reach is not Reach.NODE]
_JSON: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_YES: Final = click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
_REASON: Final = click.option("--reason", default="", help="Why; the other side reads it.")
_NEXT: Final = {
    PartnershipState.PROPOSED: "the offer leaves with the next round of deliveries",
    PartnershipState.OFFERED: "the invited side accepts or declines",
    PartnershipState.ACCEPTED: "compare the fingerprint with the other side's administrators, then both sides approve",
}


def _ceilings(command: Command) -> Command:
    """The options of all that grants something."""
    options = (
        click.option("--largest-reach", type=click.Choice(_REACHES), help="Nothing that goes further passes."),
        click.option("--direct-messages/--no-direct-messages", default=None, help="Whether direct statuses pass."),
        click.option("--directory/--no-directory", default=None, help="Whether people are listed and found there."),
        click.option("--media/--no-media", default=None, help="Whether files pass."),
        click.option("--contact", help="Whom to ask about incidents."),
        click.option("--retention", help="How long what comes from the other side is kept, in words."),
        click.option(
            "--review", type=click.DateTime(["%Y-%m-%d"]), help="The day on which to look at it anew, as 2027-06-30."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("domain")
@click.option("--tier", type=click.Choice([Tier.SIBLING.value, Tier.PARTNER.value]), required=True)
@click.option("--note", default="", help="Why; members of both sides read it.")
@_ceilings
@_JSON
@click.pass_obj
def invite(context: Context, /, *, domain: str, tier: str, note: str, as_json: bool, **granted: Any) -> None:  # noqa: ANN401 - the options above
    """Offer another node a partnership. It has 14 days to be accepted and approved by both sides.

    \b
    Examples:
      fedorg peer invite acme.example --tier partner --note "For the bridge"
      fedorg peer invite sales.org.example --tier sibling
      fedorg peer invite acme.example --tier partner --no-direct-messages --review 2027-06-30
    """
    draft = Invitation(domain=domain, tier=Tier(tier), change=_change(granted), note=note)
    _show(with_node(context, lambda node: partnerships.invite(node, draft)), as_json=as_json)


@click.command()
@click.argument("domain")
@_ceilings
@_JSON
@click.pass_obj
def accept(context: Context, /, *, domain: str, as_json: bool, **granted: Any) -> None:  # noqa: ANN401 - the options above
    """Say yes to an offer. Unless options narrow it, as much is granted back as was offered.

    \b
    Examples:
      fedorg peer accept org.example
      fedorg peer accept org.example --no-media --contact security@acme.example
    """
    _show(with_node(context, lambda node: partnerships.accept(node, domain, _change(granted))), as_json=as_json)


@click.command()
@click.argument("domain")
@click.option("--fingerprint", help="The twelve words that were compared; they are shown and asked about if left out.")
@_JSON
@click.pass_obj
def approve(context: Context, *, domain: str, fingerprint: str | None, as_json: bool) -> None:
    """Put an accepted partnership into force here, after the fingerprint was compared by another way (by telephone).

    \b
    Examples:
      fedorg peer approve acme.example
      fedorg peer approve acme.example --fingerprint "cable alley body plug frown hunt hybrid bless brave …"
    """
    if fingerprint is None:
        fingerprint = with_node(context, lambda node: partnerships.get_view(node, domain)).fingerprint or ""
        console.print(f"The fingerprint is [bold]{fingerprint or 'not known yet'}[/].", highlight=False, soft_wrap=True)
        if not click.confirm("Do the other side's administrators read the same to you?", err=True):
            fail("Then somebody may stand between the two nodes. Nothing was approved.")
    compared = fingerprint
    _show(with_node(context, lambda node: partnerships.approve(node, domain, compared)), as_json=as_json)


@click.command()
@click.argument("domain")
@_ceilings
@_JSON
@click.pass_obj
def ceilings(context: Context, /, *, domain: str, as_json: bool, **granted: Any) -> None:  # noqa: ANN401 - the options above
    """Say how much may pass between this node and another server.

    In a partnership less holds at once, and more when the other side grants as much. For a server that knows no
    partnerships it holds as it is said here.

    \b
    Examples:
      fedorg peer ceilings acme.example --no-directory --largest-reach partners
      fedorg peer ceilings old.example --no-media
    """
    wanted = _change(granted)

    async def change(node: Node) -> PartnershipView | None:
        found = await partnerships.find_latest(node, domain)
        if found is not None and not found.partnership.state.is_over:
            return await partnerships.change(node, domain, wanted)
        await peers.change_ceilings(node, domain, wanted)
        return None

    view = with_node(context, change)
    if view is not None:
        _show(view, as_json=as_json)
        return
    known = with_node(context, lambda node: peers.get_peer(node, domain)).peer
    if as_json:
        print_json({"domain": known.domain, "tier": known.tier, "ceilings": known.ceilings})
    else:
        console.print(f"With [bold]{known.domain}[/] no more passes than you say here.", highlight=False)


@click.command()
@click.argument("domain")
@_REASON
@_JSON
@click.pass_obj
def decline(context: Context, *, domain: str, reason: str, as_json: bool) -> None:
    """Say no to an offer.

    \b
    Example:
      fedorg peer decline acme.example --reason "We are not ready before spring"
    """
    _decide(context, partnerships.decline, domain, reason, as_json=as_json)


@click.command()
@click.argument("domain")
@_REASON
@_JSON
@click.pass_obj
def withdraw(context: Context, *, domain: str, reason: str, as_json: bool) -> None:
    """Take an offer back that is not in force yet.

    \b
    Example:
      fedorg peer withdraw acme.example
    """
    _decide(context, partnerships.withdraw, domain, reason, as_json=as_json)


@click.command()
@click.argument("domain")
@_REASON
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]),
    help="From then on (UTC), as 2027-01-31 or 2027-01-31T18:00; the other side is told now.",
)
@_JSON
@click.pass_obj
def suspend(context: Context, *, domain: str, reason: str, at: datetime | None, as_json: bool) -> None:
    """Stop all exchange with a partner, at once or from a moment on. Nothing is deleted, follows stay.

    \b
    Examples:
      fedorg peer suspend acme.example --reason "An account there was taken over"
      fedorg peer suspend acme.example --at 2027-01-31 --reason "The bridge is built"
    """
    if at is None:
        _decide(context, partnerships.suspend, domain, reason, as_json=as_json)
        return
    moment = at.replace(tzinfo=UTC)
    _show(with_node(context, lambda node: partnerships.plan_suspension(node, domain, moment, reason)), as_json=as_json)


@click.command()
@click.argument("domain")
@_JSON
@click.pass_obj
def resume(context: Context, *, domain: str, as_json: bool) -> None:
    """End this node's suspension of a partnership, or call off the one it has planned.

    \b
    Example:
      fedorg peer resume acme.example
    """
    _show(with_node(context, lambda node: partnerships.resume(node, domain)), as_json=as_json)


@click.command()
@click.argument("domain")
@_REASON
@_YES
@_JSON
@click.pass_obj
def revoke(context: Context, *, domain: str, reason: str, yes: bool, as_json: bool) -> None:
    """End a partnership for good: delivery stops at once, follows end, and the partner is asked to delete.

    \b
    Example:
      fedorg peer revoke acme.example --reason "The bridge is built"
    """
    if not yes:
        found = with_node(context, lambda node: partnerships.get_view(node, domain))
        if (found.partnership.state, Event.REVOKE) in STEPS:
            click.confirm(f"End the partnership with {domain}? Follows do not come back.", abort=True, err=True)
    _decide(context, partnerships.revoke, domain, reason, as_json=as_json)


def _decide(
    context: Context,
    decide: Callable[[Node, str, str, User | None], Awaitable[PartnershipView]],
    domain: str,
    reason: str,
    *,
    as_json: bool,
) -> None:
    _show(with_node(context, lambda node: decide(node, domain, reason, None)), as_json=as_json)


def _show(view: PartnershipView, *, as_json: bool) -> None:
    partnership = view.partnership
    if as_json:
        print_json(partnership_entity(partnership, view))
        return
    console.print(f"The partnership with [bold]{partnership.domain}[/] is {partnership.state}.", highlight=False)
    for side, plan in partnership.planned.items():
        who, why = "This node" if side is Side.HERE else "The other side", plan.reason or "no reason given"
        console.print(f"{who} suspends it at {in_minutes(plan.at)} UTC: {why}", highlight=False, markup=False)
    if partnership.state in _NEXT:
        is_approved = Side.HERE in partnership.approved
        step = f"approved here; {partnership.domain} approves it as well" if is_approved else _NEXT[partnership.state]
        console.print(f"Next: {step}, before {partnership.expires_at:%Y-%m-%d}.", highlight=False)
    if partnership.state is PartnershipState.ACCEPTED and view.fingerprint is not None:
        console.print(f"Fingerprint: [bold]{view.fingerprint}[/]", highlight=False, soft_wrap=True)


def _change(granted: dict[str, Any]) -> GrantChange:
    review: datetime | None = granted["review"]
    return GrantChange(
        largest_reach=None if granted["largest_reach"] is None else Reach(granted["largest_reach"]),
        direct_messages=granted["direct_messages"],
        directory=granted["directory"],
        media=granted["media"],
        contact=granted["contact"],
        retention=granted["retention"],
        review_at=None if review is None else review.replace(tzinfo=UTC),
        sets_review=review is not None,
    )
