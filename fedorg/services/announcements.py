"""Announcements: what administrators tell all members, who answer with an emoji, or say that they know.

Some ask each member to acknowledge them (``acknowledging``), and some go to the whole organisation.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from fedorg import text
from fedorg.domain.accounts import Account, Emoji
from fedorg.domain.announcements import (
    ACKNOWLEDGING_EMOJI,
    EMOJIS_MAX,
    TEXT_MAX,
    Announcement,
    AnnouncementReaction,
    AnnouncementView,
    ReactionNews,
)
from fedorg.domain.emojis import is_shortcode, shortcodes_in
from fedorg.domain.events import EventKind
from fedorg.domain.jobs import SendAnnouncement
from fedorg.domain.reactions import read_emoji
from fedorg.domain.statuses import Tag
from fedorg.errors import Invalid, NotFound
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.services import acknowledging
from fedorg.services.custom_emojis import as_emoji
from fedorg.store import accounts, announcements, audit, custom_emojis, events, jobs

LISTED_MAX: Final = 500


# By administrators


async def publish(
    node: Node,
    words: str,
    *,
    starts_at: datetime | None,
    ends_at: datetime | None,
    all_day: bool,
    needs_acknowledgement: bool = False,
    for_organisation: bool = False,
) -> Announcement:
    """Tell all members something, now; ``for_organisation``: those of the organisation's other nodes as well."""
    words = text.normalise(words)
    if not words or len(words) > TEXT_MAX:
        raise Invalid(f"An announcement has 1 to {TEXT_MAX} characters")
    if ends_at is not None and ends_at <= (starts_at or node.now()):
        raise Invalid("An announcement ends after it begins")
    one = Announcement(
        id=node.ids.next(),
        text=words,
        starts_at=starts_at,
        ends_at=ends_at,
        all_day=all_day,
        needs_acknowledgement=needs_acknowledgement,
        for_organisation=for_organisation,
        published_at=node.now(),
        updated_at=node.now(),
    )

    def unit(conn: Connection) -> None:
        announcements.insert(conn, node.now(), one)
        _tell_organisation(conn, node, one)
        audit.record(conn, node.ids, node.now(), action="announcement.publish", target=str(one.id))
        events.insert(conn, node.now(), EventKind.ANNOUNCEMENT, None, one.id)

    await node.write(unit)
    return one


async def set_shown(node: Node, announcement_id: int, *, shown: bool) -> Announcement:
    """Show an announcement to members, or to nobody."""

    def unit(conn: Connection) -> Announcement:
        before = _own(announcements.get(conn, announcement_id))
        after = replace(before, published_at=node.now() if shown else None, updated_at=node.now())
        announcements.update(conn, after)
        action = "announcement.publish" if shown else "announcement.unpublish"
        audit.record(conn, node.ids, node.now(), action=action, target=str(after.id))
        _tell_organisation(conn, node, after)
        kind = EventKind.ANNOUNCEMENT if shown else EventKind.ANNOUNCEMENT_DELETE
        events.insert(conn, node.now(), kind, None, after.id)
        return after

    return await node.write(unit)


async def delete(node: Node, announcement_id: int) -> None:
    """Remove an announcement with its reactions; ``NotFound`` when there is none."""

    def unit(conn: Connection) -> None:
        one = announcements.find(conn, announcement_id)
        if one is None:
            raise NotFound(f"There is no announcement {announcement_id}")
        announcements.delete(conn, _own(one).id)
        _tell_organisation(conn, node, one)
        audit.record(conn, node.ids, node.now(), action="announcement.delete", target=str(announcement_id))
        events.insert(conn, node.now(), EventKind.ANNOUNCEMENT_DELETE, None, announcement_id)

    await node.write(unit)


async def find(node: Node, announcement_id: int) -> Announcement | None:
    """One, shown or not."""
    return await node.read(announcements.find, announcement_id)


async def list_all(node: Node) -> list[tuple[Announcement, int]]:
    """The latest, shown or not, each with how many members of this node acknowledged it, or else dismissed it."""

    def unit(conn: Connection) -> list[tuple[Announcement, int]]:
        found = announcements.list_all(conn, LISTED_MAX)
        ids = [one.id for one in found]
        dismissed = announcements.dismissals(conn, ids, AccountId(0))
        known = announcements.acknowledgements(conn, ids, AccountId(0))
        return [(one, (known if one.needs_acknowledgement else dismissed)[one.id][0]) for one in found]

    return await node.read(unit)


# By members


async def list_for(node: Node, account_id: AccountId, *, dismissed_too: bool) -> list[AnnouncementView]:
    """What is announced at present; without what the account said it knows, unless ``dismissed_too``."""

    def unit(conn: Connection) -> list[AnnouncementView]:
        found = announcements.list_shown(conn, node.now(), account_id, dismissed_too=dismissed_too)
        return _views(conn, node, account_id, found)

    return await node.read(unit)


async def get_for(node: Node, account_id: AccountId, announcement_id: int) -> AnnouncementView:
    """One that is shown."""

    def unit(conn: Connection) -> AnnouncementView:
        return _views(conn, node, account_id, [announcements.get_shown(conn, announcement_id)])[0]

    return await node.read(unit)


