"""Reports, filed: of members about anybody, of peers about accounts of this node. ``moderation.reports`` handles them.

A report of a member stays here unless they ask to forward it; then the home of the reported account hears of it from
the node itself, never from the member (S63). What a peer reports is kept as that peer's word, in a bounded number.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import STAFF, Account, ActorType
from fedorg.domain.jobs import ForwardReport
from fedorg.domain.notifications import NotificationType
from fedorg.domain.reports import Report, ReportCategory, ReportDraft, ReportView
from fedorg.domain.statuses import Status
from fedorg.domain.visibility import FederationMode, Tier
from fedorg.errors import Invalid, NotFound
from fedorg.ids import AccountId, ReportId, StatusId
from fedorg.node import Node
from fedorg.services.statuses.reading import is_visible_to_peer
from fedorg.store import accounts, audit, instance_texts, jobs, notifications, peers, reports, statuses, users, views

COMMENT_MAX: Final = 1000
# Others write longer; what does not fit is cut rather than lost.
PEERS_COMMENT_MAX: Final = 5000
STATUSES_MAX: Final = 100
TARGETS_MAX: Final = 20
OPEN_PER_PEER_MAX: Final = 1000
OPEN_OF_PEERS_MAX: Final = 10_000
"""Of all peers together: one may have any number of names. Those of partners and siblings come nevertheless."""


async def file_report(node: Node, reporter: Account, draft: ReportDraft) -> ReportView:
    """Report an account to those who look after this node, and to its own server where that is wanted.

    ``NotFound`` when there is no such account, or a status is not its own or not visible to the reporter.
    """
    if len(draft.comment) > COMMENT_MAX:
        raise Invalid(f"Validation failed: Comment is too long (maximum is {COMMENT_MAX} characters)")
    if len(draft.status_ids) > STATUSES_MAX:
        raise Invalid(f"Validation failed: Status ids are too many (maximum is {STATUSES_MAX})")

    def unit(conn: Connection) -> ReportView:
        target = accounts.get(conn, draft.target_id)
        if target.suspended_at is not None or (target.is_local and target.actor_type is ActorType.APPLICATION):
            raise NotFound
        check_rules(conn, draft.rule_ids)
        report = _new_report(conn, node, reporter, target, draft)
        _record(conn, node, report, target)
        if report.forwarded:
            jobs.enqueue(conn, node.ids, node.now(), ForwardReport(report_id=report.id))
        return ReportView(report=report, target=target, reporter=reporter)

    return await node.write(unit)


async def receive_report(node: Node, sender: Account, uri: str, objects: Sequence[str], comment: str) -> bool:
    """Keep what an actor of a peer reports; False when it concerns no account of this node, or too many wait.

    ``objects`` are identities of accounts and statuses. Of the statuses each account gets its own, as far as the peer
    may see them; where no account is named, the authors are meant.
    """

    def unit(conn: Connection) -> bool:
        current = accounts.get(conn, sender.id)
        peer = current.peer or ""
        if reports.count_open_of_peer(conn, peer, OPEN_PER_PEER_MAX) >= OPEN_PER_PEER_MAX:
            return False
        if (
            reports.count_open_of_peers(conn, OPEN_OF_PEERS_MAX) >= OPEN_OF_PEERS_MAX
            and peers.tiers(conn, [peer])[peer] is Tier.OPEN
        ):
            return False
        named = _visible_statuses(conn, node, current, objects)
        targets = _targets(conn, node, objects, named)
        for target in targets:
            report = Report(
                id=ReportId(node.ids.next()),
                uri=uri,
                account_id=current.id,
                peer=peer,
                target_account_id=target.id,
                status_ids=tuple(named.get(target.id, ())),
                comment=comment.strip()[:PEERS_COMMENT_MAX],
                category=ReportCategory.OTHER,
                forwarded=False,
                created_at=node.now(),
            )
            _record(conn, node, report, target)
        return bool(targets)

    return await node.write(unit)


async def get(node: Node, report_id: ReportId) -> tuple[ReportView, list[str]]:
    """One report, and the identities of the statuses it names that still exist."""

    def unit(conn: Connection) -> tuple[ReportView, list[str]]:
        report = reports.get(conn, report_id)
        return reports.views(conn, [report])[0], reports.status_uris(conn, report.status_ids)

    return await node.read(unit)


def _new_report(conn: Connection, node: Node, reporter: Account, target: Account, draft: ReportDraft) -> Report:
    number = ReportId(node.ids.next())
    return Report(
        id=number,
        uri=node.uris.activity(node.uris.node_actor, "report", number),
        account_id=reporter.id,
        peer=None,
        target_account_id=target.id,
        status_ids=_own_statuses(conn, node, reporter, target, draft.status_ids),
        comment=draft.comment.strip(),
        category=draft.category,
        rule_ids=draft.rule_ids,
        forwarded=draft.wants_forwarding and _may_forward(conn, node, target, draft.forward_to),
        created_at=node.now(),
    )


def check_rules(conn: Connection, rule_ids: Collection[int]) -> None:
    """``Invalid`` unless each of them is a rule of the node."""
    if rule_ids and not {*rule_ids} <= {rule.id for rule in instance_texts.list_rules(conn)}:
        raise Invalid("Validation failed: Rule ids does not reference valid rules")


def _own_statuses(
    conn: Connection, node: Node, reporter: Account, target: Account, ids: Collection[StatusId]
) -> tuple[StatusId, ...]:
    wanted = sorted(set(ids))
    found = [view for view in views.load_views(conn, node.now(), reporter.id, wanted) if view.account.id == target.id]
    if len(found) < len(wanted):
        raise NotFound
    return tuple(view.status.id for view in found)


def _may_forward(conn: Connection, node: Node, target: Account, forward_to: Collection[str]) -> bool:
    """Whether the home of an account is another server that this node speaks with, and the one that is meant."""
    if target.peer is None:
        return False
    wanted = {name.strip().lower() for name in forward_to if name.strip()}
    if wanted and wanted.isdisjoint({target.peer, target.domain}):
        return False
    standing = peers.standings(conn, [target.peer])[target.peer]
    return standing.is_admitted(FederationMode(node.settings.federation_mode))


def _visible_statuses(
    conn: Connection, node: Node, sender: Account, objects: Sequence[str]
) -> dict[AccountId, list[StatusId]]:
    """The statuses of this node among ``objects`` that the sender's server may see, by their authors."""
    named: defaultdict[AccountId, list[StatusId]] = defaultdict(list)
    for uri in dict.fromkeys(objects[:STATUSES_MAX]):
        status = statuses.find_by_uri(conn, uri) if node.uris.is_ours(uri) else None
        if status is not None and _is_known_to(conn, status, sender):
            named[status.account_id].append(status.id)
    return named


