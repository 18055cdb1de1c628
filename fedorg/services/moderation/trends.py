"""What trends, reviewed. Nothing waits for a review: whatever ranks is shown until somebody says no.

Reviewers see the members' rankings, and of them what they could see as members.
"""

from collections.abc import Callable

from sqlalchemy import Connection

from fedorg.domain.accounts import User
from fedorg.domain.statuses import PageQuery
from fedorg.domain.trends import (
    Publisher,
    ReviewedLink,
    ReviewedStatus,
    ReviewedTag,
    TagChange,
    TrendKind,
    Verdict,
)
from fedorg.domain.visibility import Visibility
from fedorg.errors import Invalid, NotFound
from fedorg.ids import AccountId, CardId, StatusId
from fedorg.node import Node
from fedorg.store import audit, cards, reviews, tags, trends, views
from fedorg.text import normalise_hashtag


async def list_trending_tags(node: Node, viewer: AccountId, *, limit: int, offset: int) -> list[ReviewedTag]:
    """Hashtags that many use, rejected ones too."""

    def unit(conn: Connection) -> list[ReviewedTag]:
        ids = trends.list_ranked(conn, viewer, TrendKind.TAG, limit=limit, offset=offset)
        return tags.reviewed(conn, viewer, node.now(), ids)

    return await node.read(unit)


async def list_trending_statuses(node: Node, viewer: AccountId, *, limit: int, offset: int) -> list[ReviewedStatus]:
    """Statuses that many like, rejected ones too."""

    def unit(conn: Connection) -> list[ReviewedStatus]:
        ids = trends.list_ranked(conn, viewer, TrendKind.STATUS, limit=limit, offset=offset)
        return _statuses(conn, node, viewer, [StatusId(one) for one in ids])

    return await node.read(unit)


async def list_trending_links(node: Node, viewer: AccountId, *, limit: int, offset: int) -> list[ReviewedLink]:
    """Pages that many link to, rejected ones too."""

    def unit(conn: Connection) -> list[ReviewedLink]:
        ids = trends.list_ranked(conn, viewer, TrendKind.LINK, limit=limit, offset=offset)
        return _links(conn, node, viewer, [CardId(one) for one in ids])

    return await node.read(unit)


async def list_publishers(node: Node, page: PageQuery) -> list[Publisher]:
    """Sites that links which trended lead to."""
    return await node.read(reviews.list_publishers, page)


async def list_tags(node: Node, viewer: AccountId, page: PageQuery) -> list[ReviewedTag]:
    """Hashtags of public statuses and profiles, and those that were reviewed."""
    return await node.read(tags.list_reviewed, viewer, node.now(), page)


async def get_tag(node: Node, viewer: AccountId, tag_id: int) -> ReviewedTag:
    """One of them."""
    return await node.read(tags.get_reviewed, viewer, node.now(), tag_id)


async def update_tag(node: Node, by: User, tag_id: int, change: TagChange) -> ReviewedTag:
    """Say whether a hashtag may trend, be found and be used, and how it is written; it counts as reviewed then."""

    def write(conn: Connection, before: ReviewedTag) -> None:
        shown = change.display_name
        if shown is not None and normalise_hashtag(shown) != before.view.name:
            raise Invalid("Validation failed: Display name does not match the previous name")
        tags.review(conn, tag_id, change, node.now())
        said = {
            name: str(value).lower()
            for name, value in (
                ("trendable", change.trendable),
                ("listable", change.listable),
                ("usable", change.usable),
            )
            if value is not None
        }
        details = said if shown is None else said | {"display_name": shown}
        _audit(conn, node, by, "tag.updated", f"#{before.view.name}", details)

    return await _change_tag(node, by, tag_id, write)


async def review_tag(node: Node, by: User, tag_id: int, verdict: Verdict) -> ReviewedTag:
    """Say whether a hashtag may trend."""

    def write(conn: Connection, before: ReviewedTag) -> None:
        tags.review(conn, tag_id, TagChange(trendable=verdict is Verdict.APPROVED), node.now())
        _audit(conn, node, by, f"trend.{verdict}", f"#{before.view.name}", {"kind": TrendKind.TAG.value})

    return await _change_tag(node, by, tag_id, write)


async def review_status(node: Node, by: User, status_id: StatusId, verdict: Verdict) -> ReviewedStatus:
    """Say whether a status may trend; ``NotFound`` for one that is not public, which never does."""

    def unit(conn: Connection) -> ReviewedStatus:
        status = views.get_view(conn, node.now(), by.account_id, status_id).status
        if status.audience.visibility is not Visibility.PUBLIC or status.reblog_of_id is not None:
            raise NotFound
        reviews.review_status(conn, status_id, verdict)
        _audit(conn, node, by, f"trend.{verdict}", status.uri, {"kind": TrendKind.STATUS.value})
        return _statuses(conn, node, by.account_id, [status_id])[0]

    return await node.write(unit)


async def review_link(node: Node, by: User, card_id: CardId, verdict: Verdict) -> ReviewedLink:
    """Say whether a link may trend, whatever is said of its site; ``NotFound`` for one that never ranked."""

    def unit(conn: Connection) -> ReviewedLink:
        card = cards.find(conn, card_id)
        # A page that only a narrower circle was told of is nothing to review.
        if card is None or not card.facts.title or not trends.was_link_ranked(conn, card_id):
            raise NotFound
        reviews.review_link(conn, card_id, verdict)
        _audit(conn, node, by, f"trend.{verdict}", card.url, {"kind": TrendKind.LINK.value})
        return _links(conn, node, by.account_id, [card_id])[0]

    return await node.write(unit)


async def review_publisher(node: Node, by: User, publisher_id: int, verdict: Verdict) -> Publisher:
    """Say whether links to a site may trend of which nothing else is said."""

    def unit(conn: Connection) -> Publisher:
        publisher = reviews.review_publisher(conn, publisher_id, verdict, node.now())
        _audit(conn, node, by, f"trend.{verdict}", publisher.domain, {"kind": "publisher"})
        return publisher

    return await node.write(unit)


async def _change_tag(
    node: Node, by: User, tag_id: int, write: Callable[[Connection, ReviewedTag], None]
) -> ReviewedTag:
    def unit(conn: Connection) -> ReviewedTag:
        write(conn, tags.get_reviewed(conn, by.account_id, node.now(), tag_id))
        return tags.get_reviewed(conn, by.account_id, node.now(), tag_id)

    return await node.write(unit)


def _statuses(conn: Connection, node: Node, viewer: AccountId, ids: list[StatusId]) -> list[ReviewedStatus]:
    known = reviews.reviewed_statuses(conn, ids)
    return [
        ReviewedStatus(view=view, requires_review=view.status.id not in known)
        for view in views.load_views(conn, node.now(), viewer, ids)
    ]


def _links(conn: Connection, node: Node, viewer: AccountId, ids: list[CardId]) -> list[ReviewedLink]:
    known = reviews.reviewed_links(conn, ids)
    return [
        ReviewedLink(view=view, requires_review=view.card.id not in known)
        for view in trends.link_views(conn, viewer, ids, node.now())
    ]


def _audit(conn: Connection, node: Node, by: User, action: str, target: str, details: dict[str, str]) -> None:
    audit.record(conn, node.ids, node.now(), action=action, target=target, user_id=by.id, details=details)
