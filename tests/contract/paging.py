"""What every list in pages owes its readers: the Link header, and what max_id, min_id, since_id and limit mean."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.contract.checks import Operation
from tests.contract.people import Person, success

_SIZE: Final = 2


async def pages(
    operation: Operation,
    who: Person,
    wanted: list[str],
    *,
    key: Callable[[Any], str] = lambda entity: str(entity["id"]),
    cursors_are_ids: bool = False,
    **arguments: Any,  # noqa: ANN401 - httpx's own
) -> None:
    """The list holds ``wanted``, newest first, and is read page by page both ways.

    ``wanted`` are three keys or more, and all that the list holds. With ``cursors_are_ids`` the cursors in the links
    are those keys; otherwise they are the node's own business.
    """
    assert len(wanted) > _SIZE, "a list of one page says nothing"
    params = {**arguments.pop("params", {}), "limit": _SIZE}
    first = await operation.ask(who, params=params, **arguments)
    _same(_keys(first, key), wanted[:_SIZE], "the first page")
    following = _link(first, "next")
    _same(await _read(who, following, key), wanted[_SIZE : 2 * _SIZE], "the page after it")
    second = await who.http.get(following)
    newer = _link(second, "prev")
    _same(await _read(who, newer, key), wanted[:_SIZE], "the page before the second one")
    if cursors_are_ids:
        await _count_in_ids(operation, who, wanted, first, key, {**arguments, "params": params})
    # A limit beyond what is allowed is lowered, not refused.
    whole = await operation.ask(who, **{**arguments, "params": {**params, "limit": 100_000}})
    _same(_keys(whole, key), wanted, "the whole list")


async def _count_in_ids(
    operation: Operation,
    who: Person,
    wanted: list[str],
    first: httpx.Response,
    key: Callable[[Any], str],
    arguments: dict[str, Any],
) -> None:
    cursor = parse_qs(urlsplit(_link(first, "next")).query)
    assert cursor.get("max_id") == [wanted[_SIZE - 1]], f"next has {cursor}, not max_id={wanted[_SIZE - 1]}"
    cursor = parse_qs(urlsplit(_link(first, "prev")).query)
    assert [wanted[0]] in (cursor.get("min_id"), cursor.get("since_id")), f"prev has {cursor}, not min_id={wanted[0]}"

    async def asked(**cursors: Any) -> list[str]:  # noqa: ANN401 - a query
        params = {**arguments["params"], **cursors}
        return _keys(await operation.ask(who, **{**arguments, "params": params}), key)

    _same(await asked(max_id=wanted[0]), wanted[1 : 1 + _SIZE], "what is older than the newest")
    _same(await asked(since_id=wanted[-1]), wanted[:-1][:_SIZE], "the newest of what is newer than the oldest")
    _same(await asked(min_id=wanted[-1]), wanted[:-1][-_SIZE:], "the oldest of what is newer than the oldest")
    _same(await asked(max_id=wanted[0], since_id=wanted[-1], limit=40), wanted[1:-1], "what lies between")


def _link(response: httpx.Response, relation: str) -> str:
    link = response.links.get(relation)
    assert link, f"there is no {relation} in the Link header {response.headers.get('Link')!r}"
    address, asked = urlsplit(link["url"]), response.request.url
    assert address.path == asked.path, f"{relation} leads to {link['url']}"
    assert f"limit={_SIZE}" in address.query, f"{relation} forgets the limit: {link['url']}"
    return link["url"]


async def _read(who: Person, address: str, key: Callable[[Any], str]) -> list[str]:
    return [key(entity) for entity in success(await who.http.get(address))]


def _keys(response: httpx.Response, key: Callable[[Any], str]) -> list[str]:
    return [key(entity) for entity in response.json()]


def _same(found: list[str], wanted: list[str], what: str) -> None:
    assert found == wanted, f"{what} holds {found}, not {wanted}"
