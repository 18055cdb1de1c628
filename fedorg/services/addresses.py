"""The grammar of e-mail addresses: narrower than the standard, so that no two programs read one differently (S57)."""

import re
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.email_blocks import EmailBlockKind
from fedorg.store import email_blocks

EMAIL_MAX: Final = 254
_LOCAL_PART_MAX: Final = 64
_LOCAL_PART: Final = re.compile(r"[a-z0-9_+'-]+(?:\.[a-z0-9_+'-]+)*")
_HOST_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def email_fault(email: str) -> tuple[str, str] | None:
    """Mastodon's error code and words for an address that is refused."""
    local_part, _, host = email.strip().lower().partition("@")
    labels = host.split(".")
    is_good = (
        len(email) <= EMAIL_MAX
        and len(local_part) <= _LOCAL_PART_MAX
        and _LOCAL_PART.fullmatch(local_part)
        and len(labels) > 1
        and all(_HOST_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()
    )
    return None if is_good else ("ERR_INVALID", "is invalid")


def blocked_fault(conn: Connection, email: str) -> tuple[str, str] | None:
    """The same for an address that administrators keep out."""
    is_blocked = any(email_blocks.list_matching(conn, kind, email) for kind in EmailBlockKind)
    return ("ERR_BLOCKED", "uses a disallowed e-mail provider") if is_blocked else None
