"""Links in profiles: a field that is a link is verified where its page links back to the profile by ``rel="me"``.

A page is looked at when the profile changes, or when a member begins to follow an account of elsewhere; accounts that
nobody here follows make this node look at nothing. A page that is read and does not link back (any more) is not
verified; one that cannot be read changes nothing. No redirect to another site counts: whoever can make a site send
people elsewhere is not its owner. What is found is told to clients and to no server.
"""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import Connection

from fedorg import log, text
from fedorg.domain.accounts import Account, AccountKey, Field
from fedorg.domain.jobs import VerifyLinks
from fedorg.errors import Forbidden
from fedorg.ids import AccountId
from fedorg.node import FetchError, Node
from fedorg.services import looking
from fedorg.store import accounts, completions, jobs, relationships

logger = log.get_logger()

PAGE_BYTES_MAX: Final = 1024 * 1024
LINKS_MAX: Final = 4
AGAIN_AFTER: Final = timedelta(minutes=1)


def request(conn: Connection, node: Node, account: Account) -> None:
    """Let the links of a profile be looked at; call it in the transaction that changes it.

    However often it changes, that is twice a minute at most.
    """
    if not node.settings.link_previews or not _links(account):
        return
    if not account.is_local and (
        node.settings.allowed_networks or not relationships.has_local_follower(conn, account.id)
    ):
        return
    now = node.now()
    if completions.claim(conn, now, f"links of {account.id}", now - AGAIN_AFTER):
        due_at = now if account.is_local else now + looking.soon()
    elif completions.claim(conn, now, f"links of {account.id} again", now - AGAIN_AFTER):
        due_at = now + AGAIN_AFTER
    else:
        return
    jobs.enqueue(conn, node.ids, now, VerifyLinks(account_id=account.id), due_at=due_at)


def record_remote(conn: Connection, node: Node, account: Account, keys: tuple[AccountKey, ...]) -> Account:
    """Write what a peer says of its account, and have its links looked at where they changed."""
    before, after = accounts.record_remote(conn, account, keys)
    if before is None or (before.url, _links(before)) != (after.url, _links(after)):
        request(conn, node, after)
    return after


async def verify(node: Node, account_id: AccountId) -> None:
    """Look at the pages that a profile links to, and note which of them link back."""
    account = await node.read(accounts.find, account_id)
    if account is None or account.suspended_at is not None:
        return
    urls = _links(account)
    answers = await asyncio.gather(*(_links_back(node, account, url) for url in urls))
    found = {url: answer for url, answer in zip(urls, answers, strict=True) if answer is not None}

    def unit(conn: Connection) -> None:
        # The profile may have changed meanwhile: what was found is about addresses.
        current = accounts.find_for_update(conn, account_id)
        if current is None:
            return
        fields = tuple(_judged(field, found, node.now()) for field in current.fields)
        if fields != current.fields:
            accounts.set_fields(conn, account_id, fields)

    await node.write(unit)


def _links(account: Account) -> tuple[str, ...]:
    """The addresses that its fields are."""
    return tuple(dict.fromkeys(url for field in account.fields if (url := text.field_link(field.value))))[:LINKS_MAX]


def _judged(field: Field, found: dict[str, bool], now: datetime) -> Field:
    answer = found.get(text.field_link(field.value) or "")
    if answer is None:
        return field
    return replace(field, verified_at=(field.verified_at or now) if answer else None)


async def _links_back(node: Node, account: Account, url: str) -> bool | None:
    """Whether a page links back; None where it could not be read."""
    client = node.client.admitting(partial(_admit, node, urlsplit(url).hostname or ""))
    try:
        page = await client.fetch_bytes(looking.secure(node, url), PAGE_BYTES_MAX, looking.HTML)
    except (FetchError, Forbidden) as problem:
        logger.info("link.unread", reason=str(problem))
        return None
    return await asyncio.to_thread(text.links_back, page.body, page.charset, (account.url, account.uri))


async def _admit(node: Node, host: str, url: str) -> None:
    await looking.admit(node, host, url)
    if (urlsplit(url).hostname or "").removeprefix("www.") != host.removeprefix("www."):
        raise Forbidden("The page leads to another site")
