"""The words of statuses, found by FTS5 or a GIN index; a job fills in those that are here already."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# Nothing is read from it but which statuses match, so that it keeps no copy of the words.
_FTS5 = """
CREATE VIRTUAL TABLE search_words USING fts5(
    body, content='', columnsize=0, tokenize="unicode61 remove_diacritics 0 categories 'L* N* M* Co'"
)
"""
_ADD = "INSERT INTO search_words(rowid, body) VALUES (new.status_id, new.body);"
_REMOVE = "INSERT INTO search_words(search_words, rowid, body) VALUES ('delete', old.status_id, old.body);"
_TRIGGERS = {"INSERT": _ADD, "DELETE": _REMOVE, "UPDATE": f"{_REMOVE} {_ADD}"}
_GIN = "CREATE INDEX ix_search_words ON search_documents USING gin (to_tsvector('simple'::regconfig, body))"
# An id that no clock gives.
_FILL_IN = (
    "INSERT INTO jobs (id, payload, attempts, due_at, created_at) "
    'SELECT 17, \'{"type":"IndexStatuses"}\', 0, 0, 0 WHERE EXISTS (SELECT 1 FROM statuses)'
)


def upgrade() -> None:
    """A table, the engine's own index of it, and a job."""
    op.create_table(
        "search_documents",
        sa.Column("status_id", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["status_id"], ["statuses.id"], name="fk_search_documents_status_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("status_id", name="pk_search_documents"),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(_FTS5)
        for event, effect in _TRIGGERS.items():
            name = f"search_documents_{event.lower()}"
            op.execute(f"CREATE TRIGGER {name} AFTER {event} ON search_documents BEGIN {effect} END")
    else:
        op.execute(_GIN)
    op.execute(_FILL_IN)
