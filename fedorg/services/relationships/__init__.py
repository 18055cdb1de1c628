"""What accounts are to each other: following, blocking, muting, notes; by members here and by accounts of peers."""

from fedorg.services.relationships.blocking import (
    block,
    mute,
    receive_block,
    receive_unblock,
    receive_unblock_of,
    unblock,
    unmute,
)
from fedorg.services.relationships.following import (
    accept_requests,
    authorize_request,
    follow,
    reject_request,
    remove_from_followers,
    unfollow,
)
from fedorg.services.relationships.listing import (
    list_blocks,
    list_follow_requests,
    list_followers,
    list_following,
    list_mutes,
    list_relationships,
    set_note,
)
from fedorg.services.relationships.receiving import (
    is_followed_here,
    receive_accept,
    receive_follow,
    receive_reject,
    receive_unfollow,
    receive_unfollow_of,
)
from fedorg.services.relationships.reconciling import list_followers_at, list_local_followers, reconcile

__all__ = [
    "accept_requests",
    "authorize_request",
    "block",
    "follow",
    "is_followed_here",
    "list_blocks",
    "list_follow_requests",
    "list_followers",
    "list_followers_at",
    "list_following",
    "list_local_followers",
    "list_mutes",
    "list_relationships",
    "mute",
    "receive_accept",
    "receive_block",
    "receive_follow",
    "receive_reject",
    "receive_unblock",
    "receive_unblock_of",
    "receive_unfollow",
    "receive_unfollow_of",
    "reconcile",
    "reject_request",
    "remove_from_followers",
    "set_note",
    "unblock",
    "unfollow",
    "unmute",
]
