"""Signatures in ``Signature-Input`` and ``Signature``. Spec: RFC 9421 with RFC 9530, as Mastodon profiles it.

What must be covered, in the one signature a request may carry::

    GET, HEAD   @method  @target-uri
    others      @method  @target-uri  content-digest

``created`` and ``keyid`` must be given; ``alg``, ``expires``, ``nonce`` and ``tag`` may be; any other parameter is
refused, and so is a parameter of a component other than ``@query-param``'s name. ``@target-uri`` is the node's
public URL. A peer may cover more: other derived components of requests and header fields.
"""

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

from federation.errors import MalformedDocument, SignatureRefused
from federation.keys import SigningKey
from federation.signatures import digest
from federation.signatures.messages import (
    Claim,
    Request,
    Scheme,
    also_covered,
    base_line,
    covered_date,
    require_covered,
    require_key_id,
)
from federation.signatures.structured import InnerList, Item, parse_dictionary, serialise_inner_list, serialise_item

LABEL: Final = "sig1"

_KNOWN_PARAMETERS: Final = frozenset({"created", "keyid", "alg", "expires", "nonce", "tag"})
_SECONDS_MAX: Final = 253_402_300_799  # the end of the year 9999, where datetime ends

Pairs = tuple[tuple[str, str], ...]


def sign(request: Request, key: SigningKey, now: datetime, signed: Callable[[bytes], bytes]) -> Pairs:
    """The headers to add to a request; ``signed`` makes the signature of some bytes."""
    added: Pairs = ()
    covered = {"@method": request.method, "@target-uri": request.target_uri}
    if request.has_content:
        covered["content-digest"] = digest.content_digest_header(request.body)
        added = (("Content-Digest", covered["content-digest"]),)
    covered |= {name: request.headers.combined(name) for name in also_covered(request)}
    parameters = _parameters(tuple(covered), int(now.timestamp()), key.key_id)
    lines = [base_line(f'"{name}"', value) for name, value in covered.items()]
    base = "\n".join([*lines, base_line('"@signature-params"', parameters)]).encode("ascii")
    signature = base64.b64encode(signed(base)).decode()
    return (*added, ("Signature-Input", f"{LABEL}={parameters}"), ("Signature", f"{LABEL}=:{signature}:"))


def read(request: Request) -> Claim:
    """What the two headers claim; refuses every fault that can be seen without the key."""
    inner, signature = _only_signature(request)
    covered = tuple(serialise_item(item).replace('"', "", 2) for item in inner.items)
    required = ["@method", "@target-uri"]
    if request.has_content:
        required.append("content-digest")
    require_covered(covered, required)
    if request.has_content:
        digest.require_content_digest(request.headers.single("content-digest"), request.body)
    unknown = inner.parameters.keys() - _KNOWN_PARAMETERS
    if unknown:
        raise SignatureRefused(f"the parameter {min(unknown)} is unknown")
    created = _moment(inner, "created")
    if created is None:
        raise SignatureRefused("created is not given")
    algorithm = inner.parameters.get("alg")
    if not isinstance(algorithm, str | None):
        raise SignatureRefused("alg is not a string")
    return Claim(
        request=request,
        scheme=Scheme.RFC9421,
        key_id=require_key_id(inner.parameters.get("keyid")),
        algorithm=algorithm,
        covered=covered,
        created=created,
        expires=_moment(inner, "expires"),
        date=covered_date(request, covered),
        signature=signature,
        base=signature_base(request, inner),
    )


def signature_base(request: Request, inner: InnerList) -> bytes:
    """The bytes that are signed (§2.5); refuses a component that the request does not have."""
    lines = [base_line(serialise_item(item), _value(request, item)) for item in inner.items]
    lines.append(base_line('"@signature-params"', serialise_inner_list(inner)))
    return "\n".join(lines).encode("ascii")


@lru_cache(maxsize=64)
def _parameters(names: tuple[str, ...], created: int, key_id: str) -> str:
    """What is covered, when and by which key; the same for all that a key signs in one second."""
    items = tuple(Item(name, {}) for name in names)
    return serialise_inner_list(InnerList(items, {"created": created, "keyid": key_id}))


def _only_signature(request: Request) -> tuple[InnerList, bytes]:
    try:
        inputs = parse_dictionary(request.headers.single("signature-input"))
        signatures = parse_dictionary(request.headers.single("signature"))
    except MalformedDocument as problem:
        raise SignatureRefused("the signature headers cannot be read") from problem
    if len(inputs) != 1 or inputs.keys() != signatures.keys():
        raise SignatureRefused("a request carries exactly one signature")
    (inner,) = inputs.values()
    (signature,) = signatures.values()
    if not isinstance(inner, InnerList) or not isinstance(signature, Item) or not isinstance(signature.value, bytes):
        raise SignatureRefused("the signature headers have the wrong shape")
    return inner, signature.value


def _value(request: Request, item: Item) -> str:
    name = item.value
    if not isinstance(name, str):
        raise SignatureRefused("a component is not a string")
    if name == "@query-param":
        return _query_param(request, item)
    if item.parameters:
        raise SignatureRefused(f"the parameters of {name} are not known here")
    if name.startswith("@"):
        derive = _DERIVED.get(name)
        if derive is None:
            raise SignatureRefused(f"the component {name} is not known here")
        return derive(request)
    # Of fields the lower-case names are the only ones here, as §2.1 wants them.
    return request.headers.combined(name)


def _query_param(request: Request, item: Item) -> str:
    if item.parameters.keys() != {"name"}:
        raise SignatureRefused("@query-param has a name and nothing else")
    values = [
        value
        for name, value in parse_qsl(urlsplit(request.path).query, keep_blank_values=True)
        if quote(name, safe="") == item.parameters["name"]
    ]
    if len(values) != 1:
        raise SignatureRefused("a query parameter that is covered stands exactly once")
    return quote(values[0], safe="")


def _query(request: Request) -> str:
    return f"?{request.path.partition('?')[2]}"


_DERIVED: Final[Mapping[str, Callable[[Request], str]]] = {
    "@method": lambda request: request.method,
    "@target-uri": lambda request: request.target_uri,
    "@authority": lambda request: request.authority,
    "@scheme": lambda request: request.target_uri.partition(":")[0].lower(),
    "@request-target": lambda request: request.path,
    "@path": lambda request: request.path.partition("?")[0],
    "@query": _query,
}


def _moment(inner: InnerList, name: str) -> datetime | None:
    seconds = inner.parameters.get(name)
    if seconds is None:
        return None
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 <= seconds <= _SECONDS_MAX:
        raise SignatureRefused(f"{name} is not a time")
    return datetime.fromtimestamp(seconds, UTC)