def _is_known_to(conn: Connection, status: Status, sender: Account) -> bool:
    """Whether the sender's server may see a status: for itself, or for an account of its own that the status names.

    Servers report as themselves what somebody there reported to them.
    """
    named = accounts.list_by_ids(conn, list(statuses.mentioned_ids(conn, status.id))).values()
    askers = [sender.uri, *(account.uri for account in named if account.peer == sender.peer)]
    return any(is_visible_to_peer(conn, status, sender.peer or "", uri) for uri in askers)


def _targets(conn: Connection, node: Node, objects: Sequence[str], named: Collection[AccountId]) -> list[Account]:
    uris = [uri for uri in dict.fromkeys(objects) if node.uris.username_of(uri) is not None][:TARGETS_MAX]
    found = [account for uri in uris if (account := accounts.find_by_uri(conn, uri)) is not None]
    if not found:
        found = list(accounts.list_by_ids(conn, sorted(named)[:TARGETS_MAX]).values())
    return [account for account in found if account.is_local and account.suspended_at is None]


def _record(conn: Connection, node: Node, report: Report, target: Account) -> None:
    """Keep a report that is new and tell those who look after the node."""
    if not reports.insert(conn, report):
        return
    audit.record(
        conn,
        node.ids,
        node.now(),
        action="report.created",
        target=target.acct,
        account_id=report.account_id,
        details={"report": str(report.id), "category": report.category.value},
    )
    if report.account_id is not None:
        notifications.notify_staff(
            conn,
            node.ids,
            node.now(),
            users.list_accounts_with_roles(conn, STAFF),
            type_=NotificationType.ADMIN_REPORT,
            by=report.account_id,
            origin=report.id,
        )
