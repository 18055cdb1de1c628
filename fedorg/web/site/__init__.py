"""Pages for people with a browser: the front door, signing in, consent, profiles."""

from typing import Final

from quart import Blueprint

from fedorg.web.site import (
    announcements,
    consent,
    credentials,
    federation,
    home,
    introductions,
    invites,
    mail,
    moving,
    partnerships,
    peers,
    people,
    profiles,
    reach,
    severances,
    sign_in,
    strikes,
)

BLUEPRINTS: Final[tuple[Blueprint, ...]] = (
    announcements.blueprint,
    consent.blueprint,
    credentials.blueprint,
    federation.blueprint,
    home.blueprint,
    introductions.blueprint,
    invites.blueprint,
    mail.blueprint,
    moving.blueprint,
    partnerships.blueprint,
    peers.blueprint,
    people.blueprint,
    profiles.blueprint,
    reach.blueprint,
    severances.blueprint,
    sign_in.blueprint,
    strikes.blueprint,
)
