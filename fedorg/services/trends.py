"""Trends: what many talk about, ranked by this node from what it holds; each reads as much of it as they may see."""

from sqlalchemy import Connection

from fedorg.domain.statuses import StatusView, TagView
from fedorg.domain.trends import LinkView
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.store import reviews, trends, views


async def refresh(node: Node) -> None:
    """Rank anew; the reading, which is the work, holds no writer."""
    ranked = await node.read(trends.rank, node.now())

    def unit(conn: Connection) -> None:
        trends.replace_all(conn, reviews.name_publishers(conn, node.ids, node.now(), ranked))

    await node.write(unit)


async def list_tags(node: Node, viewer: AccountId | None, *, limit: int, offset: int) -> list[TagView]:
    """Hashtags that many use, the strongest first."""
    return await node.read(trends.list_tags, viewer, node.now(), limit=limit, offset=offset)


async def list_statuses(node: Node, viewer: AccountId | None, *, limit: int, offset: int) -> list[StatusView]:
    """Statuses that many like, the strongest first."""

    def unit(conn: Connection) -> list[StatusView]:
        now = node.now()
        return views.load_views(conn, now, viewer, trends.list_statuses(conn, viewer, now, limit=limit, offset=offset))

    return await node.read(unit)


async def list_links(node: Node, viewer: AccountId | None, *, limit: int, offset: int) -> list[LinkView]:
    """Pages that many link to, the strongest first."""
    return await node.read(trends.list_links, viewer, node.now(), limit=limit, offset=offset)
