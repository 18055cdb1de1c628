"""Collections of accounts that somebody recommends."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Collections and who is in them."""
    table = "featured_collections"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, server_default="", nullable=False),
        sa.Column("language", sa.Text, nullable=True),
        sa.Column("tag_name", sa.Text, nullable=True),
        sa.Column("tag_display_name", sa.Text, nullable=True),
        sa.Column("sensitive", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("discoverable", sa.Boolean, server_default=sa.true(), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=f"fk_{table}_account_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    )
    op.create_index("ix_featured_collections_account", table, ["account_id", "id"])
    items = "featured_collection_items"
    op.create_table(
        items,
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("collection_id", sa.BigInteger, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"], [f"{table}.id"], name=f"fk_{items}_collection_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=f"fk_{items}_account_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{items}"),
        sa.UniqueConstraint("collection_id", "account_id", name=f"uq_{items}_collection_id_account_id"),
    )
    op.create_index("ix_featured_collection_items_account", items, ["account_id", "collection_id"])
