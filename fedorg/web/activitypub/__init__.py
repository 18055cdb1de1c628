"""What other servers call: inboxes, actors, statuses, collections and discovery.

The only part of the web layer that knows the protocol library, and only its words for requests and discovery; what is
decided is decided in ``fedorg.activitypub``.
"""

from typing import Final

from quart import Blueprint

from fedorg.web.activitypub import actors, collections, inbox, objects, synchronisation, wellknown

BLUEPRINTS: Final[tuple[Blueprint, ...]] = (
    inbox.blueprint,
    actors.blueprint,
    objects.blueprint,
    collections.blueprint,
    synchronisation.blueprint,
    wellknown.blueprint,
)
