"""Preview cards: which page a status links to, and what that page says about itself.

The first link of a public or unlisted status, of whatever reach, is looked at once a day, after the status is recorded
and, for what others wrote, after a while, so that a link that travels does not bring every server at once. The linked
site learns that this node looked and nothing else: no signature, no cookie, no name. A small copy of its picture is
kept here, so that it learns nothing of who reads, either. Private and direct statuses are
never looked at: their links may be meant for one pair of eyes. What comes back is text and addresses; nothing of
another site runs here, whatever its oEmbed offers (S54). A node that may reach inner addresses (``allowed_networks``)
looks at links of its own members only: nobody elsewhere makes it read an inner page, or shows what it says (S20).
"""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import Connection

from fedorg import log, text
from fedorg.domain.accounts import Account
from fedorg.domain.cards import CardPicture, PageFacts, PreviewCard
from fedorg.domain.jobs import FetchCard
from fedorg.domain.limits import IMAGE_TYPES
from fedorg.domain.statuses import Status
from fedorg.domain.visibility import Visibility
from fedorg.errors import Forbidden, Invalid, TooLarge
from fedorg.ids import AccountId, StatusId
from fedorg.media import MediaLimits, ProcessedMedia, inspect_and_process
from fedorg.node import FetchError, Node
from fedorg.services import files, looking
from fedorg.store import accounts, cards, jobs

logger = log.get_logger()

PAGE_BYTES_MAX: Final = 2 * 1024 * 1024
PICTURE_BYTES_MAX: Final = 8 * 1024 * 1024
_PICTURE_LIMITS: Final = MediaLimits(image_bytes_max=PICTURE_BYTES_MAX)
TOLD_MAX: Final = 100
_SHOWN: Final = (Visibility.PUBLIC, Visibility.UNLISTED)


def request(conn: Connection, node: Node, status: Status, *, delay: timedelta = timedelta(0)) -> None:
    """Let a status show the page it links to; call it in the transaction that records or edits the status."""
    if not _request(conn, node, status, delay):
        cards.unlink(conn, status.id)


def request_new(conn: Connection, node: Node, status: Status, *, delay: timedelta = timedelta(0)) -> None:
    """The same for a status that shows no page as yet."""
    _request(conn, node, status, delay)


def _request(conn: Connection, node: Node, status: Status, delay: timedelta) -> bool:
    """Whether it links to a page."""
    url = _link_of(node, status)
    if url is None:
        return False
    now = node.now()
    card_id = cards.link(conn, node.ids, status.id, url, now)
    if cards.claim(conn, card_id, now):
        peer = accounts.get(conn, status.account_id).peer
        jobs.enqueue(conn, node.ids, now, FetchCard(card_id=card_id, peer=peer), due_at=now + delay)
    return True


async def fetch(node: Node, job: FetchCard) -> list[StatusId]:
    """Look at a page and write down what it says; the statuses that show something new by it."""
    card = await node.read(cards.find, job.card_id)
    if card is None:
        return []
    try:
        facts = await _look(node, card.url)
    except (FetchError, Forbidden) as problem:
        logger.info("card.unread", reason=str(problem))
        return []

    picture = await _picture(node, card, facts)
    gone: set[str] = set()

    def unit(conn: Connection) -> list[StatusId]:
        known = cards.find(conn, job.card_id)
        author = _author(conn, node, facts.creator, card.url)
        if known is None or not facts.title or _is_same(known, facts, picture, author):
            return []
        cards.describe(conn, job.card_id, facts, author)
        if known.picture != picture:
            before = cards.set_picture(conn, job.card_id, picture)
            files.keep(conn, [] if picture is None else [picture.name])
            gone.update([] if before is None else [before])
            files.let_go(conn, node, gone)
        return cards.list_statuses(conn, job.card_id, TOLD_MAX)

    told = await node.write(unit)
    await files.drop(node, gone)
    return told


def _is_same(known: PreviewCard, facts: PageFacts, picture: CardPicture | None, author: AccountId | None) -> bool:
    return (known.author_id, known.picture, known.facts) == (author, picture, replace(facts, creator=""))


async def _picture(node: Node, card: PreviewCard, facts: PageFacts) -> CardPicture | None:
    """A small copy of what the page shows, stored and loose; the one that is there already, None for what is none."""
    if not facts.image or not facts.title:
        return None
    if card.picture is not None and card.picture.source == facts.image:
        return card.picture
    try:
        client = node.client.admitting(partial(looking.admit, node, urlsplit(card.url).hostname or ""))
        found = await client.fetch_bytes(looking.secure(node, facts.image), PICTURE_BYTES_MAX, IMAGE_TYPES)
        with files.scratch(node) as folder:
            made = await node.decode(_process, found.body, Path(folder))
            await files.store(node, Path(folder), [made.preview])
    except (FetchError, Forbidden, Invalid, TooLarge) as problem:
        logger.info("card.unpictured", reason=str(problem))
        return None
    small = made.preview
    return CardPicture(
        name=small.name, source=facts.image, width=small.width, height=small.height, blurhash=made.blurhash
    )


def _process(picture: bytes, folder: Path) -> ProcessedMedia:
    source = folder / "received"
    source.write_bytes(picture)
    return inspect_and_process(source, folder, "attachment", _PICTURE_LIMITS)


def _link_of(node: Node, status: Status) -> str | None:
    if not node.settings.link_previews or status.audience.visibility not in _SHOWN:
        return None
    if node.settings.allowed_networks and not node.uris.is_ours(status.uri):
        return None
    return next((url for url in text.links_in(status.content) if not node.uris.is_ours(url)), None)


async def _look(node: Node, url: str) -> PageFacts:
    client = node.client.admitting(partial(looking.admit, node, urlsplit(url).hostname or ""))
    page = await client.fetch_bytes(looking.secure(node, url), PAGE_BYTES_MAX, looking.HTML)
    read = text.read_page(page.body, page.charset, page.final_url)
    if not read.oembed_url:
        return read.facts
    try:
        found = await client.fetch_json(
            looking.secure(node, read.oembed_url), ("application/json", "application/json+oembed")
        )
    except (FetchError, Forbidden):
        return read.facts
    return text.merge_oembed(read.facts, found.json, page.final_url)


def _author(conn: Connection, node: Node, handle: str, url: str) -> AccountId | None:
    """The account known here that a page names as its author, if that account says that the site may do so."""
    username, _, domain = handle.partition("@")
    if not username or not domain:
        return None
    is_here = domain.lower() in (node.settings.domain, node.settings.web_domain)
    account = accounts.find_by_acct(conn, username, None if is_here else domain)
    return account.id if account is not None and _may_name(account, urlsplit(url).hostname or "") else None


def _may_name(account: Account, host: str) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in account.attribution_domains)
