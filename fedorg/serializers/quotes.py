"""Quotes and who may make them. Spec: Mastodon API, entities/Quote, ShallowQuote, QuoteApproval."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, TypedDict

from fedorg.domain.policies import Circle, QuoteApproval
from fedorg.domain.statuses import QuoteView

_TOLD: Final = (Circle.PUBLIC, Circle.FOLLOWERS, Circle.FOLLOWING)


class QuoteEntity(TypedDict):
    """Mastodon's Quote: its state, and the quoted status where that is to be seen."""

    state: str
    quoted_status: Mapping[str, object] | None


class ShallowQuoteEntity(TypedDict):
    """Mastodon's ShallowQuote, inside what is quoted itself."""

    state: str
    quoted_status_id: str | None


class QuoteApprovalEntity(TypedDict):
    """Mastodon's QuoteApproval: who may quote, and whether the viewer may."""

    automatic: list[str]
    manual: list[str]
    current_user: str


def quote_entity(view: QuoteView, quoted: Mapping[str, object] | None) -> QuoteEntity:
    """A quote as its viewer sees it; ``quoted`` is the entity of ``view.quoted``."""
    return {"state": view.state.value, "quoted_status": quoted}


def shallow_quote_entity(view: QuoteView) -> ShallowQuoteEntity:
    """A quote inside a quote."""
    quoted_id = None if view.quoted is None else str(view.quoted.status.id)
    return {"state": view.state.value, "quoted_status_id": quoted_id}


@lru_cache(maxsize=256)
def quote_approval_entity(approval: QuoteApproval) -> QuoteApprovalEntity:
    """Who may quote a status. It may be shared: nobody changes it."""
    return {
        "automatic": _words(approval.rule.automatic),
        "manual": _words(approval.rule.manual),
        "current_user": approval.current_user.value,
    }


def _words(named: tuple[str, ...]) -> list[str]:
    """Mastodon's words for circles, and its one word for all it has none for."""
    return list(dict.fromkeys(str(one) if one in _TOLD else "unsupported_policy" for one in named))
