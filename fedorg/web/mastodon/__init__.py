"""Mastodon's client API, one module for each group of methods in its documentation."""

from typing import Final

from quart import Blueprint

from fedorg.web.mastodon import (
    accounts,
    announcements,
    apps,
    domain_blocks,
    endorsements,
    featured_tags,
    filters,
    grouped_notifications,
    instance,
    lists,
    markers,
    media,
    notifications,
    oauth,
    pins,
    polls,
    quotes,
    relationships,
    reports,
    scheduled_statuses,
    search,
    statuses,
    streaming,
    suggestions,
    tags,
    timelines,
)

# Each module brings one; a line each, so that several people can add theirs.
BLUEPRINTS: Final[tuple[Blueprint, ...]] = (
    accounts.blueprint,
    announcements.blueprint,
    apps.blueprint,
    domain_blocks.blueprint,
    endorsements.blueprint,
    featured_tags.blueprint,
    filters.blueprint,
    grouped_notifications.blueprint,
    instance.blueprint,
    lists.blueprint,
    markers.blueprint,
    media.blueprint,
    notifications.blueprint,
    oauth.blueprint,
    pins.blueprint,
    polls.blueprint,
    quotes.blueprint,
    relationships.blueprint,
    reports.blueprint,
    scheduled_statuses.blueprint,
    search.blueprint,
    statuses.blueprint,
    streaming.blueprint,
    suggestions.blueprint,
    tags.blueprint,
    timelines.blueprint,
)
