"""Requests as signatures see them, and answers as other servers read them.

The address that was signed is built from the public URL of the node, never from the Host header, which a proxy, or an
attacker, may have changed.
"""

from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from quart import Response, request

from federation.client import ACTIVITY_JSON
from federation.signatures import Headers, Request
from fedorg.web.base import spend_by_address, this_node
from fedorg.web.limits import Rule

# Generous as well: when somebody's status spreads, whole servers come for it. A signed question may cost a fetch.
BY_ADDRESS: Final = Rule(name="documents_by_address", most=3000, seconds=300)

_DOCUMENT_TYPES: Final = (ACTIVITY_JSON, "application/ld+json")


async def count_request() -> None:
    """Before each question: one address asks so often and not more."""
    spend_by_address(BY_ADDRESS)


async def signed_request() -> Request:
    """The request that is answered now, reduced to what a signature can cover."""
    scope = request.scope
    body = await request.get_data()
    assert isinstance(body, bytes)
    path = (scope.get("raw_path") or quote(request.path).encode()).decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    target = f"{path}?{query}" if query else path
    return Request(
        method=request.method,
        target_uri=f"{this_node().uris.base}{target}",
        path=target,
        headers=Headers.of((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]),
        body=body,
    )


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
