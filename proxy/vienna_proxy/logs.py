"""The operational log: one JSON line for each thing, constant event names, data in fields; on standard error.

Identifiers and digests only, nothing that a caller or an upstream sent.
"""

from __future__ import annotations

import logging
import sys

import orjson
import structlog

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


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


def configure(level: str) -> None:
    """JSON lines, or coloured text where a person watches."""
    person = sys.stderr.isatty()
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer() if person else structlog.processors.JSONRenderer(serializer=_dumps)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=(
            structlog.PrintLoggerFactory(file=sys.stderr)
            if person
            else structlog.BytesLoggerFactory(file=sys.stderr.buffer)
        ),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Libraries()], force=True)


def _dumps(data: object, **_: object) -> bytes:
    return orjson.dumps(data, default=str)
