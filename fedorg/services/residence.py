"""Whether an account of this node still lives here."""

from fedorg.domain.accounts import Account
from fedorg.errors import Forbidden


def require_not_moved(account: Account) -> None:
    """Raise ``Forbidden`` for a member who moved away: such an account can be read, and does nothing new."""
    if account.is_local and account.moved_to_uri is not None:
        raise Forbidden("This account has moved; cancel the move to use it again")
