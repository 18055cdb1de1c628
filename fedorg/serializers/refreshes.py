"""What runs in the background. Spec: Mastodon API, entities/AsyncRefresh and methods/async_refreshes."""

from typing import Final, NotRequired, TypedDict

from fedorg.domain.refreshes import Refresh

RETRY_SECONDS: Final = 3


class RefreshEntity(TypedDict):
    """Mastodon's AsyncRefresh."""

    id: str
    status: str
    result_count: NotRequired[int]


class WrappedRefreshEntity(TypedDict):
    """What the address of a refresh answers."""

    async_refresh: RefreshEntity


def refresh_entity(refresh: Refresh) -> WrappedRefreshEntity:
    """Whether a refresh still runs, and what it brought."""
    entity: RefreshEntity = {"id": refresh.id, "status": "running" if refresh.is_running else "finished"}
    if refresh.found is not None:
        entity["result_count"] = refresh.found
    return {"async_refresh": entity}


def refresh_headers(refresh: Refresh | None) -> dict[str, str]:
    """The header by which an answer says that more of it is on its way."""
    if refresh is None:
        return {}
    return {"Mastodon-Async-Refresh": f'id="{refresh.id}", retry={RETRY_SECONDS}'}
