"""Mastodon's admin API. Every view names its operation; ``domain.moderation.ACCESS`` says who may do it."""

from typing import Final

from quart import Blueprint

from fedorg.web.mastodon.admin import (
    accounts,
    domain_allows,
    domain_blocks,
    email_blocks,
    ip_blocks,
    measures,
    reports,
    tags,
    trends,
)

BLUEPRINTS: Final[tuple[Blueprint, ...]] = (
    accounts.blueprint,
    domain_allows.blueprint,
    domain_blocks.blueprint,
    email_blocks.blueprint,
    ip_blocks.blueprint,
    measures.blueprint,
    reports.blueprint,
    tags.blueprint,
    trends.blueprint,
)
