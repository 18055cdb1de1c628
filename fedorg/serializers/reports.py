"""Report entities. Spec: Mastodon API, entities/Report."""

from typing import TypedDict

from fedorg.domain.reports import ReportView
from fedorg.serializers.accounts import AccountEntity, account_entity
from fedorg.serializers.times import moment, optional_moment
from fedorg.uris import Uris


class ReportEntity(TypedDict):
    """Mastodon's Report."""

    id: str
    action_taken: bool
    action_taken_at: str | None
    category: str
    comment: str
    forwarded: bool
    created_at: str
    status_ids: list[str]
    rule_ids: list[str]
    collection_ids: list[str]
    target_account: AccountEntity


def report_entity(view: ReportView, uris: Uris) -> ReportEntity:
    """A report as the one who made it, and those who look after the node, see it."""
    report = view.report
    return {
        "id": str(report.id),
        "action_taken": report.resolved_at is not None,
        "action_taken_at": optional_moment(report.resolved_at),
        "category": report.category,
        "comment": report.comment,
        "forwarded": report.forwarded,
        "created_at": moment(report.created_at),
        "status_ids": [str(number) for number in report.status_ids],
        "rule_ids": [str(number) for number in report.rule_ids],
        "collection_ids": [],
        "target_account": account_entity(view.target, uris),
    }
