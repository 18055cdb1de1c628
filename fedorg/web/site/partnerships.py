"""The pages on which administrators come to terms with other nodes.

The list leads to a page for each node, which offers what may be decided now (``domain.partnerships.STEPS``) and nothing
else. What ends something asks to be confirmed.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from quart import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from fedorg.activitypub import trying
from fedorg.domain.introductions import Introduction, IntroductionState, Policy
from fedorg.domain.partnerships import Event, Grant, GrantChange, PartnershipView, Side, possible
from fedorg.domain.visibility import Reach, Tier
from fedorg.errors import Conflict, FedorgError, Forbidden, Invalid, NotFound, Unavailable
from fedorg.services import introductions, partnerships
from fedorg.services.partnerships import Invitation
from fedorg.services.users import SignedIn
from fedorg.web.base import this_node
from fedorg.web.site.done import Done
from fedorg.web.site.sessions import go, members_only, page

blueprint = Blueprint("partnership_pages", __name__, url_prefix="/admin/partnerships")

Form = MultiDict[str, str]
REFUSED: Final = (Conflict, Forbidden, Invalid, NotFound, Unavailable)
_CONFIRMED: Final = frozenset({Event.APPROVE, Event.REVOKE})
_POLICIES: Final = {
    Policy.IGNORE: "ignore them",
    Policy.QUEUE: "ask us about each",
    Policy.ACCEPT: "make them siblings at once",
}
REACHES: Final = {
    Reach.ORGANISATION: "what is for our organisation, which only siblings get",
    Reach.PARTNERS: "what is for partners, too",
    Reach.PUBLIC: "what is for everybody, too",
}
"""How far what passes may go; a partner gets nothing of reach ``organisation``, whatever is said."""


@dataclass(frozen=True, slots=True)
class Introduced:
    """A node, and what siblings say of it."""

    domain: str
    said: tuple[Introduction, ...]

    @property
    def is_retracted(self) -> bool:
        """Whether it is asked what becomes of a node that is named no more."""
        return any(one.state is IntroductionState.RETRACTED for one in self.said)

    @property
    def is_dismissed(self) -> bool:
        """Whether it is still named, and may be let in after all."""
        return any(one.state is IntroductionState.DISMISSED and one.is_named for one in self.said)


@dataclass(frozen=True, slots=True)
class Refused:
    """A decision that came to nothing: why, and what was entered for it."""

    decision: str
    problem: str
    given: Mapping[str, str]


@blueprint.get("")
@members_only
async def show_all(visitor: SignedIn) -> Response:
    """Every node something was agreed with, and the form to invite another, or the one that is named."""
    require_administrator(visitor)
    return await list_page(visitor, given=_offer() | {"domain": request.args.get("domain", "")})


@blueprint.post("")
@members_only
async def invite(visitor: SignedIn) -> Response:
    """Offer another node a partnership."""
    require_administrator(visitor)
    form = await request.form
    try:
        draft = Invitation(
            domain=form.get("domain", ""),
            tier=Tier.SIBLING if form.get("tier") == Tier.SIBLING else Tier.PARTNER,
            change=_change(form),
            note=form.get("note", "").strip(),
        )
        view = await partnerships.invite(this_node(), draft, visitor.user)
    except REFUSED as problem:
        return await list_page(visitor, invite_problem=problem, given=form.to_dict())
    return go(f"/admin/partnerships/{view.partnership.domain}", Done.OFFERED)


@blueprint.get("/<domain>")
@members_only
async def show_one(visitor: SignedIn, domain: str) -> Response:
    """How it stands with one node, and what may be decided."""
    require_administrator(visitor)
    return await _detail(visitor, await partnerships.get_view(this_node(), domain))


@blueprint.post("/<domain>/look")
@members_only
async def look(visitor: SignedIn, domain: str) -> Response:
    """What the other side shows this node now, in plain words, and whether the way to it works."""
    require_administrator(visitor)
    view = await partnerships.get_view(this_node(), domain)
    trials, theirs = await trying.look(this_node(), view.partnership.domain)
    return await page(
        "partnership_seen.html", visitor, view=view, partnership=view.partnership, trials=trials, theirs=theirs
    )


@blueprint.post("/<domain>/<decision>")
@members_only
async def decide(visitor: SignedIn, domain: str, decision: str) -> Response:
    """Decide something; what ends a partnership, or puts it into force, only when that was confirmed."""
    require_administrator(visitor)
    event = next((event for event in _DECISIONS if event.name.lower() == decision), None)
    if event is None:
        raise NotFound
    form = await request.form
    try:
        if event in _CONFIRMED and "confirmed" not in form:
            raise Invalid("Nothing was done: say first that it is meant")
        await _DECISIONS[event](visitor, domain, form)
    except REFUSED as problem:
        view = await partnerships.get_view(this_node(), domain)
        return await _detail(visitor, view, Refused(decision, str(problem), form.to_dict()))
    # A browser keeps the fragment of the form where the answer names none, and would not show what was done.
    return go(f"/admin/partnerships/{domain}#main", _DONE[event])


async def _accept(visitor: SignedIn, domain: str, form: Form) -> PartnershipView:
    return await partnerships.accept(this_node(), domain, _change(form), visitor.user)


async def _approve(visitor: SignedIn, domain: str, form: Form) -> PartnershipView:
    return await partnerships.approve(this_node(), domain, form.get("fingerprint", ""), visitor.user)


async def _change_ceilings(visitor: SignedIn, domain: str, form: Form) -> PartnershipView:
    return await partnerships.change(this_node(), domain, _change(form), visitor.user)


async def _decline(visitor: SignedIn, domain: str, form: Form) -> PartnershipView:
    return await partnerships.decline(this_node(), domain, form.get("reason", ""), visitor.user)


async def _withdraw(visitor: SignedIn, domain: str, form: Form) -> PartnershipView:
    return await partnerships.withdraw(this_node(), domain, form.get("reason", ""), visitor.user)


async def _plan(visitor: SignedIn, domain: str, form: Form) -> PartnershipView:
    at = _day(form.get("at", ""))
    if at is None:
        raise Invalid("Say from which day on")
    return await partnerships.plan_suspension(this_node(), domain, at, form.get("reason", ""), visitor.user)


async def _suspend(visitor: SignedIn, domain: str, form: Form) -> PartnershipView:
    return await partnerships.suspend(this_node(), domain, form.get("reason", ""), visitor.user)


async def _resume(visitor: SignedIn, domain: str, _form: Form) -> PartnershipView:
    return await partnerships.resume(this_node(), domain, visitor.user)


async def _revoke(visitor: SignedIn, domain: str, form: Form) -> PartnershipView:
    return await partnerships.revoke(this_node(), domain, form.get("reason", ""), visitor.user)


_DECISIONS: Final[Mapping[Event, Callable[[SignedIn, str, Form], Awaitable[PartnershipView]]]] = {
    Event.ACCEPT: _accept,
    Event.DECLINE: _decline,
    Event.WITHDRAW: _withdraw,
    Event.APPROVE: _approve,
    Event.CHANGE: _change_ceilings,
    Event.SUSPEND: _suspend,
    Event.PLAN: _plan,
    Event.CALL_OFF: _resume,
    Event.RESUME: _resume,
    Event.REVOKE: _revoke,
}

_DONE: Final[Mapping[Event, Done]] = {
    Event.ACCEPT: Done.OFFER_ACCEPTED,
    Event.DECLINE: Done.OFFER_DECLINED,
    Event.WITHDRAW: Done.OFFER_WITHDRAWN,
    Event.APPROVE: Done.PARTNERSHIP_APPROVED,
    Event.CHANGE: Done.SAVED,
    Event.SUSPEND: Done.SUSPENDED,
    Event.PLAN: Done.SUSPENSION_PLANNED,
    Event.CALL_OFF: Done.SUSPENSION_CALLED_OFF,
    Event.RESUME: Done.RESUMED,
    Event.REVOKE: Done.REVOKED,
}


def require_administrator(visitor: SignedIn) -> None:
    """Raise ``Forbidden`` for everybody else."""
    if not visitor.user.is_administrator:
        raise Forbidden("Only administrators may do this")


async def list_page(
    visitor: SignedIn,
    problem: FedorgError | None = None,
    *,
    invite_problem: FedorgError | None = None,
    given: Mapping[str, str] | None = None,
) -> Response:
    """The list, with whom siblings introduce; what was wrong with a form on it, and what the invitation is to say."""
    node = this_node()
    introduced = await introductions.list_introductions(node, is_open=False)
    return await page(
        "partnerships.html",
        visitor,
        status=422 if problem or invite_problem else 200,
        problem=None if problem is None else str(problem),
        invite_problem=None if invite_problem is None else str(invite_problem),
        given=_offer() if given is None else given,
        partnerships=await partnerships.list_partnerships(node),
        waiting=_by_domain(await introductions.list_introductions(node, is_open=True)),
        decided=_by_domain([one for one in introduced if not one.is_open]),
        introducers=await introductions.list_introducers(node),
        policies=_POLICIES,
        reaches=REACHES,
    )


def _by_domain(found: list[Introduction]) -> list[Introduced]:
    """What is said of each node; a decision is about a node, whoever named it."""
    return [Introduced(domain, tuple(said)) for domain, said in groupby(found, key=lambda one: one.domain)]


async def _detail(visitor: SignedIn, view: PartnershipView, refused: Refused | None = None) -> Response:
    partnership, contact = view.partnership, this_node().settings.contact_email or ""
    may = {event.name.lower() for event in possible(partnership)}
    if Side.HERE in partnership.approved or view.fingerprint is None:
        may.discard("approve")
    if view.has_other_keys:
        may.add("approve")
    offered = None if partnership.theirs is None else partnership.theirs.ceilings
    answer = Grant(contact=contact) if offered is None else Grant(ceilings=offered, contact=contact)
    terms = _filled(answer if "accept" in may else partnership.ours)
    return await page(
        "partnership.html",
        visitor,
        status=200 if refused is None else 422,
        refused=refused,
        view=view,
        partnership=partnership,
        may=may,
        given=refused.given if refused is not None and refused.decision in ("accept", "change") else terms,
        reaches=REACHES,
    )


def _offer() -> dict[str, str]:
    """The form of an invitation before anything is entered."""
    contact = this_node().settings.contact_email or ""
    return _filled(Grant(contact=contact)) | {"directory": ""}


def _filled(grant: Grant) -> dict[str, str]:
    """The form about a grant as it is filled for one."""
    ceilings = grant.ceilings
    boxes = {name: "1" for name in ("direct_messages", "media", "directory") if getattr(ceilings, name)}
    return boxes | {
        "largest_reach": ceilings.largest_reach.value,
        "contact": grant.contact,
        "retention": grant.retention,
        "review_at": "" if grant.review_at is None else grant.review_at.date().isoformat(),
    }


def _change(form: Form) -> GrantChange:
    """What the form says about the grant: a box that is not ticked is a no, an empty choice is what is usual."""
    review_at = _day(form.get("review_at", ""))
    try:
        reach = Reach(form["largest_reach"]) if "largest_reach" in form else None
    except ValueError:
        raise Invalid("The reach cannot be read") from None
    return GrantChange(
        largest_reach=reach,
        direct_messages="direct_messages" in form,
        directory=None if form.get("directory") == "" else form.get("directory") == "1",
        media="media" in form,
        contact=form.get("contact", "").strip(),
        retention=form.get("retention", "").strip(),
        review_at=review_at,
        sets_review=True,
    )


def _day(written: str) -> datetime | None:
    """When a day begins, as browsers send it; None for none."""
    try:
        return datetime.fromisoformat(f"{written}T00:00:00+00:00") if written else None
    except ValueError:
        raise Invalid("The day cannot be read") from None
