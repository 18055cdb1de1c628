"""What a stranger's bytes reach first; each target may raise ``FederationError`` and nothing else.

``TARGETS`` is walked by the fuzzer (``python -m tests.fuzz``) and, over the recorded corpus, by the test suite.
"""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from federation import integrity, node_actor, parse, render, signatures, synchronisation
from federation.addresses import AddressPolicy
from federation.audience import Reach
from federation.bounded_json import load_json
from federation.discovery import parse_handle, parse_host_meta_xrd, parse_jrd
from federation.errors import FederationError
from federation.nodeinfo import parse_links, parse_nodeinfo
from federation.parse import JsonObject, Resource
from federation.signatures import Headers, Request

Target = Callable[[bytes], None]


def read_document(data: bytes) -> None:
    """A document is understood or refused; what was understood survives being written."""
    document = parse.load_json(data)
    for read in (parse.resource, parse.activity):
        try:
            value = read(document)
        except FederationError:
            continue
        _require_round_trip(read, value)


def read_proof(data: bytes) -> None:
    """A proof is read or refused."""
    integrity.read(parse.load_json(data))


def read_signature(data: bytes) -> None:
    """The head of a request, one field for each line, then its body: a signature is read or refused."""
    head, _, body = data.partition(b"\n\n")
    first, *lines = head.decode("latin-1").split("\n")
    pairs = [(name, value) for name, separator, value in (line.partition(":") for line in lines) if separator]
    method, _, path = first.partition(" ")
    signatures.read(
        Request(method=method, target_uri=f"https://b.example{path}", path=path, headers=Headers.of(pairs), body=body)
    )


def read_discovery(data: bytes) -> None:
    """Every small document of discovery is read or refused by each of its readers."""
    text = data.decode("utf-8", "replace")
    for read in (
        lambda: parse_host_meta_xrd(data),
        lambda: parse_handle(text, AddressPolicy()),
        lambda: synchronisation.parse(text),
        lambda: parse_jrd(load_json(data)),
        lambda: parse_links(load_json(data)),
        lambda: parse_nodeinfo(load_json(data)),
        lambda: node_actor.actor_of_links(load_json(data)),
    ):
        try:
            read()
        except FederationError:
            continue


TARGETS: Final[Mapping[str, Target]] = MappingProxyType(
    {
        "document": read_document,
        "proof": read_proof,
        "signature": read_signature,
        "discovery": read_discovery,
    }
)


def run(data: bytes) -> None:
    """All targets, one after the other; raises for anything that no peer may cause."""
    for target in TARGETS.values():
        try:
            target(data)
        except FederationError:
            continue


def _require_round_trip(read: Callable[[JsonObject], Resource], value: Resource) -> None:
    try:
        written = render.to_bytes(value)
    except ValueError:
        # Reach `node` is understood and never written.
        if Reach.NODE.value in repr(value):
            return
        raise
    again = read(json.loads(written))
    if again != value:
        raise AssertionError(f"{value!r} became {again!r}")
