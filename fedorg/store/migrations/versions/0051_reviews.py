"""What those who look after the node say of hashtags, statuses, links and their publishers."""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables and a few columns; whatever is here already may trend, be found and be used."""
    op.add_column("tags", sa.Column("trendable", sa.Boolean, nullable=True))
    for name in ("listable", "usable"):
        op.add_column("tags", sa.Column(name, sa.Boolean, server_default=sa.true(), nullable=False))
    op.add_column("tags", sa.Column("reviewed_at", sa.BigInteger, nullable=True))
    op.add_column("preview_cards", sa.Column("trendable", sa.Boolean, nullable=True))
    op.add_column("trends", sa.Column("publisher_id", sa.BigInteger, nullable=True))
    op.create_table(
        "link_publishers",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("trendable", sa.Boolean, nullable=True),
        sa.Column("reviewed_at", sa.BigInteger, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_publishers")),
        sa.UniqueConstraint("domain", name=op.f("uq_link_publishers_domain")),
    )
    op.create_index(op.f("ix_link_publishers_created_at"), "link_publishers", ["created_at"])
    op.create_table(
        "status_reviews",
        sa.Column("status_id", sa.BigInteger, nullable=False),
        sa.Column("trendable", sa.Boolean, nullable=False),
        sa.ForeignKeyConstraint(
            ["status_id"], ["statuses.id"], name=op.f("fk_status_reviews_status_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("status_id", name=op.f("pk_status_reviews")),
    )
