"""Custom emoji of this node: drawn by administrators, used by everybody in texts and names.

What was posted goes on showing the picture it was posted with: a deleted emoji is gone from new texts only.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Emoji
from fedorg.domain.emojis import CATEGORY_MAX, EMOJIS_MAX, CustomEmoji, is_shortcode, shortcodes_in
from fedorg.errors import Conflict, Invalid, NotFound, TooLarge
from fedorg.media import MediaLimits, ProcessedMedia, inspect_and_process
from fedorg.node import Node
from fedorg.services import files
from fedorg.store import audit, custom_emojis

BYTES_MAX: Final = 256 * 1024
_LIMITS: Final = MediaLimits(
    image_bytes_max=BYTES_MAX, attachment_pixels_max=256 * 256, preview_pixels_max=256 * 256, frames_max=200
)


async def list_emojis(node: Node) -> list[CustomEmoji]:
    """Every one, by shortcode, disabled or not."""
    return await node.read(custom_emojis.list_all)


async def add_emoji(node: Node, shortcode: str, picture: Path, category: str | None) -> CustomEmoji:
    """Draw a new emoji; raises ``Invalid`` for a name that is none, ``Conflict`` for one that is taken."""
    if not is_shortcode(shortcode):
        raise Invalid("A shortcode has 2 to 50 letters of a to z, digits or underscores")
    if category is not None and not 0 < len(category) <= CATEGORY_MAX:
        raise Invalid(f"A category has 1 to {CATEGORY_MAX} characters")
    made = await _make(node, picture)
    emoji = CustomEmoji(
        id=node.ids.next(),
        shortcode=shortcode,
        file=made.original.name,
        static_file=made.preview.name,
        category=category,
        created_at=node.now(),
    )

    def unit(conn: Connection) -> None:
        if len(custom_emojis.list_all(conn)) >= EMOJIS_MAX:
            raise Invalid(f"There can be at most {EMOJIS_MAX} emojis")
        if not custom_emojis.insert(conn, emoji):
            raise Conflict(f"There is an emoji :{shortcode}: already")
        files.keep(conn, {emoji.file, emoji.static_file})
        audit.record(conn, node.ids, node.now(), action="emoji.add", target=shortcode)

    try:
        await node.write(unit)
    except BaseException:
        await files.drop(node, {emoji.file, emoji.static_file})
        raise
    return emoji


async def set_enabled(node: Node, shortcode: str, *, enabled: bool) -> None:
    """Let an emoji be used in new texts, or not."""

    def unit(conn: Connection) -> None:
        emoji = _get(conn, shortcode)
        custom_emojis.set_disabled(conn, emoji.id, None if enabled else node.now())
        audit.record(
            conn, node.ids, node.now(), action="emoji.enable" if enabled else "emoji.disable", target=shortcode
        )

    await node.write(unit)


async def remove_emoji(node: Node, shortcode: str) -> None:
    """Take an emoji away; texts that show it go on showing it."""

    def unit(conn: Connection) -> None:
        custom_emojis.delete(conn, _get(conn, shortcode).id)
        audit.record(conn, node.ids, node.now(), action="emoji.remove", target=shortcode)

    await node.write(unit)


async def emojis_in(node: Node, texts: Iterable[str]) -> tuple[Emoji, ...]:
    """The custom emoji of this node that stand in some texts."""
    named = shortcodes_in(texts)
    if not named:
        return ()
    found = await node.read(custom_emojis.list_usable, named)
    return tuple(as_emoji(node, found[name]) for name in named if name in found)


def as_emoji(node: Node, emoji: CustomEmoji) -> Emoji:
    """The emoji as texts carry it."""
    return Emoji(
        shortcode=emoji.shortcode, url=node.uris.media(emoji.file), static_url=node.uris.media(emoji.static_file)
    )


def _get(conn: Connection, shortcode: str) -> CustomEmoji:
    emoji = custom_emojis.find(conn, shortcode.strip(":"))
    if emoji is None:
        raise NotFound(f"There is no emoji :{shortcode.strip(':')}:")
    return emoji


async def _make(node: Node, picture: Path) -> ProcessedMedia:
    with files.scratch(node) as folder:
        made = await node.decode(_process, picture, Path(folder))
        both = {made.original.name: made.original, made.preview.name: made.preview}
        await files.store(node, Path(folder), list(both.values()))
    return made


def _process(picture: Path, folder: Path) -> ProcessedMedia:
    if picture.stat().st_size > BYTES_MAX:
        raise TooLarge(f"The picture of an emoji may have {BYTES_MAX} bytes at most")
    return inspect_and_process(picture, folder, "attachment", _LIMITS)
