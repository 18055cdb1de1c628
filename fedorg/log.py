"""Structured logs: an event name and fields, one line per outcome, for people or as JSON.

Bodies, tokens, passwords and keys are never fields; ``_redact`` is the last net, not the rule. A line that cannot be
written, to a full disk or a pipe that nobody reads any more, is lost, and nothing but the line.
"""

import logging
import sys
from contextlib import suppress
from typing import Final, Literal, TextIO, TypeAlias, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

LogFormat: TypeAlias = Literal["text", "json"]

_SECRET_WORDS: Final = ("token", "secret", "password", "authorization", "private", "cookie")


def get_logger() -> FilteringBoundLogger:
    """The logger every module binds at import; configured later by ``configure``."""
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


def configure(level: str, log_format: LogFormat) -> None:
    """Write events of ``level`` and above to standard error, a line each."""
    number = logging.getLevelNamesMapping()[level.upper()]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Lossy())),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            # As text, of lines of code only: a renderer of its own would show what the variables hold.
            processors=[_drop_internals, structlog.processors.format_exc_info, renderer],
        )
    )
    # Libraries log their own news; below warnings it repeats what the node says better.
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)


class _Lossy:
    """Standard error, of which no failure reaches who writes; as much of a file as a logger needs."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


def _redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for field in event:
        if any(word in field for word in _SECRET_WORDS):
            event[field] = "(hidden)"
    return event


def _drop_internals(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {name: value for name, value in event.items() if not name.startswith("_")}
