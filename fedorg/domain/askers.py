"""Who asks from another server, proven by a signature."""

from dataclasses import dataclass

from fedorg.domain.ceilings import UNLIMITED, Ceilings
from fedorg.domain.visibility import Tier
from fedorg.ids import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """An actor of a peer; ``account_id`` is None for one that is not known here."""

    account_id: AccountId | None
    domain: str
    tier: Tier
    ceilings: Ceilings = UNLIMITED
