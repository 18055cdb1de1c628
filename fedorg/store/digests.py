"""Names that are only compared, made of what others chose: where one is long, its digest stands for it.

An index of PostgreSQL takes rows of 2,704 bytes; one identity fits, two do not. And nobody fills a node with names.
"""

import hashlib
from typing import Final

KEPT_BYTES_MAX: Final = 512


def shortened(name: str) -> str:
    """The name, or its digest where it is long; no identity looks like one."""
    encoded = name.encode()
    return name if len(encoded) <= KEPT_BYTES_MAX else f"sha256:{hashlib.sha256(encoded).hexdigest()}"
