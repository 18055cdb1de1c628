"""Pages for people with a browser: the front door, signing in, consent, profiles."""

from typing import Final

from quart import Blueprint

from fedorg.web.site import (
    announcements,
    consent,
    home,
    invites,
    mail,
    moving,
    people,
    profiles,
    reach,
    severances,
    sign_in,
)

BLUEPRINTS: Final[tuple[Blueprint, ...]] = (
    announcements.blueprint,
    consent.blueprint,
    home.blueprint,
    invites.blueprint,
    mail.blueprint,
    moving.blueprint,
    people.blueprint,
    profiles.blueprint,
    reach.blueprint,
    severances.blueprint,
    sign_in.blueprint,
)
