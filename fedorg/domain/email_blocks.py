"""E-mail addresses that nobody may register with: whole domains, and single addresses kept as a hash only."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EmailBlockKind(StrEnum):
    """What is blocked; the value names it in the audit log."""

    DOMAIN = "email_domain_block"
    CANONICAL = "canonical_email_block"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailBlock:
    """A block; ``value`` is a domain, which stands for those below it too, or the hash of an address."""

    id: int
    value: str
    created_at: datetime


def canonical_hash(email: str) -> str:
    """SHA-256 of an address as Mastodon makes addresses alike: lower case, no dots before the @, nothing from + on."""
    local_part, _, host = email.strip().lower().partition("@")
    name = local_part.partition("+")[0].replace(".", "")
    return hashlib.sha256(f"{name}@{host}".encode()).hexdigest()


def domains_above(email: str) -> list[str]:
    """The domain of an address and those it lies below."""
    labels = email.strip().lower().rpartition("@")[2].split(".")
    return [".".join(labels[number:]) for number in range(len(labels))]
