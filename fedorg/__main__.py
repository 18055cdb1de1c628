"""``python -m fedorg`` and the ``fedorg`` command."""

from fedorg.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
