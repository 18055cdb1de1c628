"""What this node agrees with others: proposed, answered, approved, changed, suspended and ended, from either side."""

from fedorg.services.partnerships.deciding import (
    Invitation,
    accept,
    approve,
    change,
    decline,
    invite,
    plan_suspension,
    resume,
    revoke,
    suspend,
    suspend_as_planned,
    withdraw,
)
from fedorg.services.partnerships.letters import letter_of_plan
from fedorg.services.partnerships.looking import find_latest, get_view, list_partnerships
from fedorg.services.partnerships.noticing import expire_overdue, give_notice
from fedorg.services.partnerships.receiving import (
    receive_accept,
    receive_decline,
    receive_end,
    receive_offer,
    receive_update,
)
from fedorg.services.partnerships.settling import mark_sent

__all__ = [
    "Invitation",
    "accept",
    "approve",
    "change",
    "decline",
    "expire_overdue",
    "find_latest",
    "get_view",
    "give_notice",
    "invite",
    "letter_of_plan",
    "list_partnerships",
    "mark_sent",
    "plan_suspension",
    "receive_accept",
    "receive_decline",
    "receive_end",
    "receive_offer",
    "receive_update",
    "resume",
    "revoke",
    "suspend",
    "suspend_as_planned",
    "withdraw",
]
