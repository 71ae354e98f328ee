"""Keeps aiokafka's own loggers quiet: it can write a thousand lines a second about one fault.

Only warnings pass, and of the same warning a few per window. Its debug lines hold keys and
values of records and may never be switched on.
"""

import logging
import time
from typing import Final

LINES_PER_WINDOW: Final = 3
WINDOW_SECONDS: Final = 10.0
KINDS_LIMIT: Final = 200


class LineLimit(logging.Filter):
    """Lets a few lines of each kind pass per window."""

    def __init__(self) -> None:
        super().__init__()
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this line may pass."""
        if record.levelno < logging.WARNING:
            return False
        kind = (record.name, str(record.msg))
        begun, lines = self._windows.get(kind, (0.0, 0))
        at = time.monotonic()
        if at - begun > WINDOW_SECONDS:
            begun, lines = at, 0
        if len(self._windows) >= KINDS_LIMIT:
            self._windows.clear()
        self._windows[kind] = (begun, lines + 1)
        return lines < LINES_PER_WINDOW


def calm_client_logs() -> None:
    """Limit every logger of aiokafka; safe to call again."""
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name) if name.split(".")[0] == "aiokafka" else None
        if logger is not None and not any(isinstance(one, LineLimit) for one in logger.filters):
            logger.setLevel(logging.WARNING)
            logger.addFilter(LineLimit())
