"""What this node decided about other servers, as a file that it, another node or Mastodon can read.

Partnerships are not in it: what two nodes agreed is no decision of one, and its ceilings are part of it.
"""

import csv
import io
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from fedorg.domain.domain_blocks import DomainBlock
from fedorg.domain.peer_lists import ListedAllow, ListKind
from fedorg.domain.statuses import PageQuery
from fedorg.node import Node
from fedorg.services.peer_lists.reading import BLOCK_COLUMNS, JSON_VERSION
from fedorg.store import peer_rules

PAGE: Final = 1000


async def export_csv(node: Node, kind: ListKind) -> str:
    """One kind, in the columns of Mastodon."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    if kind is ListKind.BLOCKS:
        writer.writerow([f"#{column}" for column in BLOCK_COLUMNS])
        writer.writerows(_row(block) for block in await node.read(_blocks))
    else:
        writer.writerow(["#domain"])
        writer.writerows([one.domain] for one in await node.read(_allows) if one.is_allowed)
    return written.getvalue()


async def export_json(node: Node, kinds: frozenset[ListKind]) -> str:
    """Everything that was decided about servers, for another node like this one."""
    told: dict[str, Any] = {"version": JSON_VERSION}
    if ListKind.BLOCKS in kinds:
        told["blocks"] = [_facts(block) for block in await node.read(_blocks)]
    if ListKind.ALLOWS in kinds:
        told["allows"] = [
            {"domain": one.domain, "tier": one.tier.value, "ceilings": one.ceilings} for one in await node.read(_allows)
        ]
    return msgspec.json.format(msgspec.json.encode(told)).decode() + "\n"


def _blocks(conn: Connection) -> list[DomainBlock]:
    found: list[DomainBlock] = []
    page = peer_rules.list_blocks(conn, PageQuery(limit=PAGE))
    while page:
        found += page
        page = peer_rules.list_blocks(conn, PageQuery(limit=PAGE, max_id=page[-1].id))
    return sorted(found, key=lambda block: block.domain)


def _allows(conn: Connection) -> list[ListedAllow]:
    found: list[ListedAllow] = []
    page = peer_rules.list_decided(conn, "", PAGE)
    while page:
        found += page
        page = peer_rules.list_decided(conn, page[-1].domain, PAGE)
    return found


def _row(block: DomainBlock) -> list[str]:
    flags = (block.reject_media, block.reject_reports)
    return [
        block.domain,
        block.severity.value,
        *("true" if flag else "false" for flag in flags),
        block.public_comment or "",
        "true" if block.obfuscate else "false",
    ]


def _facts(block: DomainBlock) -> dict[str, object]:
    return {
        "domain": block.domain,
        "severity": block.severity.value,
        "reject_media": block.reject_media,
        "reject_reports": block.reject_reports,
        "obfuscate": block.obfuscate,
        "public_comment": block.public_comment,
        "private_comment": block.private_comment,
    }
