"""Indexes for pages that took the longer, the more there was, and what accounts are found by."""

import sqlalchemy as sa
from alembic import op

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None

_CHUNK = 1000
# As ``store.names`` writes them.
_WORDS_MAX = 30
_LENGTH_MAX = 200
_FILL_AUTHORS = (
    "UPDATE status_tags SET author_id = "
    "coalesce((SELECT statuses.account_id FROM statuses WHERE statuses.id = status_tags.status_id), 0)"
)
_PAGES = {
    "ix_follows_followers": ("follows", ("target_id", "state", "id")),
    "ix_follows_following": ("follows", ("account_id", "state", "id")),
    "ix_blocks_account": ("blocks", ("account_id", "id")),
    "ix_mutes_account": ("mutes", ("account_id", "id")),
    "ix_favourites_account": ("favourites", ("account_id", "id")),
    "ix_bookmarks_account": ("bookmarks", ("account_id", "id")),
}


def upgrade() -> None:
    """Indexes, a table that is filled in chunks, and who wrote what bears a hashtag."""
    for name, (table, columns) in _PAGES.items():
        op.create_index(name, table, list(columns))
    _partial("ix_users_waiting", "users", ("username",), "approved_at IS NULL")
    for standing in ("silenced", "sensitized"):
        _partial(f"ix_accounts_{standing}", "accounts", ("id",), f"{standing}_at IS NOT NULL")
    op.create_index("ix_tags_ranked", "tags", [sa.text("length(name)"), "name"])
    rank = (sa.text("followers_count DESC"), "acct_key")
    _partial("ix_accounts_ranked_here", "accounts", rank, "domain IS NULL")
    _partial("ix_accounts_ranked", "accounts", rank, "domain IS NOT NULL")
    op.create_table(
        "account_names",
        sa.Column("is_here", sa.Boolean, nullable=False),
        # In the order of its bytes.
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_account_names_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("is_here", "name", "account_id", name=op.f("pk_account_names")),
    )
    _fill_names(op.get_bind())
    op.create_index(op.f("ix_account_names_account_id"), "account_names", ["account_id"])
    op.add_column("status_tags", sa.Column("author_id", sa.BigInteger, server_default=sa.text("0"), nullable=False))
    op.execute(_FILL_AUTHORS)
    op.create_index("ix_status_tags_author", "status_tags", ["author_id", "tag_id", "status_id"])


def _partial(name: str, table: str, columns: tuple[str | sa.TextClause, ...], where: str) -> None:
    op.create_index(name, table, list(columns), sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _fill_names(conn: sa.Connection) -> None:
    accounts = sa.table("accounts", *map(sa.column, ("id", "domain", "acct_key", "display_name")))
    names = sa.table("account_names", *map(sa.column, ("is_here", "name", "account_id")))
    last = -1
    while True:
        chunk = sa.select(accounts).where(accounts.c.id > last).order_by(accounts.c.id).limit(_CHUNK)
        rows = conn.execute(chunk).all()
        if not rows:
            return
        last = rows[-1].id
        found = [
            {"is_here": row.domain is None, "name": name, "account_id": row.id}
            for row in rows
            for name in _found_by(row.acct_key, row.display_name)
        ]
        conn.execute(sa.insert(names), found)


def _found_by(handle: str, display_name: str) -> set[str]:
    words = display_name.lower().split(" ")
    starts = (" ".join(words[place:]) for place, word in enumerate(words[:_WORDS_MAX]) if word)
    return {text[:_LENGTH_MAX] for text in (handle, *starts)}
