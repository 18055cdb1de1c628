"""What was agreed with other nodes, for administrators: the same facts for clients and for the command line."""

from typing import TypedDict

from fedorg.domain.ceilings import Ceilings
from fedorg.domain.partnerships import Grant, Partnership, PartnershipView, Plan, Side
from fedorg.serializers.times import moment, optional_moment


class CeilingsEntity(TypedDict):
    """How much may pass."""

    largest_reach: str
    direct_messages: bool
    directory: bool
    media: bool


class GrantEntity(CeilingsEntity):
    """What one side brings in."""

    contact: str
    retention: str
    review_at: str | None


class PlanEntity(TypedDict):
    """A suspension that is told of before."""

    at: str
    reason: str


class PartnershipEntity(TypedDict):
    """A partnership; ``in_force`` is what may pass now, ``fingerprint`` null in a list."""

    id: str
    domain: str
    tier: str
    state: str
    invited_by: str
    introduced_by: list[str]
    note: str
    reason: str
    ours: GrantEntity
    theirs: GrantEntity | None
    in_force: CeilingsEntity
    approved_here: bool
    approved_there: bool
    suspended_here: bool
    suspended_there: bool
    planned_here: PlanEntity | None
    planned_there: PlanEntity | None
    fingerprint: str | None
    keys_changed: bool
    created_at: str
    updated_at: str
    expires_at: str | None
    active_since: str | None
    purge_asked: int
    purge_unconfirmed: int


def partnership_entity(partnership: Partnership, view: PartnershipView | None = None) -> PartnershipEntity:
    """A partnership, with what stands beside it where it is shown alone."""
    return {
        "id": str(partnership.id),
        "domain": partnership.domain,
        "tier": partnership.tier.value,
        "state": partnership.state.value,
        "invited_by": (Side.HERE if partnership.is_inviter else Side.THERE).value,
        "introduced_by": [] if view is None else list(view.introduced_by),
        "note": partnership.note,
        "reason": partnership.reason,
        "ours": _grant(partnership.ours),
        "theirs": None if partnership.theirs is None else _grant(partnership.theirs),
        "in_force": ceilings_entity(partnership.in_force),
        "approved_here": Side.HERE in partnership.approved,
        "approved_there": Side.THERE in partnership.approved,
        "suspended_here": Side.HERE in partnership.suspended,
        "suspended_there": Side.THERE in partnership.suspended,
        "planned_here": _plan(partnership.planned.get(Side.HERE)),
        "planned_there": _plan(partnership.planned.get(Side.THERE)),
        "fingerprint": None if view is None else view.fingerprint,
        "keys_changed": view is not None and view.has_other_keys,
        "created_at": moment(partnership.created_at),
        "updated_at": moment(partnership.updated_at),
        "expires_at": moment(partnership.expires_at) if partnership.state.is_pending else None,
        "active_since": optional_moment(partnership.active_since),
        "purge_asked": partnership.purge_asked,
        "purge_unconfirmed": 0 if view is None else view.purge_open,
    }


def ceilings_entity(ceilings: Ceilings) -> CeilingsEntity:
    """How much may pass."""
    return {
        "largest_reach": ceilings.largest_reach.value,
        "direct_messages": ceilings.direct_messages,
        "directory": ceilings.directory,
        "media": ceilings.media,
    }


def _plan(plan: Plan | None) -> PlanEntity | None:
    return None if plan is None else {"at": moment(plan.at), "reason": plan.reason}


def _grant(grant: Grant) -> GrantEntity:
    return {
        **ceilings_entity(grant.ceilings),
        "contact": grant.contact,
        "retention": grant.retention,
        "review_at": optional_moment(grant.review_at),
    }
