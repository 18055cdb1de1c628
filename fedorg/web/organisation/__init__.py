"""What this node offers beyond Mastodon's API, under ``/api/fedorg/v1``: one module for each group of methods."""

from typing import Final

from quart import Blueprint

from fedorg.web.organisation import announcements, federation, introductions, partnerships, peers, people

BLUEPRINTS: Final[tuple[Blueprint, ...]] = (
    announcements.blueprint,
    federation.blueprint,
    introductions.blueprint,
    partnerships.blueprint,
    peers.blueprint,
    people.blueprint,
)
