"""``python -m fedorg`` and the ``fedorg`` command."""

import gc
from typing import Final

__all__ = ["main"]

# A page makes some thousands of objects, of which next to none refer to each other in a ring: to look for rings after
# every 700 of them, as Python does by itself, costs a tenth of it.
_OBJECTS_BETWEEN_SEARCHES: Final = 10_000


def main() -> None:
    """Load the command line, then run it.

    Loading makes thousands of objects and no garbage: to look for some meanwhile costs a tenth of a start. What was
    loaded is left out of later searches too.
    """
    gc.disable()
    from fedorg import cli  # noqa: PLC0415 - it is what must not be loaded before

    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_SEARCHES)
    gc.enable()
    cli.main()


if __name__ == "__main__":
    main()
