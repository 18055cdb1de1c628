"""How much may pass between this node and a peer, whatever its tier would allow."""

from typing import Final

import msgspec

from fedorg.domain.visibility import Reach, Tier, narrower_reach


class Ceilings(msgspec.Struct, frozen=True, kw_only=True):
    """How much may pass between this node and a peer, whatever its tier would allow; in both directions.

    Nothing of a wider reach than ``largest_reach``, no direct statuses, nobody's profile in the directory or in search,
    no files. ``Reach.NODE`` is nothing at all.
    """

    largest_reach: Reach = Reach.PUBLIC
    direct_messages: bool = True
    directory: bool = True
    media: bool = True


UNLIMITED: Final = Ceilings()
NOTHING: Final = Ceilings(largest_reach=Reach.NODE, direct_messages=False)
"""What is here already stays as it is shown."""


def narrower(one: Ceilings, other: Ceilings) -> Ceilings:
    """What both allow."""
    return Ceilings(
        largest_reach=narrower_reach(one.largest_reach, other.largest_reach),
        direct_messages=one.direct_messages and other.direct_messages,
        directory=one.directory and other.directory,
        media=one.media and other.media,
    )


def default_ceilings(tier: Tier) -> Ceilings:
    """What an invitation grants that says nothing else: another organisation does not look through the directory."""
    return Ceilings(directory=tier is Tier.SIBLING)
