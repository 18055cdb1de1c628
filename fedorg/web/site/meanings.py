"""Scopes in words that people understand, for the consent page and the list of programs."""

from typing import Final

_PARTS: Final = {
    "accounts": ("see accounts and your profile", "change your profile"),
    "blocks": ("see whom you block", "block and unblock"),
    "bookmarks": ("see your bookmarks", "add and remove bookmarks"),
    "conversations": ("", "mute and delete conversations"),
    "favourites": ("see your favourites", "favourite posts"),
    "filters": ("see your filters", "change your filters"),
    "follows": ("see whom you follow", "follow and unfollow"),
    "lists": ("see your lists", "change your lists"),
    "media": ("", "upload pictures"),
    "mutes": ("see whom you mute", "mute and unmute"),
    "notifications": ("see your notifications", "clear your notifications"),
    "reports": ("", "report to moderators"),
    "search": ("search for you", ""),
    "statuses": ("read posts as you do", "post and delete for you"),
}
_WHOLE: Final = {
    "read": "Read everything you can read",
    "write": "Post, follow and change your profile for you",
    "follow": "See and change whom you follow, block and mute",
    "push": "Receive your notifications",
    "profile": "See who you are",
    "admin:read": "Read what administrators can read, if you are one",
    "admin:write": "Do what administrators can do, if you are one",
}
_AS_ADMINISTRATOR: Final = {"admin:read": "See", "admin:write": "Change"}


def meanings_of(scopes: tuple[str, ...]) -> list[str]:
    """A sentence for each scope, the widest first."""
    return list(dict.fromkeys(_meaning(scope) for scope in sorted(scopes, key=lambda scope: scope not in _WHOLE)))


def _meaning(scope: str) -> str:
    if scope in _WHOLE:
        return _WHOLE[scope]
    verb, _, noun = scope.rpartition(":")
    if verb in ("read", "write") and noun in _PARTS:
        words = _PARTS[noun][verb == "write"]
        if words:
            return words[0].upper() + words[1:]
    if verb in _AS_ADMINISTRATOR:
        return f"{_AS_ADMINISTRATOR[verb]} {noun.replace('_', ' ')} as administrators do, if you are one"
    return f"Use {scope.replace('_', ' ')}"
