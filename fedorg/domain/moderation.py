"""Looking after a node: who may do what, and what is done to accounts.

Two things are needed for every operation: a token with its scope, and a user with its role (S46). ``ACCESS`` is the
one table of both. Beyond that nobody acts on an account whose user has the same role or a higher one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from fedorg.domain.accounts import Account, User, UserRole
from fedorg.domain.instance import Rule
from fedorg.domain.reports import Report
from fedorg.domain.statuses import StatusView
from fedorg.ids import AccountId, ReportId, UserId, WarningId


class Operation(StrEnum):
    """What can be done over the client API by those who look after a node."""

    READ_ACCOUNTS = "read accounts"
    ACT_ON_ACCOUNTS = "act on accounts"
    DELETE_ACCOUNTS = "delete accounts"
    READ_REPORTS = "read reports"
    HANDLE_REPORTS = "handle reports"
    READ_MEASURES = "read measures"
    READ_EMAIL_DOMAIN_BLOCKS = "read email domain blocks"
    WRITE_EMAIL_DOMAIN_BLOCKS = "write email domain blocks"
    READ_CANONICAL_EMAIL_BLOCKS = "read canonical email blocks"
    WRITE_CANONICAL_EMAIL_BLOCKS = "write canonical email blocks"
    READ_IP_BLOCKS = "read ip blocks"
    WRITE_IP_BLOCKS = "write ip blocks"
    READ_DOMAIN_BLOCKS = "read domain blocks"
    WRITE_DOMAIN_BLOCKS = "write domain blocks"
    READ_DOMAIN_ALLOWS = "read domain allows"
    WRITE_DOMAIN_ALLOWS = "write domain allows"
    READ_TRENDS = "read trends and hashtags"
    REVIEW_TRENDS = "review trends and hashtags"
    READ_PARTNERSHIPS = "read partnerships"
    WRITE_PARTNERSHIPS = "write partnerships"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What an operation asks for: the scope of the token and the least role of its user."""

    scope: str
    role: UserRole


ACCESS: Final[Mapping[Operation, Access]] = {
    Operation.READ_ACCOUNTS: Access(scope="admin:read:accounts", role=UserRole.MODERATOR),
    Operation.ACT_ON_ACCOUNTS: Access(scope="admin:write:accounts", role=UserRole.MODERATOR),
    Operation.DELETE_ACCOUNTS: Access(scope="admin:write:accounts", role=UserRole.ADMIN),
    Operation.READ_REPORTS: Access(scope="admin:read:reports", role=UserRole.MODERATOR),
    Operation.HANDLE_REPORTS: Access(scope="admin:write:reports", role=UserRole.MODERATOR),
    Operation.READ_MEASURES: Access(scope="admin:read", role=UserRole.MODERATOR),
    Operation.READ_EMAIL_DOMAIN_BLOCKS: Access(scope="admin:read:email_domain_blocks", role=UserRole.ADMIN),
    Operation.WRITE_EMAIL_DOMAIN_BLOCKS: Access(scope="admin:write:email_domain_blocks", role=UserRole.ADMIN),
    Operation.READ_CANONICAL_EMAIL_BLOCKS: Access(scope="admin:read:canonical_email_blocks", role=UserRole.ADMIN),
    Operation.WRITE_CANONICAL_EMAIL_BLOCKS: Access(scope="admin:write:canonical_email_blocks", role=UserRole.ADMIN),
    Operation.READ_IP_BLOCKS: Access(scope="admin:read:ip_blocks", role=UserRole.ADMIN),
    Operation.WRITE_IP_BLOCKS: Access(scope="admin:write:ip_blocks", role=UserRole.ADMIN),
    Operation.READ_DOMAIN_BLOCKS: Access(scope="admin:read:domain_blocks", role=UserRole.ADMIN),
    Operation.WRITE_DOMAIN_BLOCKS: Access(scope="admin:write:domain_blocks", role=UserRole.ADMIN),
    Operation.READ_DOMAIN_ALLOWS: Access(scope="admin:read:domain_allows", role=UserRole.ADMIN),
    Operation.WRITE_DOMAIN_ALLOWS: Access(scope="admin:write:domain_allows", role=UserRole.ADMIN),
    Operation.READ_TRENDS: Access(scope="admin:read", role=UserRole.MODERATOR),
    Operation.REVIEW_TRENDS: Access(scope="admin:write", role=UserRole.MODERATOR),
    Operation.READ_PARTNERSHIPS: Access(scope="admin:read", role=UserRole.ADMIN),
    Operation.WRITE_PARTNERSHIPS: Access(scope="admin:write", role=UserRole.ADMIN),
}


class WarningAction(StrEnum):
    """What is done to an account; ``none`` is a warning and nothing else."""

    NONE = "none"
    DISABLE = "disable"
    SENSITIVE = "sensitive"
    SILENCE = "silence"
    SUSPEND = "suspend"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountWarning:
    """A strike. ``user_id`` is who gave it, for the node's own records: those concerned never see it (S63)."""

    id: WarningId
    target_account_id: AccountId
    action: WarningAction
    text: str
    report_id: ReportId | None
    user_id: UserId | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAction:
    """What somebody wants to do to an account, and say about it. ``tells``: the account is notified."""

    action: WarningAction
    text: str = ""
    report_id: ReportId | None = None
    tells: bool = True


class AccountStatus(StrEnum):
    """How an account stands, as the list of accounts is filtered by."""

    ACTIVE = "active"
    PENDING = "pending"
    DISABLED = "disabled"
    SILENCED = "silenced"
    SUSPENDED = "suspended"
    SENSITIZED = "sensitized"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountQuery:
    """Which accounts are asked for; what is empty or None does not matter. Names are beginnings of names."""

    is_local: bool | None = None
    statuses: frozenset[AccountStatus] = frozenset()
    roles: frozenset[UserRole] | None = None
    invited_by: AccountId | None = None
    username: str = ""
    display_name: str = ""
    domain: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminAccountView:
    """An account as those who look after the node see it; ``user`` None for accounts nobody signs in for here."""

    account: Account
    user: User | None
    invited_by: AccountId | None

    @property
    def is_suspended(self) -> bool:
        """Whether it was suspended; somebody who waits for approval, or did not confirm, is only not in yet."""
        is_waiting = self.user is not None and None in (self.user.approved_at, self.user.confirmed_at)
        return self.account.suspended_at is not None and not (is_waiting and self.account.is_unopened)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminReportView:
    """A report with all that those who look after the node see of it.

    ``reporter`` is None once that account is gone. ``statuses`` are those reported that are still there.
    """

    report: Report
    target: AdminAccountView
    reporter: AdminAccountView | None
    assigned: AdminAccountView | None
    resolver: AdminAccountView | None
    statuses: tuple[StatusView, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """Who did what to whom; ``by`` None for the command line and the node itself, or somebody who left."""

    id: int
    action: str
    by: str | None
    target: str
    details: Mapping[str, str]
    created_at: datetime


def user_id_of(by: User | None) -> UserId | None:
    """Who is written down as having done something; None for the command line."""
    return None if by is None else by.id


def may(role: UserRole, operation: Operation) -> bool:
    """Whether a user of a role may do something at all."""
    return role.rank >= ACCESS[operation].role.rank


def may_act_on(role: UserRole, target: UserRole) -> bool:
    """Whether a user of one role may act on one of another."""
    return role.rank > target.rank
