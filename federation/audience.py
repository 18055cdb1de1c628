"""Who a document is addressed to, and what that means: ``to``/``cc`` ↔ visibility and reach.

Both directions are total: ``read`` finds one answer for every pair of lists (S59), ``address`` writes the form that
Mastodon, GoToSocial, Misskey and Pleroma show no wider than meant. A reach narrower than public is addressed to the
author's followers with the node's audience collection in ``cc``, never to ``as:Public``; the extension term ``reach``
says which ring, and ``listed: false`` tells an unlisted status from a public one inside it. Reach ``node`` is never
written; read from a peer it stays what it says, the narrowest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

from federation.vocabulary import PUBLIC


class Visibility(StrEnum):
    """Who inside the reach may read; Mastodon's words."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    PRIVATE = "private"
    DIRECT = "direct"


class Reach(StrEnum):
    """How far a document may travel: ``node`` ⊂ ``organisation`` ⊂ ``partners`` ⊂ ``public``."""

    NODE = "node"
    ORGANISATION = "organisation"
    PARTNERS = "partners"
    PUBLIC = "public"


_WIDTH: Final = {Reach.NODE: 0, Reach.ORGANISATION: 1, Reach.PARTNERS: 2, Reach.PUBLIC: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """What addressing means."""

    visibility: Visibility
    reach: Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressing:
    """What a document carries: the two lists and the two extension terms.

    ``reach`` is None where the status travels everywhere, ``listed`` is False only for an unlisted status whose reach
    is narrower than public.
    """

    to: tuple[str, ...]
    cc: tuple[str, ...]
    reach: Reach | None = None
    listed: bool = True


def read(addressing: Addressing, *, followers: str | None, audiences: Mapping[str, Reach] | None = None) -> Audience:
    """What a peer's addressing means; of two contradicting signs the narrower counts.

    Args:
        addressing: The lists of the document, public spelled as ``vocabulary.PUBLIC`` (``parse`` sees to that).
        followers: The followers collection of the author, None if it has none.
        audiences: The audience collections of the author's node; others', named by an author, mean nothing.
    """
    named = {*addressing.to, *addressing.cc}
    rings = [ring for uri, ring in (audiences or {}).items() if uri in named]
    if PUBLIC in named:
        ring = Reach.PUBLIC
        visibility = Visibility.PUBLIC if PUBLIC in addressing.to else Visibility.UNLISTED
    elif rings:
        ring = max(rings, key=_WIDTH.__getitem__)
        visibility = Visibility.PUBLIC if addressing.listed else Visibility.UNLISTED
    else:
        ring = Reach.PUBLIC
        visibility = Visibility.PRIVATE if followers is not None and followers in named else Visibility.DIRECT
    return Audience(visibility=visibility, reach=min(ring, addressing.reach or Reach.PUBLIC, key=_WIDTH.__getitem__))


def address(
    audience: Audience, *, followers: str, mentions: tuple[str, ...] = (), audiences: Mapping[str, Reach] | None = None
) -> Addressing:
    """The lists and terms for a status of our own.

    Args:
        audience: What the author chose.
        followers: The author's followers collection.
        mentions: Ids of the mentioned actors.
        audiences: The audience collections of our node.

    Raises:
        ValueError: For reach ``node``, which never leaves it, and for a reach without a collection in ``audiences``.
    """
    if audience.reach is Reach.NODE:
        raise ValueError("A status of reach node is never addressed to anybody outside.")
    term = None if audience.reach is Reach.PUBLIC else audience.reach
    match audience.visibility:
        case Visibility.DIRECT:
            return Addressing(to=_distinct(mentions), cc=(), reach=term)
        case Visibility.PRIVATE:
            return Addressing(to=(followers,), cc=_distinct(mentions), reach=term)
        case Visibility.PUBLIC if term is None:
            return Addressing(to=(PUBLIC,), cc=_distinct((followers, *mentions)))
        case Visibility.UNLISTED if term is None:
            return Addressing(to=(followers,), cc=_distinct((PUBLIC, *mentions)))
        case Visibility.PUBLIC | Visibility.UNLISTED:
            ring = _collection_of(audience.reach, audiences or {})
            listed = audience.visibility is Visibility.PUBLIC
            return Addressing(to=(followers,), cc=_distinct((ring, *mentions)), reach=term, listed=listed)
        case _:
            assert_never(audience.visibility)


def _collection_of(reach: Reach, audiences: Mapping[str, Reach]) -> str:
    for uri, ring in audiences.items():
        if ring is reach:
            return uri
    raise ValueError(f"There is no audience collection for reach {reach}.")


def _distinct(ids: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))
