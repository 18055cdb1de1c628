"""What nodes agree with each other, and how much passes between them."""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table, and two columns: no peer has a limit yet, and nothing that waits goes beyond a tier."""
    op.add_column("peers", sa.Column("ceilings", sa.JSON, nullable=True))
    op.add_column("activities", sa.Column("beyond_tier", sa.Boolean, server_default=sa.false(), nullable=False))
    flags = ("approved_here", "approved_there", "suspended_here", "suspended_there")
    op.create_table(
        "partnerships",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("live_domain", sa.Text, nullable=True),
        sa.Column("tier", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("is_inviter", sa.Boolean, nullable=False),
        sa.Column("ours", sa.JSON, nullable=False),
        sa.Column("theirs", sa.JSON, nullable=True),
        sa.Column("their_actor", sa.Text, nullable=False),
        sa.Column("their_uri", sa.Text, nullable=True),
        *(sa.Column(name, sa.Text, server_default="", nullable=False) for name in ("note", "reason")),
        sa.Column("fingerprint", sa.Text, nullable=True),
        *(sa.Column(name, sa.Boolean, server_default=sa.false(), nullable=False) for name in flags),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("created_at", "updated_at", "expires_at")),
        *(sa.Column(name, sa.BigInteger, nullable=True) for name in ("active_since", "noticed_at")),
        sa.Column("purge_asked", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partnerships")),
        sa.UniqueConstraint("live_domain", name=op.f("uq_partnerships_live_domain")),
    )
    op.create_index("ix_partnerships_domain", "partnerships", ["domain", "id"])
