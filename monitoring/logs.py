"""Structured logs on standard error: one line an event, for people or as JSON.

What is logged is a fixed event and named values. Frames, payloads, addresses with credentials and secrets
are never among them; the last line of defence drops bytes and masks credentials in URLs.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

from monitoring.masking import mask_text

Format = Literal["console", "json"]


def set_up_logs(node: str, log_format: Format = "console", level: int = logging.INFO) -> None:
    """Configure the process's logs; every line names the node."""
    render: Any = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_secrets,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(node=node)


def get_logger() -> structlog.typing.FilteringBoundLogger:
    """Return a logger: `log.info("reconnected", camera="yard", after_seconds=3)`."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger


def without_secrets(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace bytes by their length and mask credentials in URLs."""
    for key, value in event.items():
        if isinstance(value, bytes | bytearray | memoryview):
            event[key] = f"<{len(value)} bytes>"
        elif isinstance(value, str):
            event[key] = mask_text(value)
    return event
