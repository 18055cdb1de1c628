"""Putting blocks of whole servers into force and lifting them, for accounts that are known here and those to come.

The accounts of a server, and of every one below it, bear the moment of its block as that of their suspension or limit:
so that lifting it undoes that and nothing that a moderator did by hand. They are marked in a job, a little at a time;
one that is met later is marked when it is recorded (``store.accounts.record_remote``).
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from msgspec.structs import replace
from sqlalchemy import Connection

from fedorg.domain.domain_blocks import DomainBlock, Severity
from fedorg.domain.jobs import ApplyStanding, SeverPeer, TellOrganisation
from fedorg.domain.peers import Standing, held_together, lineage
from fedorg.domain.visibility import Tier
from fedorg.errors import Invalid
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.services.partnerships.settling import require_no_contradiction
from fedorg.store import covered_accounts, jobs, peer_rules, peers
from fedorg.store.covered_accounts import Marks

CHUNK: Final = 500


def require_not_own(node: Node, domain: str) -> None:
    """Raise ``Invalid`` for a domain whose block would cover this node."""
    if any(domain in lineage(own) for own in (node.settings.domain, node.settings.web_domain)):
        raise Invalid("Validation failed: Domain is this server's own, or above it")


def impose(conn: Connection, node: Node, block: DomainBlock, before: DomainBlock | None) -> None:
    """Put a block into force, in place of what it was before; with a server that is shut out all follows end."""
    if block.severity is Severity.SUSPEND:
        require_no_contradiction(conn, node, block.domain, Tier.BLOCKED)
    with _organisation_told(conn, node):
        peer_rules.write_block(conn, node.now(), block)
    _mark(conn, node, block.domain, before)
    if block.severity is Severity.SUSPEND and (before is None or before.severity is not Severity.SUSPEND):
        jobs.enqueue(conn, node.ids, node.now(), SeverPeer(domain=block.domain, cause=node.ids.next()))


def lift(conn: Connection, node: Node, block: DomainBlock) -> None:
    """Take a block back: what was hidden is seen again, follows that ended stay ended."""
    with _organisation_told(conn, node):
        peer_rules.delete_block(conn, block.domain)
    _mark(conn, node, block.domain, block)


async def apply(node: Node, job: ApplyStanding) -> ApplyStanding | None:
    """Let some accounts stand as the blocks say now; what is left of the job."""
    # They are looked for among all accounts, which must not keep the writer. None can be missing: whoever records one
    # by the rules of before is waited for by whoever changes them.
    found = await node.read(covered_accounts.list_after, job.domain, job.after, CHUNK)
    if found:
        await node.write(_apply_to, job, found)
    return replace(job, after=found[-1]) if len(found) == CHUNK else None


@contextmanager
def _organisation_told(conn: Connection, node: Node) -> Iterator[None]:
    """Siblings hear of each sibling that is one no more, or is one again, by what is done within."""
    before = set(peers.list_siblings(conn))
    yield
    for name in sorted(before ^ set(peers.list_siblings(conn))):
        jobs.enqueue(conn, node.ids, node.now(), TellOrganisation(domain=name))


def _mark(conn: Connection, node: Node, domain: str, before: DomainBlock | None) -> None:
    lifted_at = None if before is None else before.created_at
    jobs.enqueue(conn, node.ids, node.now(), ApplyStanding(domain=domain, lifted_at=lifted_at))


def _apply_to(conn: Connection, job: ApplyStanding, ids: Collection[AccountId]) -> None:
    peers.hold_rules(conn)
    found = covered_accounts.hold(conn, ids)
    standings = peers.standings(conn, {name for one in found for name in (one.peer, one.domain)})
    changed: defaultdict[Marks, list[AccountId]] = defaultdict(list)
    for one in found:
        wanted = held_together(standings[name] for name in (one.peer, one.domain))
        marks = _marks(one.marks, wanted, job.lifted_at)
        if marks != one.marks:
            changed[marks].append(one.id)
    for marks, alike in changed.items():
        covered_accounts.mark(conn, alike, marks)


def _marks(before: Marks, wanted: Standing, lifted_at: datetime | None) -> Marks:
    """How an account stands from now on: a mark of another moment is a moderator's, or of another block."""
    by_rule = (None, lifted_at)
    return Marks(
        suspended_at=wanted.suspended_at if before.suspended_at in by_rule else before.suspended_at,
        silenced_at=wanted.silenced_at if before.silenced_at in by_rule else before.silenced_at,
        media_rejected=wanted.reject_media,
    )
