"""Hashtags on profiles: those of members, and what peers say of theirs."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from fedorg import text
from fedorg.domain.accounts import Account
from fedorg.domain.featured import FeaturedTag, FeaturedTagView
from fedorg.domain.jobs import DistributeFeaturedTag
from fedorg.domain.limits import FEATURED_TAGS_MAX
from fedorg.domain.statuses import Tag, TagView
from fedorg.errors import Invalid, NotFound
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.store import accounts, featured_tags, jobs, narrowing, tags

SUGGESTIONS_MAX: Final = 10
NAME_CHARACTERS_MAX: Final = 255


async def feature(node: Node, account: Account, written: str) -> FeaturedTagView:
    """Show a hashtag on one's profile, once; raises ``Invalid`` for what is none or is one too many."""
    tag = read_tag(written)

    def unit(conn: Connection) -> FeaturedTag:
        shown = featured_tags.list_for_update(conn, account.id)
        known = next((one for one in shown if one.name == tag.name), None)
        return known or _insert(conn, node, account, tag, len(shown))

    # To count its use takes long, and must not keep the writer.
    return await node.read(_with_use, account.id, await node.write(unit))


async def unfeature(node: Node, account: Account, row_id: int) -> None:
    """Show a hashtag no more, by the id of its row; ``NotFound`` when it is not there or somebody else's."""

    def unit(conn: Connection) -> None:
        shown = featured_tags.find(conn, account.id, row_id)
        if shown is None:
            raise NotFound
        _delete(conn, node, account, shown)

    await node.write(unit)


async def feature_by_name(node: Node, account: Account, written: str) -> TagView:
    """Show a hashtag on one's profile; to have it there already is no fault."""
    tag = _read_existing(written)

    def unit(conn: Connection) -> None:
        shown = featured_tags.list_for_update(conn, account.id)
        if all(one.name != tag.name for one in shown):
            _insert(conn, node, account, tag, len(shown))

    await node.write(unit)
    return await node.read(tags.get_view, account.id, tag.name, node.now())


async def unfeature_by_name(node: Node, account: Account, written: str) -> TagView:
    """Show it no more; not to have it there is no fault."""
    tag = _read_existing(written)

    def unit(conn: Connection) -> None:
        shown = featured_tags.find_by_name(conn, account.id, tag.name)
        if shown is not None:
            _delete(conn, node, account, shown)

    await node.write(unit)
    return await node.read(tags.get_view, account.id, tag.name, node.now())


async def list_of_account(node: Node, viewer: AccountId | None, account_id: AccountId) -> list[FeaturedTagView]:
    """The hashtags of a profile, with their use as far as ``viewer`` may see; ``NotFound`` without such an account."""

    def unit(conn: Connection) -> list[FeaturedTagView]:
        account = accounts.get(conn, account_id)
        shown = [] if account.suspended_at is not None else featured_tags.list_of_account(conn, account_id)
        return featured_tags.with_use(conn, account_id, shown, narrowing.visible_to(viewer))

    return await node.read(unit)


async def list_names(node: Node, account_id: AccountId) -> list[FeaturedTag]:
    """The hashtags of a profile, without their use."""
    return await node.read(featured_tags.list_of_account, account_id)


async def list_suggestions(node: Node, account_id: AccountId) -> list[TagView]:
    """The hashtags somebody uses most and does not show yet."""

    def unit(conn: Connection) -> list[TagView]:
        shown = [tag.name for tag in featured_tags.list_of_account(conn, account_id)]
        return tags.list_most_used(conn, account_id, node.now(), but=shown, limit=SUGGESTIONS_MAX)

    return await node.read(unit)


def read_tag(written: str) -> Tag:
    """The one hashtag that a text is, with or without its sign; ``Invalid`` for anything else."""
    tag = _tag(written)
    if tag is None:
        raise Invalid("Validation failed: Tag is invalid")
    return tag


# From peers


async def receive_feature(node: Node, account: Account, written: str) -> bool:
    """An account of a peer shows a hashtag; False for what is none, and for one too many."""
    tag = _tag(written)
    if tag is None:
        return False

    def unit(conn: Connection) -> bool:
        shown = featured_tags.list_for_update(conn, account.id)
        if any(one.name == tag.name for one in shown):
            return True
        if len(shown) >= FEATURED_TAGS_MAX:
            return False
        return featured_tags.insert(conn, node.ids, node.now(), account.id, tag) is not None

    return await node.write(unit)


async def receive_unfeature(node: Node, account: Account, written: str) -> bool:
    """It shows it no more; whether it did."""
    tag = _tag(written)

    def unit(conn: Connection) -> bool:
        shown = None if tag is None else featured_tags.find_by_name(conn, account.id, tag.name)
        return shown is not None and featured_tags.delete(conn, account.id, shown.id)

    return await node.write(unit)


async def record_tags(node: Node, account: Account, written: Sequence[str]) -> None:
    """What the server of an account lists is what its profile shows."""
    listed = {tag.name: tag for one in written if (tag := _tag(one)) is not None}
    wanted = list(listed.values())[:FEATURED_TAGS_MAX]
    await node.write(featured_tags.replace, node.ids, node.now(), account.id, wanted)


def _insert(conn: Connection, node: Node, account: Account, tag: Tag, shown: int) -> FeaturedTag:
    if shown >= FEATURED_TAGS_MAX:
        raise Invalid("Validation failed: You have already featured the maximum number of hashtags")
    new = featured_tags.insert(conn, node.ids, node.now(), account.id, tag)
    assert new is not None, "the hashtags of the account are held, and this one is not among them"
    _tell(conn, node, account, new, is_shown=True)
    return new


def _delete(conn: Connection, node: Node, account: Account, shown: FeaturedTag) -> None:
    featured_tags.delete(conn, account.id, shown.id)
    _tell(conn, node, account, shown, is_shown=False)


def _tell(conn: Connection, node: Node, account: Account, tag: FeaturedTag, *, is_shown: bool) -> None:
    job = DistributeFeaturedTag(account_id=account.id, name=tag.name, display_name=tag.display_name, is_shown=is_shown)
    jobs.enqueue(conn, node.ids, node.now(), job)


def _with_use(conn: Connection, account_id: AccountId, tag: FeaturedTag) -> FeaturedTagView:
    return featured_tags.with_use(conn, account_id, [tag], narrowing.visible_to(account_id))[0]


def _read_existing(written: str) -> Tag:
    """A hashtag in an address; what is none is not there."""
    tag = _tag(written)
    if tag is None:
        raise NotFound
    return tag


def _tag(written: str) -> Tag | None:
    """The one hashtag that a text is, with or without its sign; None when it is anything else."""
    name = written.strip().removeprefix("#")
    found = text.find(f"#{name}").hashtags
    if len(name) > NAME_CHARACTERS_MAX or len(found) != 1 or found[0].written != name:
        return None
    return Tag(name=found[0].name, display_name=name)
