"""Requests as signatures see them, and answers as other servers read them.

The address that was signed is built from the public URL of the node, never from the Host header, which a proxy, or an
attacker, may have changed.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from hypercorn.typing import HTTPScope
from quart import Response, request

from federation.signatures import Headers, Request
from federation.vocabulary import ACTIVITY_JSON
from fedorg.activitypub import serving
from fedorg.node import Node
from fedorg.web.base import address_of, spend_by_address, this_node
from fedorg.web.limits import Rule, subject_of_address

# Generous as well: when somebody's status spreads, whole servers come for it. A signed question may cost a fetch.
BY_ADDRESS: Final = Rule(name="documents_by_address", most=3000, seconds=300)

_DOCUMENT_TYPES: Final = (ACTIVITY_JSON, "application/ld+json")


async def count_request() -> None:
    """Before each question: one address asks so often and not more."""
    spend_by_address(BY_ADDRESS)


async def signed_request() -> Request:
    """The request that is answered now, reduced to what a signature can cover."""
    body = await request.get_data()
    assert isinstance(body, bytes)
    return request_of(this_node(), request.scope, body)


def request_of(node: Node, scope: Mapping[str, Any], body: bytes) -> Request:
    """The same of the ASGI scope of a request."""
    path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    target = f"{path}?{query}" if query else path
    return Request(
        method=scope["method"],
        target_uri=f"{node.uris.base}{target}",
        path=target,
        headers=Headers.of((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]),
        body=body,
        sender=subject_of_address(address_of(scope)),
    )


def claimed_by(node: Node) -> Callable[[HTTPScope], str | None]:
    """What tells the server that a question for an actor claims to come from; None where it has to be proven."""

    def claimed(scope: HTTPScope) -> str | None:
        if node.settings.unsigned_fetch == "none":
            return None
        lines: dict[bytes, list[str]] = {b"signature-input": [], b"signature": []}
        for name, value in scope["headers"]:
            if name.lower() in lines:
                lines[name.lower()].append(value.decode("latin-1"))
        return serving.claimed_domain(node, (one for some in lines.values() for one in some)) or ""

    return claimed


def wants_page() -> bool:
    """Whether a browser asks, rather than a server."""
    accepted = request.headers.get("Accept", "")
    return "text/html" in accepted and not any(kind in accepted for kind in _DOCUMENT_TYPES)


def private_document(body: bytes) -> Response:
    """A document that depends on who signed the request: kept by nobody in between (S48)."""
    return Response(
        body, content_type=ACTIVITY_JSON, headers={"Vary": "Accept, Signature", "Cache-Control": "private, no-store"}
    )


def public_document(body: bytes) -> Response:
    """A document that is the same for everybody."""
    return Response(body, content_type=ACTIVITY_JSON, headers={"Vary": "Accept", "Cache-Control": "public, max-age=60"})


def gone_document(body: bytes) -> Response:
    """What says that something is gone for good, the same for everybody."""
    answer = public_document(body)
    answer.status_code = HTTPStatus.GONE
    return answer
