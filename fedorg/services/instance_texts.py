"""Rules and longer texts of the node: written by administrators, read by everybody. Changes are in the audit log."""

from datetime import date

from sqlalchemy import Connection

from fedorg.domain.instance import HINT_MAX, RULE_MAX, RULES_MAX, TEXT_MAX, InstanceText, Rule, TextKind
from fedorg.errors import Invalid, NotFound
from fedorg.node import Node
from fedorg.store import audit, instance_texts


async def list_rules(node: Node) -> list[Rule]:
    """The rules in the order they were added."""
    return await node.read(instance_texts.list_rules)


async def add_rule(node: Node, text: str, hint: str) -> Rule:
    """Add a rule at the end."""
    rule = Rule(id=node.ids.next(), text=text.strip(), hint=hint.strip())
    if not rule.text or len(rule.text) > RULE_MAX or len(rule.hint) > HINT_MAX:
        raise Invalid(f"A rule has 1 to {RULE_MAX} characters, its hint at most {HINT_MAX}")

    def unit(conn: Connection) -> None:
        if len(instance_texts.list_rules(conn)) >= RULES_MAX:
            raise Invalid(f"There can be at most {RULES_MAX} rules")
        instance_texts.insert_rule(conn, node.now(), rule)
        _note(conn, node, "rule.add", str(rule.id), {"text": rule.text})

    await node.write(unit)
    return rule


async def remove_rule(node: Node, rule_id: int) -> None:
    """Remove a rule; ``NotFound`` when there is none of that number."""

    def unit(conn: Connection) -> None:
        if not instance_texts.delete_rule(conn, rule_id):
            raise NotFound(f"There is no rule {rule_id}")
        _note(conn, node, "rule.remove", str(rule_id), {})

    await node.write(unit)


async def list_kinds(node: Node) -> frozenset[TextKind]:
    """Which texts were written."""
    return await node.read(instance_texts.list_kinds)


async def find_text(node: Node, kind: TextKind) -> InstanceText | None:
    """The text that holds today."""
    today = node.now().date()
    held = [text for text in await node.read(instance_texts.list_texts, kind) if (text.effective_on or today) <= today]
    return held[-1] if held else None


async def get_terms(node: Node, effective_on: date) -> InstanceText:
    """The terms that hold from a day on, past or to come; ``NotFound`` when none begin then."""
    for text in await node.read(instance_texts.list_texts, TextKind.TERMS_OF_SERVICE):
        if text.effective_on == effective_on:
            return text
    raise NotFound


async def set_text(node: Node, kind: TextKind, source: str, effective_on: date | None = None) -> None:
    """Keep a text in Markdown; terms hold from a day on, today unless told otherwise."""
    if not source.strip() or len(source) > TEXT_MAX:
        raise Invalid(f"A text has 1 to {TEXT_MAX} characters")
    day = _day(node, kind, effective_on)

    def unit(conn: Connection) -> None:
        instance_texts.put_text(conn, node.now(), kind, day, source)
        _note(conn, node, "text.set", kind, {} if day is None else {"effective_on": day.isoformat()})

    await node.write(unit)


async def clear_text(node: Node, kind: TextKind, effective_on: date | None = None) -> None:
    """Remove a text; ``NotFound`` when there is none."""
    day = _day(node, kind, effective_on)

    def unit(conn: Connection) -> None:
        if not instance_texts.delete_text(conn, kind, day):
            raise NotFound(f"There is no {kind}{'' if day is None else f' that begins on {day}'}")
        _note(conn, node, "text.clear", kind, {} if day is None else {"effective_on": day.isoformat()})

    await node.write(unit)


def _day(node: Node, kind: TextKind, effective_on: date | None) -> date | None:
    if kind is TextKind.TERMS_OF_SERVICE:
        return effective_on or node.now().date()
    if effective_on is not None:
        raise Invalid("Only terms of service begin on a day")
    return None


def _note(conn: Connection, node: Node, action: str, target: str, details: dict[str, str]) -> None:
    audit.record(conn, node.ids, node.now(), action=action, target=target, details=details)
