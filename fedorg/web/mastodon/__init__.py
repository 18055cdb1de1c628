"""Mastodon's client API, one module for each group of methods in its documentation."""

from typing import Final

from quart import Blueprint

BLUEPRINTS: Final[tuple[Blueprint, ...]] = ()
