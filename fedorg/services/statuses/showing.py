"""What somebody on another server may see of many statuses, in a fixed number of queries.

What lies in another node's ring is shown to that node and to peers with an addressee only: our own partners are not
theirs (blueprint §4).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from fedorg.domain.askers import Asker
from fedorg.domain.statuses import Status
from fedorg.domain.visibility import Anonymous, PeerViewer, Reach, may_see
from fedorg.ids import AccountId, StatusId
from fedorg.store import peer_views


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the asker is to the statuses and their authors."""

    asker: Asker
    followed: frozenset[AccountId]
    blocked: frozenset[AccountId]
    named: dict[StatusId, frozenset[AccountId]]
    named_peers: dict[StatusId, frozenset[str]]

    def may_see(self, status: Status) -> bool:
        is_author = self.asker.account_id is not None and self.asker.account_id == status.account_id
        if not is_author and not self._is_in_ring(status):
            return False
        viewer = PeerViewer(
            domain=self.asker.domain,
            tier=self.asker.tier,
            largest=self.asker.ceilings.largest_reach,
            takes_direct=self.asker.ceilings.direct_messages,
            hosts_follower=status.account_id in self.followed,
            is_addressee=self.asker.account_id in self.named.get(status.id, ()),
            is_author=is_author,
            is_blocked=status.account_id in self.blocked,
        )
        return may_see(status.audience, viewer)

    def _is_in_ring(self, status: Status) -> bool:
        if status.reach_domain is None or status.audience.reach is Reach.PUBLIC:
            return True
        return self.asker.domain in {status.reach_domain, *self.named_peers.get(status.id, ())}


def list_visible(conn: Connection, asker: Asker | None, found: Sequence[Status]) -> list[Status]:
    """Those of the statuses that the asker may see, in their order; None is somebody who proves nothing."""
    if asker is None:
        return [status for status in found if may_see(status.audience, Anonymous())]
    if not found:
        return []
    authors = {status.account_id for status in found}
    mentioned = peer_views.list_mentioned(conn, [status.id for status in found])
    facts = _Facts(
        asker=asker,
        followed=peer_views.list_followed_from(conn, asker.domain, authors),
        blocked=frozenset()
        if asker.account_id is None
        else peer_views.list_blocked_with(conn, asker.account_id, authors),
        named={status_id: frozenset(one.account_id for one in named) for status_id, named in mentioned.items()},
        named_peers={
            status_id: frozenset(one.peer for one in named if one.peer is not None)
            for status_id, named in mentioned.items()
        },
    )
    return [status for status in found if facts.may_see(status)]
