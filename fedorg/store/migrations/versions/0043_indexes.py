"""Indexes for what was found by walking whole tables: ends of accounts, the directory, beginnings of hashtags."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

# Without one, every deleted account, user, program or invite is looked for in the whole table.
_FOREIGN_KEYS = (
    ("account_notes", "target_id"),
    ("activities", "account_id"),
    ("authorization_codes", "account_id"),
    ("authorization_codes", "application_id"),
    ("authorization_codes", "user_id"),
    ("mutes", "target_id"),
    ("sign_in_links", "user_id"),
    ("tokens", "account_id"),
    ("users", "account_id"),
    ("users", "invite_id"),
)
_ACTIVE = (sa.text("coalesce(last_status_at, 0) DESC"), "acct_key")
_NEW = (sa.text("created_at DESC"), "acct_key")


def upgrade() -> None:
    """Indexes, and on PostgreSQL the order of bytes for hashtags: in another one none is found by its beginning."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE tags ALTER COLUMN name TYPE text COLLATE "C"')
    for table, column in _FOREIGN_KEYS:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    op.create_index("ix_home_timeline_by", "home_timeline", ["author_id"])
    op.create_index("ix_status_edits_account", "status_edits", ["account_id"])
    _partial("ix_statuses_application", "statuses", ("application_id",), "application_id IS NOT NULL")
    _partial("ix_accounts_domain", "accounts", ("domain",), "domain IS NOT NULL")
    op.create_index("ix_accounts_delivery_inbox", "accounts", [sa.text("coalesce(shared_inbox, inbox)")])
    _partial("ix_accounts_suspended", "accounts", ("id",), "suspended_at IS NOT NULL")
    _partial("ix_accounts_fetched", "accounts", ("fetched_at",), "domain IS NOT NULL")
    findable = "discoverable" if op.get_bind().dialect.name == "postgresql" else "discoverable = 1"
    for suffix, where in (("", findable), ("_here", f"{findable} AND domain IS NULL")):
        _partial(f"ix_accounts_active{suffix}", "accounts", _ACTIVE, where)
        _partial(f"ix_accounts_new{suffix}", "accounts", _NEW, where)
    popular = (sa.text("followers_count DESC"), "id")
    _partial("ix_accounts_popular_here", "accounts", popular, f"{findable} AND domain IS NULL")


def _partial(name: str, table: str, columns: tuple[str | sa.TextClause, ...], where: str) -> None:
    op.create_index(name, table, list(columns), sqlite_where=sa.text(where), postgresql_where=sa.text(where))
