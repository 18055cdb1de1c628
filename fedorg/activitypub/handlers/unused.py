"""Activities that are understood and mean nothing on this node: ignored by name, and counted under it."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from federation.activities import Activity, Dislike, Join, Leave, Listen, View
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.outcomes import Ignored, Outcome
from fedorg.domain.accounts import Account
from fedorg.node import Node

Handler: TypeAlias = Callable[[Node, Account, Activity, Budget], Awaitable[Outcome]]


def _ignoring(reason: str) -> Handler:
    async def handle(_node: Node, _sender: Account, _activity: Activity, _budget: Budget) -> Outcome:
        return Ignored(reason)

    handle.__doc__ = f"Ignored: {reason}."
    return handle


UNUSED: Final[Mapping[type[Activity], Handler]] = MappingProxyType(
    {
        Dislike: _ignoring("votes against a status are not counted here"),
        Join: _ignoring("nothing here can be joined; accounts are followed"),
        Leave: _ignoring("nothing here can be joined, and so nothing be left"),
        Listen: _ignoring("what somebody listens to is not kept here"),
        View: _ignoring("who looked at something is not counted here"),
    }
)
