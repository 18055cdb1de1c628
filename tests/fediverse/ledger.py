"""The database of a stopped node, read from outside: what must never be found in it, and the passing of time.

Plain SQL on purpose: it must not share a mistake with the code that wrote the rows.
"""

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import URL, Engine, NullPool, create_engine, make_url, text

from tests.fediverse.nodes import RunningNode

FAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "a status twice": """
            SELECT min(content), count(*) FROM statuses WHERE reblog_of_id IS NULL
            GROUP BY account_id, content HAVING count(*) > 1""",
        "a notification twice": """
            SELECT account_id, type, from_account_id, status_id, count(*) FROM notifications
            GROUP BY account_id, type, from_account_id, status_id HAVING count(*) > 1""",
        "a line of a home timeline twice": """
            SELECT account_id, status_id, count(*) FROM home_timeline
            GROUP BY account_id, status_id HAVING count(*) > 1""",
        "a favourite twice": """
            SELECT account_id, status_id, count(*) FROM favourites
            GROUP BY account_id, status_id HAVING count(*) > 1""",
        "a line of a home timeline without its status": """
            SELECT h.account_id, h.status_id FROM home_timeline h
            LEFT JOIN statuses s ON s.id = h.status_id WHERE s.id IS NULL""",
        "a notification without its status": """
            SELECT n.id, n.status_id FROM notifications n
            LEFT JOIN statuses s ON s.id = n.status_id WHERE n.status_id IS NOT NULL AND s.id IS NULL""",
        "a wrong statuses_count": """
            SELECT a.username, a.statuses_count FROM accounts a WHERE a.domain IS NULL AND a.statuses_count <>
            (SELECT count(*) FROM statuses s WHERE s.account_id = a.id AND s.visibility <> 'direct')""",
        "a wrong replies_count": """
            SELECT p.id, p.replies_count FROM statuses p WHERE p.replies_count <>
            (SELECT count(*) FROM statuses r
            WHERE r.in_reply_to_id = p.id AND r.visibility IN ('public', 'unlisted'))""",
        "a wrong favourites_count": """
            SELECT s.id, s.favourites_count FROM statuses s WHERE s.favourites_count <>
            (SELECT count(*) FROM favourites f WHERE f.status_id = s.id)""",
        "a wrong reblogs_count": """
            SELECT s.id, s.reblogs_count FROM statuses s WHERE s.reblogs_count <>
            (SELECT count(*) FROM statuses b WHERE b.reblog_of_id = s.id)""",
        "a wrong followers_count": """
            SELECT a.username, a.followers_count FROM accounts a WHERE a.domain IS NULL AND a.followers_count <>
            (SELECT count(*) FROM follows f WHERE f.target_id = a.id AND f.state = 'accepted')""",
        "a wrong following_count": """
            SELECT a.username, a.following_count FROM accounts a WHERE a.domain IS NULL AND a.following_count <>
            (SELECT count(*) FROM follows f WHERE f.account_id = a.id AND f.state = 'accepted')""",
        # What a server runs that was met just now is asked some seconds later, and the profile of who was followed.
        "a job left": """
            SELECT payload, attempts, last_error FROM jobs
            WHERE attempts > 0 OR (payload NOT LIKE '%"IdentifyPeer"%' AND payload NOT LIKE '%"CompleteProfile"%')""",
        "a delivery left": "SELECT inbox, object_uri, attempts, last_error FROM deliveries",
    }
)

_HOLDS: Final = """
    SELECT EXISTS (SELECT 1 FROM statuses WHERE content LIKE :like OR text LIKE :like OR spoiler_text LIKE :like)
    OR EXISTS (SELECT 1 FROM jobs WHERE payload LIKE :like)
    OR EXISTS (SELECT 1 FROM status_edits WHERE content LIKE :like)"""
_KEY: Final = """
    SELECT k.uri, k.private FROM account_keys k JOIN accounts a ON a.id = k.account_id
    WHERE a.uri = :actor AND k.algorithm = 'rsa'"""


def database_of(node: RunningNode) -> URL:
    """Where a node keeps what it knows, for SQLAlchemy."""
    url = make_url(node.database_url or f"sqlite:///{node.folder / 'fedorg.db'}")
    return url.set(drivername="postgresql+psycopg") if url.get_backend_name() == "postgresql" else url


def faults(node: RunningNode) -> dict[str, list[Any]]:
    """What is wrong in the database of a stopped node, by the name of the fault; the database is only read."""
    found: dict[str, list[Any]] = {}
    engine = _engine(database_of(node), read_only=True)
    with engine.connect() as conn:
        for name, statement in FAULTS.items():
            if rows := conn.execute(text(statement)).fetchmany(5):
                found[name] = [tuple(row) for row in rows]
        if conn.dialect.name == "sqlite":
            checked = conn.exec_driver_sql("PRAGMA integrity_check").scalar()
            assert checked == "ok", checked
            assert conn.exec_driver_sql("PRAGMA foreign_key_check").fetchall() == []
    engine.dispose()
    return found


def holds(node: RunningNode, words: str) -> bool:
    """Whether a node has words in any row that it could have been sent; the node may be running."""
    engine = _engine(database_of(node), read_only=True)
    with engine.connect() as conn:
        found = conn.execute(text(_HOLDS), {"like": f"%{words}%"}).scalar()
    engine.dispose()
    return bool(found)


def private_key(node: RunningNode, actor: str) -> tuple[str, str]:
    """The id and the PEM of the RSA key of an actor of a node."""
    engine = _engine(database_of(node), read_only=True)
    with engine.connect() as conn:
        row = conn.execute(text(_KEY), {"actor": actor}).one()
    engine.dispose()
    return str(row.uri), str(row.private)


def change(node: RunningNode, statement: str) -> None:
    """Change the rows of a node behind its back, as a restored backup does."""
    engine = _engine(database_of(node), read_only=False)
    with engine.begin() as conn:
        conn.execute(text(statement))
    engine.dispose()


def let_time_pass(node: RunningNode) -> None:
    """Make everything due that a stopped node put off: leases of the dead end, and tries that failed are repeated."""
    engine = _engine(database_of(node), read_only=False)
    with engine.begin() as conn:
        for queue in ("jobs", "deliveries"):
            statement = f"UPDATE {queue} SET due_at = :now, leased_until = NULL"  # noqa: S608 - two names from above
            conn.execute(text(statement), {"now": int(time.time() * 1000)})
        conn.execute(text("UPDATE peers SET closed_until = NULL"))
    engine.dispose()


def _engine(url: URL, *, read_only: bool) -> Engine:
    if url.get_backend_name() == "postgresql":
        options = {"postgresql_readonly": read_only}
        return create_engine(url, poolclass=NullPool, execution_options=options)
    mode = "ro" if read_only else "rw"
    return create_engine(f"sqlite:///file:{url.database}?mode={mode}&uri=true", poolclass=NullPool)
