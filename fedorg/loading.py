"""Loading modules: at the start, and later what only some processes need.

It makes thousands of objects and no garbage: to look for some meanwhile costs a tenth of it. What was loaded is left
out of later searches too.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# What libraries load where it is installed: to run as programs, to show the insides of programs in colour.
_NEVER_USED: Final = ("httpx._main", "rich")


@contextmanager
def loading() -> Iterator[None]:
    """Import in this block."""
    gc.disable()
    try:
        with _without(_NEVER_USED):
            yield
        gc.freeze()
    finally:
        gc.enable()


@contextmanager
def _without(names: tuple[str, ...]) -> Iterator[None]:
    """Let modules be missing for libraries that can do without; later they are found again."""
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        # Python's own way to say that there is none.
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
