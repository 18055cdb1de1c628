"""The focal point of a picture, as clients send it.

Two numbers from -1 to 1, left to right and bottom to top; ``0,0`` is the middle. Spec: Mastodon's documentation,
"Media attachments", "Focal points".
"""

import re
from typing import Final

from fedorg.errors import Invalid


def parse_focus(text: str) -> tuple[float, float]:
    """``"x,y"`` as two numbers; ``Invalid`` for anything else, and for a point outside the picture."""
    match = _FOCUS.fullmatch(text)
    if match is None:
        raise Invalid("The focal point must be two numbers with a comma between them, such as 0.1,-0.5")
    x, y = float(match[1]), float(match[2])
    if not (-1 <= x <= 1 and -1 <= y <= 1):
        raise Invalid("The numbers of a focal point must lie between -1 and 1")
    return x, y


_NUMBER: Final = r"\s*([+-]?(?:[0-9]{1,3}(?:\.[0-9]{0,32})?|\.[0-9]{1,32})(?:[eE][+-]?[0-9]{1,3})?)\s*"
_FOCUS: Final = re.compile(f"{_NUMBER},{_NUMBER}", re.ASCII)
