"""Limits that a process sets itself before it reads a byte from outside."""

import contextlib
import ctypes
import resource
import signal
from typing import Final

_END_WITH_PARENT: Final = 1


def confine(*, memory_bytes_max: int, processor_seconds_max: int, written_bytes_max: int) -> None:
    """No going back: the limits hold for the rest of the process, which ends with the one that started it."""
    with contextlib.suppress(AttributeError):
        # Linux only; elsewhere the limit on processor time ends it.
        ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL)
    for kind, most in (
        (resource.RLIMIT_AS, memory_bytes_max),
        (resource.RLIMIT_CPU, processor_seconds_max),
        (resource.RLIMIT_FSIZE, written_bytes_max),
        (resource.RLIMIT_NOFILE, 32),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        most_allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most_allowed, most_allowed))
