"""Typed values to ActivityPub JSON; the only writer.

``parse`` reads back what is written here: ``parse.resource(render.document(x)) == x``. What is None or empty is left
out, except the lists a reader may rely on (``to``, ``cc``). Documents are shaped as Mastodon reads them. Spec:
ActivityStreams 2.0 Core §2; ActivityPub §3, §4.1 and §7.
"""

from federation.render.documents import document, encode, to_bytes

__all__ = ("document", "encode", "to_bytes")
