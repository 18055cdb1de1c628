"""``python -m fedorg`` and the ``fedorg`` command."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["main"]

# A page makes some thousands of objects, of which next to none refer to each other in a ring: to look for rings after
# every 700 of them, as Python does by itself, costs a tenth of it.
_OBJECTS_BETWEEN_SEARCHES: Final = 10_000
# What libraries load where it is installed: to find addresses by themselves, to show the insides of programs in colour.
_NEVER_USED: Final = ("aiodns", "httpx._main", "rich")


def main() -> None:
    """Load the command line, then run it.

    Loading makes thousands of objects and no garbage: to look for some meanwhile costs a tenth of a start. What was
    loaded is left out of later searches too.
    """
    gc.disable()
    with _without(_NEVER_USED):
        from fedorg import cli  # noqa: PLC0415 - it is what must not be loaded before

    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_SEARCHES)
    gc.enable()
    cli.main()


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


if __name__ == "__main__":
    main()
