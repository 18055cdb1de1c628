"""Reports: somebody tells those who look after a node about an account."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fedorg.domain.accounts import Account
from fedorg.ids import AccountId, ReportId, StatusId, UserId


class ReportCategory(StrEnum):
    """Mastodon's reasons for a report."""

    SPAM = "spam"
    LEGAL = "legal"
    VIOLATION = "violation"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report about one account; unique by (``uri``, target), so that telling twice is telling once.

    ``account_id`` is who reported: a member, or the actor that a peer reports with; None once that account is gone.
    ``peer`` is the server it came from, None for ours. ``comment`` is plain text. ``resolved_by`` is the user who
    closed it, None from the command line; ``assigned_to`` the one who looks into it. ``rule_ids`` are rules of this
    node.
    """

    id: ReportId
    uri: str
    account_id: AccountId | None
    peer: str | None
    target_account_id: AccountId
    status_ids: tuple[StatusId, ...]
    comment: str
    category: ReportCategory
    forwarded: bool
    created_at: datetime
    resolved_at: datetime | None = None
    resolved_by: UserId | None = None
    rule_ids: tuple[int, ...] = ()
    assigned_to: UserId | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDraft:
    """What a member reports; ``forward_to`` None means the home of the reported account, if they want to forward."""

    target_id: AccountId
    status_ids: tuple[StatusId, ...] = ()
    comment: str = ""
    category: ReportCategory = ReportCategory.OTHER
    wants_forwarding: bool = False
    forward_to: tuple[str, ...] = ()
    rule_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """A report with the accounts it speaks of; ``reporter`` None once that account is gone."""

    report: Report
    target: Account
    reporter: Account | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuery:
    """Which reports are asked for; None does not matter."""

    is_resolved: bool | None = None
    account_id: AccountId | None = None
    target_account_id: AccountId | None = None
    target_domain: str | None = None
