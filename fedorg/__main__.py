"""``python -m fedorg`` and the ``fedorg`` command."""

import gc
from typing import Final

from fedorg.loading import loading

__all__ = ["main"]

# A page makes some thousands of objects, of which next to none refer to each other in a ring: to look for rings after
# every 700 of them, as Python does by itself, costs a tenth of it.
_OBJECTS_BETWEEN_SEARCHES: Final = 10_000


def main() -> None:
    """Load the command line, then run it."""
    with loading():
        from fedorg import cli  # noqa: PLC0415 - it is what must not be loaded before

    gc.set_threshold(_OBJECTS_BETWEEN_SEARCHES)
    cli.main()


if __name__ == "__main__":
    main()
