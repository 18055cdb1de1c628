"""Notifications in the database: made, read one by one (here) and in groups, held back, and the policies behind it."""

from fedorg.store.notifications.making import notify, notify_oneself, notify_staff
from fedorg.store.notifications.reading import (
    clear,
    count_after,
    delete,
    delete_before,
    delete_from,
    delete_some,
    delete_types,
    get,
    is_told,
    list_from_domain,
    list_of_account,
    withdraw,
    withdraw_of,
    withdraw_older_updates,
)

__all__ = [
    "clear",
    "count_after",
    "delete",
    "delete_before",
    "delete_from",
    "delete_some",
    "delete_types",
    "get",
    "is_told",
    "list_from_domain",
    "list_of_account",
    "notify",
    "notify_oneself",
    "notify_staff",
    "withdraw",
    "withdraw_of",
    "withdraw_older_updates",
]
