"""What authors let others do, between its spelling on the wire and ours (FEP-044f, GoToSocial's interaction policies).

What we say is never wider than whom the status is addressed to. What we are told is reduced to what can concern
somebody here: circles around the author, and accounts of this node.
"""

from collections.abc import Collection
from typing import Final

from federation import vocabulary
from federation.audience import Addressing
from federation.objects import InteractionPolicy, InteractionRule
from fedorg.domain import policies
from fedorg.domain.accounts import Account
from fedorg.domain.policies import Circle, QuotePolicy, effective_quote_policy
from fedorg.domain.statuses import Status
from fedorg.uris import Uris

NAMED_MAX: Final = 50


def read(
    policy: InteractionPolicy | None, author: Account, rings: Collection[str], uris: Uris
) -> policies.InteractionPolicy | None:
    """What the author of a peer's note lets others do; ``rings`` are the audience collections the author may name."""
    if policy is None:
        return None

    def rule(told: InteractionRule | None) -> policies.Rule | None:
        if told is None:
            return None
        return policies.Rule(automatic=circles(told.automatic), manual=circles(told.manual))

    def circles(named: tuple[str, ...]) -> tuple[str, ...]:
        found = dict.fromkeys(circle(uri) for uri in named if uri != author.uri)
        return tuple(str(one) for one in found)[:NAMED_MAX]

    def circle(uri: str) -> str:
        # Whoever has a status of a limited reach lies inside it.
        if uri == vocabulary.PUBLIC or uri in rings:
            return Circle.PUBLIC
        known = {author.followers_uri: Circle.FOLLOWERS, author.following_uri: Circle.FOLLOWING}
        if uri in known:
            return known[uri]
        return uri if uris.username_of(uri) is not None else Circle.OTHERS

    return policies.InteractionPolicy(
        quote=rule(policy.can_quote),
        reply=rule(policy.can_reply),
        favourite=rule(policy.can_like),
        reblog=rule(policy.can_announce),
    )


def of_local(status: Status, author: Account, addressing: Addressing, uris: Uris) -> InteractionPolicy:
    """What a local status tells others that they may do."""
    addressed = tuple(dict.fromkeys((*addressing.to, *addressing.cc)))
    reach = status.audience.reach
    acting = (vocabulary.PUBLIC,) if vocabulary.PUBLIC in addressed else addressed
    # The ring's own software keeps what is boosted and quoted within the ring; to others it is nobody they know.
    ring = uris.audience_of(status.reach_domain, reach) if status.reach_domain else uris.audience(reach)
    spreading = tuple(uri for uri in (vocabulary.PUBLIC, ring) if uri in addressed)
    return InteractionPolicy(
        can_quote=InteractionRule(automatic=_quoting(status, author, spreading)),
        can_reply=InteractionRule(automatic=acting or (author.uri,)),
        can_like=InteractionRule(automatic=acting or (author.uri,)),
        can_announce=InteractionRule(automatic=spreading or (author.uri,)),
    )


def _quoting(status: Status, author: Account, spreading: tuple[str, ...]) -> tuple[str, ...]:
    """An empty list would read as no policy at all: the author alone stands for nobody."""
    policy = effective_quote_policy(status.quote_policy or QuotePolicy.NOBODY, status.audience.visibility)
    if policy is QuotePolicy.FOLLOWERS:
        return (author.followers_uri,)
    return spreading if policy is QuotePolicy.PUBLIC and spreading else (author.uri,)