async def dismiss(node: Node, account_id: AccountId, announcement_id: int) -> None:
    """See it no more, unless it waits to be acknowledged; once or twice is the same."""

    def unit(conn: Connection) -> None:
        announcements.dismiss(conn, node.now(), announcements.get_shown(conn, announcement_id).id, account_id)

    await node.write(unit)


async def react(node: Node, account_id: AccountId, announcement_id: int, name: str) -> None:
    """React by an emoji of Unicode or of this node; ``Invalid`` for anything else, and for one kind too many.

    ``ACKNOWLEDGING_EMOJI`` acknowledges, so that any client can.
    """

    def unit(conn: Connection) -> None:
        one = announcements.get_shown(conn, announcement_id)
        wanted = _name(conn, name)
        if wanted == ACKNOWLEDGING_EMOJI:
            acknowledging.record(conn, node, one, account_id)
        held = announcements.reactions(conn, [one.id], account_id)[one.id]
        if wanted not in {count.name for count in held} and len(held) >= EMOJIS_MAX:
            raise Invalid(f"Validation failed: Limit of {EMOJIS_MAX} different reactions reached")
        emoji_id = announcements.react(conn, node.ids, node.now(), one.id, account_id, wanted)
        events.insert(conn, node.now(), EventKind.ANNOUNCEMENT_REACTION, None, emoji_id)

    await node.write(unit)


async def unreact(node: Node, account_id: AccountId, announcement_id: int, name: str) -> None:
    """Take a reaction back; ``NotFound`` when there is none."""

    def unit(conn: Connection) -> None:
        one = announcements.get_shown(conn, announcement_id)
        emoji = read_emoji(name)
        emoji_id = announcements.unreact(conn, one.id, account_id, name if emoji is None else emoji.name)
        if emoji_id is None:
            raise NotFound
        events.insert(conn, node.now(), EventKind.ANNOUNCEMENT_REACTION, None, emoji_id)

    await node.write(unit)


async def find_reaction(node: Node, emoji_id: int) -> ReactionNews | None:
    """How a reaction stands now; for streams."""
    return await node.read(announcements.find_reaction, emoji_id)


def _own(one: Announcement) -> Announcement:
    if one.peer is not None:
        raise Invalid(f"This announcement is that of {one.peer}, which alone can change it")
    return one


def _tell_organisation(conn: Connection, node: Node, one: Announcement) -> None:
    if one.for_organisation:
        jobs.enqueue(conn, node.ids, node.now(), SendAnnouncement(announcement_id=one.id))


def _name(conn: Connection, name: str) -> str:
    emoji = read_emoji(name)
    if emoji is not None:
        return emoji.name
    if is_shortcode(name) and custom_emojis.list_usable(conn, [name]):
        return name
    raise Invalid("Validation failed: Name is not a recognized emoji")


def _views(conn: Connection, node: Node, account_id: AccountId, found: list[Announcement]) -> list[AnnouncementView]:
    """In a fixed number of queries, but for the handles that stand in the texts."""
    ids = [one.id for one in found]
    known = announcements.dismissals(conn, ids, account_id)
    counts = announcements.reactions(conn, ids, account_id)
    acknowledged = announcements.acknowledgements(conn, ids, account_id)
    named = {*shortcodes_in(one.text for one in found), *(count.name for row in counts.values() for count in row)}
    drawn = {name: as_emoji(node, emoji) for name, emoji in custom_emojis.list_usable(conn, named).items()}
    return [
        _view(
            conn,
            node,
            one,
            drawn,
            known=known[one.id],
            acknowledged=acknowledged[one.id],
            reactions=tuple(
                AnnouncementReaction(name=count.name, count=count.count, me=count.me, emoji=drawn.get(count.name))
                for count in counts.get(one.id, ())
            ),
        )
        for one in found
    ]


def _view(
    conn: Connection,
    node: Node,
    one: Announcement,
    drawn: dict[str, Emoji],
    *,
    known: tuple[int, bool],
    acknowledged: tuple[int, bool],
    reactions: tuple[AnnouncementReaction, ...],
) -> AnnouncementView:
    read = text.find(one.text)
    mentioned = _mentioned(conn, node, read.mentions)
    targets = {
        handle: text.MentionTarget(url=account.url, username=account.username, acct=account.acct)
        for handle, account in mentioned.items()
    }
    (dismissals, is_read), (acknowledgements, is_acknowledged) = known, acknowledged
    asks = one.needs_acknowledgement and not is_acknowledged
    return AnnouncementView(
        announcement=one,
        content=text.to_html(one.text, targets, node.uris.tag),
        read=is_read and not asks,
        dismissals=dismissals,
        acknowledged=is_acknowledged,
        acknowledgements=acknowledgements,
        mentions=tuple({account.id: account for account in mentioned.values()}.values()),
        tags=tuple({tag.name: Tag(name=tag.name, display_name=tag.written) for tag in read.hashtags}.values()),
        emojis=tuple(drawn[name] for name in shortcodes_in([one.text]) if name in drawn),
        reactions=reactions,
    )


def _mentioned(conn: Connection, node: Node, mentions: Iterable[text.Mention]) -> dict[str, Account]:
    found: dict[str, Account] = {}
    for mention in mentions:
        is_here = mention.domain in (None, node.settings.domain, node.settings.web_domain)
        account = accounts.find_by_acct(conn, mention.username, None if is_here else mention.domain)
        if account is not None and account.suspended_at is None:
            found[mention.handle] = account
    return found
