"""Nodes that siblings introduce: whom this node vouches for, what lists say, and what administrators make of it."""

from fedorg.services.introductions.deciding import (
    approve,
    change_policy,
    dismiss,
    list_introducers,
    list_introductions,
)
from fedorg.services.introductions.following import follow_up
from fedorg.services.introductions.listing import (
    ask,
    ask_again,
    ask_siblings,
    came_by_list,
    find_policy,
    list_vouched,
    part_with_departed,
    take_list,
)

__all__ = [
    "approve",
    "ask",
    "ask_again",
    "ask_siblings",
    "came_by_list",
    "change_policy",
    "dismiss",
    "find_policy",
    "follow_up",
    "list_introducers",
    "list_introductions",
    "list_vouched",
    "part_with_departed",
    "take_list",
]
