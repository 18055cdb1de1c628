"""Hashtags by name: how they are used, and who follows them."""

from typing import Final

from sqlalchemy import Connection

from fedorg import text
from fedorg.domain.pages import Listed
from fedorg.domain.statuses import PageQuery, Tag, TagView
from fedorg.errors import Invalid, NotFound
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.store import accounts, tag_follows, tags

FOLLOWED_MAX: Final = 500


async def get_tag(node: Node, viewer: AccountId | None, name: str) -> TagView:
    """A hashtag with its use, used before or not; ``NotFound`` for what is no hashtag."""
    return await node.read(tags.get_view, viewer, _tag(name).name, node.now())


async def follow(node: Node, account_id: AccountId, name: str) -> TagView:
    """Let what has a hashtag come to one's home timeline."""
    wanted = _tag(name)

    def unit(conn: Connection) -> None:
        accounts.hold(conn, account_id)
        if tag_follows.count(conn, account_id) >= FOLLOWED_MAX:
            raise Invalid(f"Validation failed: You cannot follow more than {FOLLOWED_MAX} hashtags")
        tag_id = tags.get_or_insert(conn, node.ids, node.now(), wanted)
        tag_follows.insert(conn, node.ids, node.now(), account_id, tag_id)

    await node.write(unit)
    # To count its use takes long, and must not keep the writer.
    return await get_tag(node, account_id, name)


async def unfollow(node: Node, account_id: AccountId, name: str) -> TagView:
    """Follow it no more; what came to the home timeline stays there."""
    await node.write(tag_follows.delete, account_id, _tag(name).name)
    return await get_tag(node, account_id, name)


async def list_followed(node: Node, account_id: AccountId, page: PageQuery) -> list[Listed[TagView]]:
    """The hashtags one follows, the latest first."""

    def unit(conn: Connection) -> list[Listed[TagView]]:
        rows = tag_follows.list_of_account(conn, account_id, page)
        loaded = {view.id: view for view in tags.views(conn, node.now(), account_id, [row.item for row in rows])}
        return [Listed(row_id=row.row_id, item=loaded[row.item]) for row in rows]

    return await node.read(unit)


def _tag(name: str) -> Tag:
    found = text.find(f"#{name}").hashtags
    if len(found) != 1 or found[0].written != name:
        raise NotFound
    return Tag(name=found[0].name, display_name=found[0].written)
