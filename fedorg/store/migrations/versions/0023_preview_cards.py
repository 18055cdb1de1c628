"""What pages that statuses link to say about themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_TEXTS = (
    "title",
    "description",
    "provider_name",
    "provider_url",
    "author_name",
    "author_url",
    "image",
    "image_description",
    "embed_url",
    "language",
)


def upgrade() -> None:
    """Two tables."""
    op.create_table(
        "preview_cards",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("type", sa.String(length=16), server_default="link", nullable=False),
        *(sa.Column(name, sa.Text, server_default="", nullable=False) for name in _TEXTS),
        sa.Column("width", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("height", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("published_at", sa.BigInteger, nullable=True),
        sa.Column("author_id", sa.BigInteger, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["accounts.id"], name="fk_preview_cards_author_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_preview_cards"),
        sa.UniqueConstraint("url", name="uq_preview_cards_url"),
    )
    op.create_index("ix_preview_cards_author_id", "preview_cards", ["author_id"])
    op.create_index("ix_preview_cards_created_at", "preview_cards", ["created_at"])
    op.create_table(
        "status_cards",
        sa.Column("status_id", sa.BigInteger, nullable=False),
        sa.Column("card_id", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["status_id"], ["statuses.id"], name="fk_status_cards_status_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["card_id"], ["preview_cards.id"], name="fk_status_cards_card_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("status_id", name="pk_status_cards"),
    )
    op.create_index("ix_status_cards_card", "status_cards", ["card_id", "status_id"])
