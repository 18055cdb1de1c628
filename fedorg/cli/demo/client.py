"""A Mastodon client as small as it can be: sign-in through the OAuth pages, then JSON."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx

from fedorg.cli.demo.nodes import DemoNode

T = TypeVar("T")

WAIT_SECONDS: Final = 30.0
_OUT_OF_BAND: Final = "urn:ietf:wg:oauth:2.0:oob"
_SCOPES: Final = "read write follow"
_HIDDEN: Final = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


class ClientFailed(Exception):
    """A request was not answered as a client expects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person with a signed-in client."""

    node: DemoNode
    username: str
    http: httpx.AsyncClient = field(repr=False)

    @property
    def handle(self) -> str:
        """The handle others know this person by."""
        return f"@{self.username}@{self.node.domain}"

    @classmethod
    @asynccontextmanager
    async def signed_in(cls, node: DemoNode, username: str, password: str) -> "AsyncIterator[Member]":
        """Register an app, sign in and consent on the node's pages, and trade the code for a token."""
        async with httpx.AsyncClient(base_url=node.url, timeout=WAIT_SECONDS) as http:
            token = await _token(http, username, password)
            http.headers["Authorization"] = f"Bearer {token}"
            http.cookies.clear()
            yield cls(node=node, username=username, http=http)

    async def get(self, path: str, **params: str | int) -> Any:  # noqa: ANN401 - JSON of a server
        """The JSON of a GET."""
        return _json(await self.http.get(path, params=params))

    async def post(self, path: str, **form: str) -> Any:  # noqa: ANN401 - likewise
        """The JSON of a POST."""
        return _json(await self.http.post(path, data=form))

    async def find(self, other: "Member") -> str:
        """The id of another member here, resolved from their node if need be."""
        found = await self.get("/api/v2/search", q=other.handle, type="accounts", resolve="true")
        if not found["accounts"]:
            raise ClientFailed(f"{other.handle} was not found on {self.node.name}")
        return str(found["accounts"][0]["id"])


async def wait_for(look: Callable[[], Awaitable[T | None]], what: str) -> tuple[T, float]:
    """What ``look`` finds, and after how many milliseconds; ``ClientFailed`` when it finds nothing in time."""
    started = time.monotonic()
    while time.monotonic() < started + WAIT_SECONDS:
        found = await look()
        if found is not None:
            return found, (time.monotonic() - started) * 1000
        await asyncio.sleep(0.02)
    raise ClientFailed(f"{what} did not arrive within {WAIT_SECONDS:.0f} s")


def _json(response: httpx.Response) -> Any:  # noqa: ANN401 - JSON of a server
    if not response.is_success:
        raise ClientFailed(
            f"{response.request.method} {response.request.url.path}: {response.status_code} {response.text[:200]}"
        )
    return response.json()


async def _token(http: httpx.AsyncClient, username: str, password: str) -> str:
    application = _json(
        await http.post(
            "/api/v1/apps", data={"client_name": "fedorg demo", "redirect_uris": _OUT_OF_BAND, "scopes": _SCOPES}
        )
    )
    wanted = {
        "response_type": "code",
        "client_id": application["client_id"],
        "redirect_uri": _OUT_OF_BAND,
        "scope": _SCOPES,
    }
    page = await http.get("/oauth/authorize", params=wanted, follow_redirects=True)
    page = await _submit(http, page, name=username, password=password)
    page = await _submit(http, page, decision="allow")
    code = parse_qs(urlsplit(str(page.url)).query).get("code")
    if not code:
        raise ClientFailed(f"no code came back after consent: {page.status_code} {page.url.path}")
    granted = _json(
        await http.post(
            "/oauth/token",
            data={
                "grant_type": "authorization_code",
                "code": code[0],
                "redirect_uri": _OUT_OF_BAND,
                "client_id": application["client_id"],
                "client_secret": application["client_secret"],
                "scope": _SCOPES,
            },
        )
    )
    return str(granted["access_token"])


async def _submit(http: httpx.AsyncClient, page: httpx.Response, **fields: str) -> httpx.Response:
    """Fill in the form of a page and send it, as a browser does."""
    form = re.search(r'<form[^>]*method="post"[^>]*?(?:action="([^"]*)")?[^>]*>(.*?)</form>', page.text, re.DOTALL)
    if form is None:
        raise ClientFailed(f"{page.url.path} shows no form: {page.status_code}")
    action = re.search(r'action="([^"]*)"', form.group(0).split(">", 1)[0])
    hidden = {name: unescape(value) for name, value in _HIDDEN.findall(form.group(2))}
    target = page.url.join(unescape(action.group(1))) if action else page.url
    return await http.post(target, data=hidden | fields, follow_redirects=True)
