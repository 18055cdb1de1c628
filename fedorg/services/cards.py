"""Preview cards: which page a status links to, and what that page says about itself.

The first link of a public or unlisted status, of whatever reach, is looked at once a day, after the status is recorded
and, for what others wrote, after a while, so that a link that travels does not bring every server at once. The linked
site learns that this node looked and nothing else: no signature, no cookie, no name. Private and direct statuses are
never looked at: their links may be meant for one pair of eyes. What comes back is text and addresses; nothing of
another site runs here, whatever its oEmbed offers (S54). A node that may reach inner addresses (``allowed_networks``)
looks at links of its own members only: nobody elsewhere makes it read an inner page, or shows what it says (S20).
"""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import Connection

from fedorg import log, text
from fedorg.domain.accounts import Account
from fedorg.domain.cards import PageFacts, PreviewCard
from fedorg.domain.jobs import FetchCard
from fedorg.domain.statuses import Status
from fedorg.domain.visibility import Visibility
from fedorg.errors import Forbidden
from fedorg.ids import AccountId, StatusId
from fedorg.node import FetchError, Node
from fedorg.services import looking
from fedorg.store import accounts, cards, jobs

logger = log.get_logger()

PAGE_BYTES_MAX: Final = 2 * 1024 * 1024
TOLD_MAX: Final = 100
_SHOWN: Final = (Visibility.PUBLIC, Visibility.UNLISTED)


def request(conn: Connection, node: Node, status: Status, *, delay: timedelta = timedelta(0)) -> None:
    """Let a status show the page it links to; call it in the transaction that records or edits the status."""
    url = _link_of(node, status)
    if url is None:
        cards.unlink(conn, status.id)
        return
    now = node.now()
    card_id = cards.link(conn, node.ids, status.id, url, now)
    if cards.claim(conn, card_id, now):
        jobs.enqueue(conn, node.ids, now, FetchCard(card_id=card_id), due_at=now + delay)


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

    def unit(conn: Connection) -> list[StatusId]:
        known = cards.find(conn, job.card_id)
        author = _author(conn, node, facts.creator, card.url)
        if known is None or not facts.title or _is_same(known, facts, author):
            return []
        cards.describe(conn, job.card_id, facts, author)
        return cards.list_statuses(conn, job.card_id, TOLD_MAX)

    return await node.write(unit)


def _is_same(known: PreviewCard, facts: PageFacts, author: AccountId | None) -> bool:
    return known.author_id == author and known.facts == replace(facts, creator="")


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
