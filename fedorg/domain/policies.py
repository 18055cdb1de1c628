"""What an author lets others do with a status: quote, answer, favourite, boost (FEP-044f, GoToSocial's policies).

A rule names circles around the author, or single accounts, and says whether what they do counts at once or after the
author's consent. It is a hint for clients and a courtesy of this node; what counts for a quote is the stamp of the
quoted author (S52). Who may see a status at all is not decided here but in ``domain.visibility``.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import assert_never

from fedorg.domain.visibility import Audience, Visibility


class QuotePolicy(StrEnum):
    """Who may quote a status of this node: Mastodon's words."""

    PUBLIC = "public"
    FOLLOWERS = "followers"
    NOBODY = "nobody"


class Circle(StrEnum):
    """A group around an author; ``OTHERS`` stands for groups and accounts of which nobody here can be one."""

    PUBLIC = "public"
    FOLLOWERS = "followers"
    FOLLOWING = "following"
    OTHERS = "others"


class Action(StrEnum):
    """What a policy speaks of beside quotes."""

    REPLY = "reply"
    FAVOURITE = "favourite"
    REBLOG = "reblog"


class Approval(StrEnum):
    """What becomes of what somebody does: Mastodon's words in ``QuoteApproval``."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    DENIED = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Who may do one thing at once, and who after asking: circles, and identities of accounts of this node."""

    automatic: tuple[str, ...] = ()
    manual: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionPolicy:
    """The rules of a remote status; None where its author said nothing."""

    quote: Rule | None = None
    reply: Rule | None = None
    favourite: Rule | None = None
    reblog: Rule | None = None

    def rule_for(self, action: Action) -> Rule | None:
        """Who may do a thing."""
        rules = {Action.REPLY: self.reply, Action.FAVOURITE: self.favourite, Action.REBLOG: self.reblog}
        return rules[action]


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Somebody who wants to do something with a status, and what they are to its author."""

    uri: str = ""
    is_author: bool = False
    is_mentioned: bool = False
    follows_author: bool = False
    is_followed: bool = False
    is_blocked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteApproval:
    """Who may quote a status, and what that means for one viewer."""

    rule: Rule
    current_user: Approval


@cache
def rule_of(policy: QuotePolicy) -> Rule:
    """The rule that a quote policy of this node means."""
    match policy:
        case QuotePolicy.PUBLIC:
            return Rule(automatic=(Circle.PUBLIC,))
        case QuotePolicy.FOLLOWERS:
            return Rule(automatic=(Circle.FOLLOWERS,))
        case QuotePolicy.NOBODY:
            return Rule()
        case _:
            assert_never(policy)


def effective_quote_policy(policy: QuotePolicy, visibility: Visibility) -> QuotePolicy:
    """What a policy comes to: what is not for everybody is quoted by nobody but its author."""
    return policy if visibility in (Visibility.PUBLIC, Visibility.UNLISTED) else QuotePolicy.NOBODY


def may_quote(audience: Audience, rule: Rule | None, party: Party | None) -> Approval:
    """What becomes of a quote by ``party`` (None: a visitor) of a status it may see.

    A direct status is quoted by nobody, a private one by its author only, and without a rule by its author only.
    """
    if party is None or party.is_blocked or audience.visibility is Visibility.DIRECT:
        return Approval.DENIED
    if party.is_author:
        return Approval.AUTOMATIC
    if rule is None or audience.visibility is Visibility.PRIVATE:
        return Approval.DENIED
    return ask(rule, party)


def ask(rule: Rule, party: Party) -> Approval:
    """What a rule says of somebody; the author may do everything."""
    if party.is_author or _names(rule.automatic, party):
        return Approval.AUTOMATIC
    if _names(rule.manual, party):
        return Approval.MANUAL
    return Approval.UNKNOWN if Circle.OTHERS in (*rule.automatic, *rule.manual) else Approval.DENIED


def _names(named: tuple[str, ...], party: Party) -> bool:
    return (
        Circle.PUBLIC in named
        or (party.follows_author and Circle.FOLLOWERS in named)
        or (party.is_followed and Circle.FOLLOWING in named)
        or party.uri in named
    )
