"""What can be done with statuses: post, edit, delete, receive and read.

Local and remote statuses share everything after their row is written. One act is one transaction: the row, what
belongs to it, the counts, the author's own timeline, the event and the job that tells everybody else.
"""

from fedorg.services.statuses.deleting import delete_status, delete_status_and_media
from fedorg.services.statuses.editing import edit_status
from fedorg.services.statuses.muting import mute_thread, unmute_thread
from fedorg.services.statuses.posting import post_status
from fedorg.services.statuses.reading import (
    find_by_uri,
    get_context,
    get_context_page,
    get_source,
    get_view,
    list_edits,
    list_views,
    look_into_thread,
    may_peer_see,
)
from fedorg.services.statuses.receiving import (
    Interest,
    distribute_joined,
    interest_in,
    is_told,
    join_replies,
    receive_delete,
    receive_edit,
    receive_status,
    record_backfilled,
    record_fetched,
    record_quoted,
)

__all__ = [
    "Interest",
    "delete_status",
    "delete_status_and_media",
    "distribute_joined",
    "edit_status",
    "find_by_uri",
    "get_context",
    "get_context_page",
    "get_source",
    "get_view",
    "interest_in",
    "is_told",
    "join_replies",
    "list_edits",
    "list_views",
    "look_into_thread",
    "may_peer_see",
    "mute_thread",
    "post_status",
    "receive_delete",
    "receive_edit",
    "receive_status",
    "record_backfilled",
    "record_fetched",
    "record_quoted",
    "unmute_thread",
]
