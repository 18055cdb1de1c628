"""What a reaction is made with, read from its activity."""

from federation.activities import EmojiReact, Like
from fedorg.domain.accounts import Account
from fedorg.domain.reactions import Reaction, read_custom, read_emoji


def reaction_of(activity: EmojiReact | Like, sender: Account) -> Reaction | None:
    """The emoji, or the custom one that its sender's server pictures; None when there is neither."""
    if activity.content is None:
        return None
    if activity.emoji is not None:
        custom = read_custom(activity.content, activity.emoji.url, sender.peer or "")
        if custom is not None:
            return custom
    return read_emoji(activity.content)
