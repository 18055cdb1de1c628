"""What people follow, recommend and shut out beside single accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Followed hashtags, endorsements, servers shut out, suggestions put aside."""
    op.create_table(
        "endorsements",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        _account("account_id"),
        _account("target_id"),
        sa.Column("follow_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        _to("accounts", "account_id", table="endorsements"),
        _to("accounts", "target_id", table="endorsements"),
        _to("follows", "follow_id", table="endorsements"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endorsements")),
        sa.UniqueConstraint("account_id", "target_id", name=op.f("uq_endorsements_account_id_target_id")),
    )
    op.create_index("ix_endorsements_target", "endorsements", ["target_id"])
    op.create_index("ix_endorsements_follow", "endorsements", ["follow_id"])
    op.create_table(
        "account_domain_blocks",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        _account("account_id"),
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        _to("accounts", "account_id", table="account_domain_blocks"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_domain_blocks")),
        sa.UniqueConstraint("account_id", "domain", name=op.f("uq_account_domain_blocks_account_id_domain")),
    )
    op.create_table(
        "dismissed_suggestions",
        _account("account_id"),
        _account("target_id"),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        _to("accounts", "account_id", table="dismissed_suggestions"),
        _to("accounts", "target_id", table="dismissed_suggestions"),
        sa.PrimaryKeyConstraint("account_id", "target_id", name=op.f("pk_dismissed_suggestions")),
    )
    op.create_index("ix_dismissed_suggestions_target", "dismissed_suggestions", ["target_id"])
    op.create_table(
        "tag_follows",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        _account("account_id"),
        sa.Column("tag_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        _to("accounts", "account_id", table="tag_follows"),
        _to("tags", "tag_id", table="tag_follows"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_follows")),
        sa.UniqueConstraint("account_id", "tag_id", name=op.f("uq_tag_follows_account_id_tag_id")),
    )
    op.create_index("ix_tag_follows_tag", "tag_follows", ["tag_id", "account_id"])


def _account(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _to(target: str, column: str, *, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE")
