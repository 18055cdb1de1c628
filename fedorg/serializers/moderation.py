"""What those who look after a node see, and what is told to those concerned.

Spec: Mastodon API, entities/Admin_Account, entities/Admin_Report, entities/AccountWarning.
"""

from typing import TypedDict

from fedorg.domain.accounts import Account
from fedorg.domain.moderation import AccountWarning, AdminAccountView, AdminReportView
from fedorg.serializers.accounts import AccountEntity, RoleEntity, account_entity, role_entity
from fedorg.serializers.instance import RuleEntity, rule_entity
from fedorg.serializers.statuses import StatusEntity, status_entity
from fedorg.serializers.times import moment, optional_moment
from fedorg.uris import Uris


class AdminIpEntity(TypedDict):
    """An address somebody signed in from."""

    ip: str
    used_at: str


class _AdminAccountBase(TypedDict):
    id: str
    username: str
    domain: str | None
    created_at: str
    email: str | None
    ip: str | None
    ips: list[AdminIpEntity]
    locale: str | None
    invite_request: str | None
    role: RoleEntity | None
    confirmed: bool
    approved: bool
    disabled: bool
    sensitized: bool
    silenced: bool
    suspended: bool
    account: AccountEntity


class AdminAccountEntity(_AdminAccountBase, total=False):
    """Mastodon's Admin::Account; ``invited_by_account_id`` is there for those who came by an invite."""

    invited_by_account_id: str


class AdminReportEntity(TypedDict):
    """Mastodon's Admin::Report; ``account`` is null once the one who reported is gone."""

    id: str
    action_taken: bool
    action_taken_at: str | None
    category: str
    comment: str
    forwarded: bool
    created_at: str
    updated_at: str
    account: AdminAccountEntity | None
    target_account: AdminAccountEntity
    assigned_account: AdminAccountEntity | None
    action_taken_by_account: AdminAccountEntity | None
    statuses: list[StatusEntity]
    rules: list[RuleEntity]


class WarningEntity(TypedDict):
    """Mastodon's AccountWarning. Who gave it is not in it (S63)."""

    id: str
    action: str
    text: str
    status_ids: list[str] | None
    target_account: AccountEntity
    appeal: None
    created_at: str


def admin_account_entity(view: AdminAccountView, uris: Uris) -> AdminAccountEntity:
    """An account with its user. Addresses are not kept, so that there are none to show."""
    account, user = view.account, view.user
    entity: AdminAccountEntity = {
        "id": str(account.id),
        "username": account.username,
        "domain": account.domain,
        "created_at": moment(account.created_at),
        "email": None if user is None else user.email or "",
        "ip": None,
        "ips": [],
        "locale": None if user is None else user.locale,
        "invite_request": None if user is None else user.sign_up_reason or None,
        "role": None if user is None else role_entity(user.role),
        "confirmed": user is not None and user.confirmed_at is not None,
        "approved": user is not None and user.approved_at is not None,
        "disabled": user is not None and user.disabled_at is not None,
        "sensitized": account.sensitized_at is not None,
        "silenced": account.silenced_at is not None,
        "suspended": view.is_suspended,
        "account": account_entity(account, uris),
    }
    if view.invited_by is not None:
        entity["invited_by_account_id"] = str(view.invited_by)
    return entity


def admin_report_entity(view: AdminReportView, uris: Uris) -> AdminReportEntity:
    """A report with what was reported, whoever may see that otherwise."""
    report = view.report
    return {
        "id": str(report.id),
        "action_taken": report.resolved_at is not None,
        "action_taken_at": optional_moment(report.resolved_at),
        "category": report.category,
        "comment": report.comment,
        "forwarded": report.forwarded,
        "created_at": moment(report.created_at),
        "updated_at": moment(report.updated_at or report.created_at),
        "account": _optional_account(view.reporter, uris),
        "target_account": admin_account_entity(view.target, uris),
        "assigned_account": _optional_account(view.assigned, uris),
        "action_taken_by_account": _optional_account(view.resolver, uris),
        "statuses": [status_entity(one, uris) for one in view.statuses],
        "rules": [rule_entity(rule) for rule in view.rules],
    }


def warning_entity(warning: AccountWarning, target: Account, uris: Uris) -> WarningEntity:
    """A warning as the one who is warned reads it."""
    return {
        "id": str(warning.id),
        "action": warning.action,
        "text": warning.text,
        "status_ids": None,
        "target_account": account_entity(target, uris),
        "appeal": None,
        "created_at": moment(warning.created_at),
    }


def _optional_account(view: AdminAccountView | None, uris: Uris) -> AdminAccountEntity | None:
    return None if view is None else admin_account_entity(view, uris)
