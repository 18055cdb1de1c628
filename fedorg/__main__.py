"""``python -m fedorg`` and the ``fedorg`` command."""

import gc

__all__ = ["main"]


def main() -> None:
    """Load the command line, then run it.

    Loading makes thousands of objects and no garbage: to look for some meanwhile costs a tenth of a start. What was
    loaded is left out of later searches too.
    """
    gc.disable()
    from fedorg import cli  # noqa: PLC0415 - it is what must not be loaded before

    gc.freeze()
    gc.enable()
    cli.main()


if __name__ == "__main__":
    main()
