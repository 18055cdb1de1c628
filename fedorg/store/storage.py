"""How much room each table takes, with its indexes, in the words of the engine."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from fedorg.store.tables import metadata

# Tables by what they are to people; the others are those of people themselves.
_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "statuses": (
        "statuses", "status_edits", "status_tags", "status_inboxes", "status_cards", "status_reviews", "mentions",
        "favourites", "bookmarks", "pins", "polls", "poll_votes", "quotes", "quote_inboxes", "reactions", "tags",
        "media_attachments", "preview_cards", "scheduled_statuses", "late_arrivals", "tombstones", "trends",
    ),
    "search": ("search_documents",),
    "timelines": ("home_timeline", "home_removals", "conversations", "conversation_statuses", "events", "markers"),
    "notifications": (
        "notifications", "notification_requests", "notification_policies", "notification_permissions",
        "push_subscriptions",
    ),
    "queue": ("jobs", "deliveries", "activities", "gone_inboxes", "seen_activities", "completions"),
    "records": ("attempts", "audit_log", "reports", "account_warnings", "severances", "severed_follows"),
}  # fmt: skip
_OTHERS: Final = "people and settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some tables of a node: their rows, and the bytes they take; None where the engine does not tell."""

    name: str
    rows: int
    bytes: int | None


def parts(conn: Connection) -> list[Part]:
    """The database in parts, the largest first."""
    sizes = _sizes(conn)
    named = {table: part for part, tables in _PARTS.items() for table in tables}
    rows: dict[str, int] = {}
    taken: dict[str, int] = {}
    for table in metadata.sorted_tables:
        part = named.get(table.name, _OTHERS)
        count = conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        rows[part] = rows.get(part, 0) + count
        taken[part] = taken.get(part, 0) + (sizes or {}).get(table.name, 0)
    found = [Part(name=part, rows=rows[part], bytes=None if sizes is None else taken[part]) for part in rows]
    return sorted(found, key=lambda part: (-(part.bytes or 0), -part.rows))


def _sizes(conn: Connection) -> dict[str, int] | None:
    if conn.dialect.name == "postgresql":
        statement = (
            "SELECT relname, pg_total_relation_size(oid) FROM pg_class "
            "WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
        )
        return {str(name): int(size) for name, size in conn.exec_driver_sql(statement)}
    # Indexes count for their tables, and the words of statuses for what they are the index of.
    statement = (
        "SELECT CASE WHEN m.tbl_name LIKE 'search_words%' THEN 'search_documents' ELSE m.tbl_name END, sum(d.pgsize) "
        "FROM dbstat d JOIN sqlite_schema m ON m.name = d.name GROUP BY 1"
    )
    try:
        return {str(name): int(size) for name, size in conn.exec_driver_sql(statement)}
    except OperationalError:
        # A SQLite that was built without this table.
        return None
