"""What the author of a remote status lets members here do with it; a local status lets those act who may see it."""

from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.policies import Action, Approval, Party, ask
from fedorg.domain.relationships import FollowState
from fedorg.domain.statuses import Status
from fedorg.errors import Forbidden
from fedorg.store import relationships, statuses

_REFUSALS: Final = {
    Action.REPLY: "The author of this post does not let you reply to it",
    Action.FAVOURITE: "The author of this post does not let you favourite it",
    Action.REBLOG: "The author of this post does not let you boost it",
}


def require_allowed(conn: Connection, account: Account, status: Status, action: Action) -> None:
    """Raise ``Forbidden`` when the author's policy keeps ``account`` from it. Whoever is mentioned may always reply."""
    rule = None if status.interaction_policy is None else status.interaction_policy.rule_for(action)
    if rule is None:
        return
    follows = relationships.follows_between(conn, account.id, [status.account_id])
    accepted = {follow.account_id for follow in follows if follow.state is FollowState.ACCEPTED}
    party = Party(
        uri=account.uri,
        is_author=status.account_id == account.id,
        is_mentioned=account.id in statuses.mentioned_ids(conn, status.id),
        follows_author=account.id in accepted,
        is_followed=status.account_id in accepted,
    )
    if action is Action.REPLY and party.is_mentioned:
        return
    if ask(rule, party) is Approval.DENIED:
        raise Forbidden(_REFUSALS[action])
