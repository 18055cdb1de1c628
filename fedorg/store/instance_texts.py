"""Rows of ``rules`` and ``instance_texts``: what administrators wrote for everybody to read."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.instance import InstanceText, Rule, TextKind
from fedorg.store.tables import instance_texts, rules
from fedorg.store.upsert import upsert


def list_rules(conn: Connection) -> list[Rule]:
    """The rules in the order they were added."""
    rows = conn.execute(sa.select(rules.c.id, rules.c.text, rules.c.hint).order_by(rules.c.id))
    return [Rule(id=row.id, text=row.text, hint=row.hint) for row in rows]


def insert_rule(conn: Connection, now: datetime, rule: Rule) -> None:
    """Add a rule."""
    conn.execute(sa.insert(rules), {"id": rule.id, "text": rule.text, "hint": rule.hint, "created_at": now})


def delete_rule(conn: Connection, rule_id: int) -> bool:
    """Remove a rule; whether it was there."""
    return conn.execute(sa.delete(rules).where(rules.c.id == rule_id)).rowcount == 1


def put_text(conn: Connection, now: datetime, kind: TextKind, effective_on: date | None, source: str) -> None:
    """Keep a text, in place of the one with the same kind and date."""
    row = {"kind": kind.value, "effective_on": _key(effective_on), "source": source, "updated_at": now}
    upsert(conn, instance_texts, row, key=("kind", "effective_on"))


def delete_text(conn: Connection, kind: TextKind, effective_on: date | None) -> bool:
    """Remove a text; whether it was there."""
    statement = sa.delete(instance_texts).where(
        instance_texts.c.kind == kind.value, instance_texts.c.effective_on == _key(effective_on)
    )
    return conn.execute(statement).rowcount == 1


def list_kinds(conn: Connection) -> frozenset[TextKind]:
    """Which texts there are."""
    return frozenset(TextKind(kind) for kind in conn.execute(sa.select(instance_texts.c.kind).distinct()).scalars())


def list_texts(conn: Connection, kind: TextKind) -> list[InstanceText]:
    """Every text of a kind, the earliest first, each with the date of the one that follows it."""
    statement = (
        sa.select(instance_texts).where(instance_texts.c.kind == kind.value).order_by(instance_texts.c.effective_on)
    )
    rows = conn.execute(statement).all()
    following = [*(_date(row) for row in rows[1:]), None]
    return [
        InstanceText(
            kind=kind,
            source=row.source,
            updated_at=row.updated_at,
            effective_on=_date(row),
            succeeded_on=succeeded_on,
        )
        for row, succeeded_on in zip(rows, following, strict=False)
    ]


def _key(effective_on: date | None) -> str:
    return "" if effective_on is None else effective_on.isoformat()


def _date(row: sa.Row[Any]) -> date | None:
    return date.fromisoformat(row.effective_on) if row.effective_on else None
