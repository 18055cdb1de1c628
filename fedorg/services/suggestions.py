"""Finding people: the directory, suggestions, and whom one knows among somebody's followers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.visibility import FederationMode
from fedorg.errors import Unauthorized
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.store import accounts, suggestions

FAMILIAR_MAX: Final = 40


class DirectoryOrder(StrEnum):
    """Who comes first."""

    ACTIVE = "active"
    NEW = "new"


class Source(StrEnum):
    """Why somebody is suggested; Mastodon's words."""

    FRIENDS_OF_FRIENDS = "friends_of_friends"
    MOST_FOLLOWED = "most_followed"

    @property
    def legacy(self) -> str:
        """The word for it before there were several reasons."""
        return "global" if self is Source.MOST_FOLLOWED else "past_interactions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Somebody to follow."""

    account: Account
    sources: tuple[Source, ...]


async def list_directory(
    node: Node, viewer: AccountId | None, order: DirectoryOrder, *, local_only: bool, limit: int, offset: int
) -> list[Account]:
    """Who wants to be found. Outside mode ``open`` only members may ask: it would tell anybody who works here."""
    if viewer is None and FederationMode(node.settings.federation_mode) is not FederationMode.OPEN:
        raise Unauthorized("This method requires an authenticated user")
    by = suggestions.BY_ACTIVITY if order is DirectoryOrder.ACTIVE else suggestions.BY_AGE
    return await node.read(
        suggestions.list_directory, viewer, node.now(), by, local_only=local_only, limit=limit, offset=offset
    )


async def list_suggestions(node: Node, account_id: AccountId, limit: int) -> list[Suggestion]:
    """Whom friends follow first, then who is followed most here."""

    def unit(conn: Connection) -> list[Suggestion]:
        near = suggestions.list_friends_of_friends(conn, account_id, node.now(), limit)
        many = suggestions.list_most_followed(conn, account_id, node.now(), limit)
        near_ids, many_ids = {one.id for one in near}, {one.id for one in many}
        found = {one.id: one for one in (*near, *many)}
        return [
            Suggestion(
                account=account,
                sources=tuple(
                    source
                    for source, ids in ((Source.FRIENDS_OF_FRIENDS, near_ids), (Source.MOST_FOLLOWED, many_ids))
                    if number in ids
                ),
            )
            for number, account in found.items()
        ][:limit]

    return await node.read(unit)


async def dismiss(node: Node, account_id: AccountId, target_id: AccountId) -> None:
    """Suggest somebody no more; ``NotFound`` for somebody who does not exist."""

    def unit(conn: Connection) -> None:
        suggestions.dismiss(conn, node.now(), account_id, accounts.get(conn, target_id).id)

    await node.write(unit)


async def list_familiar(
    node: Node, viewer: AccountId, ids: Sequence[AccountId]
) -> list[tuple[AccountId, list[Account]]]:
    """For each of ``ids`` that exists: whom the viewer follows among its followers."""

    def unit(conn: Connection) -> list[tuple[AccountId, list[Account]]]:
        existing = accounts.list_by_ids(conn, ids)
        found = suggestions.list_familiar(conn, viewer, list(existing), FAMILIAR_MAX)
        return [(number, found.get(number, [])) for number in dict.fromkeys(ids) if number in existing]

    return await node.read(unit)
