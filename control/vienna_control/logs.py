"""The operational log: one line for each thing, constant event names, data in fields; on standard error.

It is telemetry, not evidence (that is the trail). Identifiers and digests only; nothing that a caller sent.
"""

from __future__ import annotations

import logging
import sys
import traceback

import structlog


class _Libraries(logging.Handler):
    """What libraries warn of, in our form. An exception's own text stays out: it may quote what was sent."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0] if record.exc_info else None
        message = record.getMessage()[:200] if kind is None else str(record.msg).partition(":")[0][:80]
        structlog.get_logger().log(
            record.levelno,
            "library",
            logger=record.name,
            message=message,
            error=kind.__name__ if kind else None,
        )


_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(level: str) -> None:
    """JSON lines, or coloured text where a person watches."""
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)  # without variables
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer(sort_keys=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries speak through the standard logger; only their warnings are of interest.
    logging.basicConfig(level=logging.WARNING, handlers=[_Libraries()], force=True)


def frames_of(error: BaseException) -> list[str]:
    """Where something was raised, ``file:line function``, innermost last. Neither its message nor any variable: what
    was raised may quote what came in."""
    found = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in found][-12:]
