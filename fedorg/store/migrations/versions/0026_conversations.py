"""Conversations, muted threads, and from whom somebody wants to hear."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing waits and nothing is muted; conversations begin with what is said from now on."""
    op.add_column("notifications", sa.Column("filtered", sa.Boolean, server_default=sa.false(), nullable=False))
    _create_policies()
    _create_requests()
    op.create_table(
        "thread_mutes",
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("thread_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        _account_key("thread_mutes", "account_id"),
        sa.PrimaryKeyConstraint("account_id", "thread_id", name=op.f("pk_thread_mutes")),
    )
    op.create_index(op.f("ix_thread_mutes_thread_id"), "thread_mutes", ["thread_id"])
    op.create_index(op.f("ix_thread_mutes_created_at"), "thread_mutes", ["created_at"])
    _create_conversations()


def _create_policies() -> None:
    senders = ("not_following", "not_followers", "new_accounts", "private_mentions", "limited_accounts", "bots")
    op.create_table(
        "notification_policies",
        sa.Column("account_id", sa.BigInteger, nullable=False),
        *(sa.Column(f"for_{name}", sa.String(length=16), nullable=False) for name in senders),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        _account_key("notification_policies", "account_id"),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_notification_policies")),
    )
    op.create_table(
        "notification_permissions",
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("from_account_id", sa.BigInteger, nullable=False),
        sa.Column("is_merging", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        _account_key("notification_permissions", "account_id"),
        _account_key("notification_permissions", "from_account_id"),
        sa.PrimaryKeyConstraint("account_id", "from_account_id", name=op.f("pk_notification_permissions")),
    )
    op.create_index("ix_notification_permissions_from", "notification_permissions", ["from_account_id"])


def _create_requests() -> None:
    op.create_table(
        "notification_requests",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("from_account_id", sa.BigInteger, nullable=False),
        sa.Column("last_status_id", sa.BigInteger, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        _account_key("notification_requests", "account_id"),
        _account_key("notification_requests", "from_account_id"),
        sa.ForeignKeyConstraint(
            ["last_status_id"],
            ["statuses.id"],
            name=op.f("fk_notification_requests_last_status_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_requests")),
        sa.UniqueConstraint(
            "account_id", "from_account_id", name=op.f("uq_notification_requests_account_id_from_account_id")
        ),
    )
    op.create_index("ix_notification_requests_from", "notification_requests", ["from_account_id"])
    op.create_index("ix_notification_requests_status", "notification_requests", ["last_status_id"])


def _create_conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("thread_id", sa.BigInteger, nullable=False),
        sa.Column("participants", sa.JSON, nullable=False),
        sa.Column("participants_key", sa.String(length=64), nullable=False),
        sa.Column("last_status_id", sa.BigInteger, nullable=False),
        sa.Column("unread", sa.Boolean, server_default=sa.false(), nullable=False),
        _account_key("conversations", "account_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sa.UniqueConstraint(
            "account_id",
            "thread_id",
            "participants_key",
            name=op.f("uq_conversations_account_id_thread_id_participants_key"),
        ),
    )
    op.create_index("ix_conversations_account", "conversations", ["account_id", "last_status_id"])
    op.create_index(op.f("ix_conversations_thread_id"), "conversations", ["thread_id"])
    op.create_table(
        "conversation_statuses",
        sa.Column("conversation_id", sa.BigInteger, nullable=False),
        sa.Column("status_id", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_conversation_statuses_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["status_id"], ["statuses.id"], name=op.f("fk_conversation_statuses_status_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("conversation_id", "status_id", name=op.f("pk_conversation_statuses")),
    )
    op.create_index("ix_conversation_statuses_status", "conversation_statuses", ["status_id"])


def _account_key(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["accounts.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE")
