"""People with clients, as the walk needs them: each signs in on the pages and acts through the API only."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any, Final

import httpx

from tests.fediverse.nodes import OUT_OF_BAND, PASSWORD, RunningNode, submit
from tests.node.talking import picture

EVERYTHING: Final = "read write follow push profile"
STAFF: Final = "admin:read admin:write"
NO_SUCH_ROUTE: Final = "Not Found"


class MissingOperationError(AssertionError):
    """What a check needs before it can begin is not there yet."""


@dataclass(slots=True, kw_only=True)
class Person:
    """Somebody of a node with a token for everything; ``browser`` holds their session."""

    node: RunningNode
    username: str
    id: str
    http: httpx.AsyncClient = field(repr=False)
    browser: httpx.AsyncClient = field(repr=False)

    @property
    def acct(self) -> str:
        """The handle that people of other servers know."""
        return f"{self.username}@{self.node.domain}"

    async def get(self, path: str, **params: Any) -> Any:  # noqa: ANN401 - JSON
        """The JSON of a GET that must succeed; ``id_`` asks for ``id[]``."""
        return success(await self.http.get(path, params=brackets(params)))

    async def post(self, path: str, **fields: Any) -> Any:  # noqa: ANN401 - JSON
        """The JSON of a POST that must succeed."""
        return success(await self.http.post(path, json=fields))

    async def put(self, path: str, **fields: Any) -> Any:  # noqa: ANN401 - JSON
        """The JSON of a PUT that must succeed."""
        return success(await self.http.put(path, json=fields))

    async def patch(self, path: str, **fields: Any) -> Any:  # noqa: ANN401 - JSON
        """The JSON of a PATCH that must succeed."""
        return success(await self.http.patch(path, json=fields))

    async def delete(self, path: str, **fields: Any) -> Any:  # noqa: ANN401 - JSON
        """The JSON of a DELETE that must succeed."""
        return success(await self.http.request("DELETE", path, json=fields))

    async def status(self, text: str, **fields: Any) -> Any:  # noqa: ANN401 - JSON
        """Post; the Status."""
        return await self.post("/api/v1/statuses", status=text, **fields)

    async def reply(self, status: Mapping[str, Any], text: str, **fields: Any) -> Any:  # noqa: ANN401 - JSON
        """Answer a status, naming its author; the Status."""
        words = f"@{status['account']['acct']} {text}"
        return await self.status(words, in_reply_to_id=status["id"], **fields)

    async def follow(self, other: "Person", **fields: Any) -> Any:  # noqa: ANN401 - JSON
        """Follow somebody of the same node; the Relationship."""
        return await self.post(f"/api/v1/accounts/{other.id}/follow", **fields)

    async def relationship(self, other_id: str) -> Any:  # noqa: ANN401 - JSON
        """What somebody is to this person."""
        (found,) = await self.get("/api/v1/accounts/relationships", id_=[other_id])
        return found

    async def find(self, other: "Person") -> Any:  # noqa: ANN401 - JSON
        """The Account of somebody, fetched from their node if need be."""
        found = await self.get("/api/v2/search", q=f"@{other.acct}", type="accounts", resolve="true")
        (account,) = found["accounts"]
        return account

    async def upload(self, colour: str = "red", **fields: str) -> Any:  # noqa: ANN401 - JSON
        """A picture that no status shows yet; the MediaAttachment."""
        files = {"file": ("picture.png", picture(colour), "image/png")}
        return success(await self.http.post("/api/v2/media", files=files, data=fields))


def brackets(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of a query; a name with ``_`` at its end means a list."""
    return {f"{name[:-1]}[]" if name.endswith("_") else name: value for name, value in params.items()}


def success(response: httpx.Response) -> Any:  # noqa: ANN401 - JSON
    """The JSON of an answer that must be a success."""
    request = f"{response.request.method} {response.request.url.path}"
    if is_missing(response):
        raise MissingOperationError(request)
    assert response.is_success, f"{request}: {response.status_code} {response.text[:300]}"
    return response.json()


def is_missing(response: httpx.Response) -> bool:
    """Whether there is no such method at all, as against no such record."""
    if response.status_code == httpx.codes.METHOD_NOT_ALLOWED:
        return True
    if response.status_code != httpx.codes.NOT_FOUND:
        return False
    try:
        return bool(response.json()["error"] == NO_SUCH_ROUTE)
    except (ValueError, KeyError, TypeError):
        return True


async def register(http: httpx.AsyncClient, scopes: str = EVERYTHING) -> dict[str, Any]:
    """A client program; its CredentialApplication."""
    fields = {"client_name": "Contract", "redirect_uris": OUT_OF_BAND, "scopes": scopes}
    application: dict[str, Any] = success(await http.post("/api/v1/apps", data=fields))
    return application


async def authorise(
    browser: httpx.AsyncClient, username: str, application: Mapping[str, Any], scopes: str = EVERYTHING, **more: str
) -> str:
    """The code a person gets for a program, on the pages; signs in first if nobody is."""
    wanted = {
        "response_type": "code",
        "client_id": application["client_id"],
        "redirect_uri": OUT_OF_BAND,
        "scope": scopes,
        **more,
    }
    page = await browser.get("/oauth/authorize", params=wanted, follow_redirects=True)
    if 'name="password"' in page.text:
        page = await submit(browser, page, name=username, password=PASSWORD)
    page = await submit(browser, page, decision="allow")
    code = re.search(r'<code id="code"[^>]*>([^<]+)<', page.text)
    assert code, f"no code on the page after consent: {page.status_code} {page.text[:300]}"
    return unescape(code[1])


async def exchange(http: httpx.AsyncClient, application: Mapping[str, Any], code: str) -> str:
    """The token for a code."""
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": OUT_OF_BAND,
        "client_id": application["client_id"],
        "client_secret": application["client_secret"],
    }
    return str(success(await http.post("/oauth/token", data=fields))["access_token"])
