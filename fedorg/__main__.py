"""``python -m fedorg`` and the ``fedorg`` command."""

import gc
import io
import os
import sys
from pathlib import Path
from typing import Final, NoReturn

from fedorg.errors import NO_ROOM
from fedorg.loading import loading

__all__ = ["main"]

# A page makes some thousands of objects, of which next to none refer to each other in a ring: to look for rings after
# every 700 of them, as Python does by itself, costs a tenth of it.
_OBJECTS_BETWEEN_SEARCHES: Final = 10_000


def main() -> None:
    """Load the command line, then run it."""
    # Keys, letters and pictures of people: what a node keeps is for its owner's eyes.
    os.umask(0o077)
    _prepare_streams()
    try:
        with loading():
            from fedorg import cli  # noqa: PLC0415 - it is what must not be loaded before

        gc.set_threshold(_OBJECTS_BETWEEN_SEARCHES)
        cli.main()
    except KeyboardInterrupt:
        # As it ends later: click hears of Ctrl-C only once it is there.
        sys.exit("Aborted!")
    except OSError as problem:
        if problem.errno not in NO_ROOM:
            raise
        _end_for_want_of_room(problem)


def _end_for_want_of_room(problem: OSError) -> NoReturn:
    # What could not be written to a full device would be written again at the end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(f"{problem.filename or 'What this command writes to'} has no room: {problem.strerror}.")


def _prepare_streams() -> None:
    """Let what is printed reach every terminal, and nothing else be opened under the number of a closed stream."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            # It can no more be read or written than before.
            os.set_inheritable(os.open(os.devnull, os.O_WRONLY if number == 0 else os.O_RDONLY), True)  # noqa: FBT003
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until this process ends
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    main()
