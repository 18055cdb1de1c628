"""Pages for people with a browser: the front door, signing in, consent, profiles."""

from typing import Final

from quart import Blueprint

BLUEPRINTS: Final[tuple[Blueprint, ...]] = ()
