"""JSON from a peer to typed values; the only reader of raw ActivityPub keys.

Nothing here opens a socket or trusts a host. Unknown properties are dropped, known ones with a wrong shape raise
``MalformedActivity``; ``load_json`` comes first and bounds what the others walk through. What a value claims is judged
by ``federation.origin``. Spec: ActivityStreams 2.0 Core §4; read as tolerantly as Mastodon reads.
"""

from federation.parse.collections import Resource
from federation.parse.doors import activity, actor, collection, key_document, key_owner, note, resource, tombstone
from federation.parse.load import JsonObject, load_json

__all__ = (
    "JsonObject",
    "Resource",
    "activity",
    "actor",
    "collection",
    "key_document",
    "key_owner",
    "load_json",
    "note",
    "resource",
    "tombstone",
)
