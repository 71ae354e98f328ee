"""Logs: lines of JSON, each through an allow-list of keys; exceptions as class and place only.

Write events as constant sentences and put everything that varies under a listed key: numbers,
members of an enumeration, a ``Word`` of our own code, or what has the one form of its key. No
subject, key, payload, name, text of an error or message of a foreign library may ever be in a line:
foreign records keep their logger's name, their level and the place in the code.
"""

import logging
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from types import MappingProxyType, TracebackType
from typing import Any, Final, cast

import structlog
from structlog.contextvars import bind_contextvars, get_contextvars, merge_contextvars
from structlog.typing import EventDict, WrappedLogger

from services.chassis.environment import ServiceSettings
from services.chassis.plain import (
    BUSES,
    PLACE,
    TOPIC,
    VERSION,
    Word,
    is_exception_class,
    is_own_word,
)

KEYS: Final = frozenset(
    {
        *("event", "level", "timestamp", "logger", "node", "service", "slot"),
        *("at", "attempt", "bus", "code", "consumer", "count", "epoch", "error", "feed"),
        *("generation", "host", "kind", "lane", "lag", "late", "method", "migrations", "name"),
        *("offset", "outcome", "part", "partition", "port", "reason", "revision", "route"),
        *("seconds", "signal", "sqlstate", "state", "status", "topic", "type", "version"),
    }
)
VALUE_LIMIT: Final = 120
FOREIGN_PER_PLACE: Final = 5
FOREIGN_SECONDS: Final = 60.0
PLACES_LIMIT: Final = 1000

_SENTENCE: Final = re.compile(r"[A-Za-z][A-Za-z ,;:'()-]{0,119}")
_LOGGERS: Final[set[str]] = {"foreign"}
_EXCEPTION_KEYS: Final = ("exc_info", "exception", "error")


def place_of(error: BaseException) -> str:
    """Where in the code ``error`` was raised: ``file:line`` of the innermost frame."""
    trace: TracebackType | None = error.__traceback__
    if trace is None:
        return "nowhere"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{_short(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"


def _short(path: str) -> str:
    return "/".join(path.replace("\\", "/").split("/")[-3:])


def reduce_exceptions(_log: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace exceptions by class and place."""
    for key in _EXCEPTION_KEYS:
        given = event.pop(key, None)
        if given is True:
            given = sys.exc_info()[1]
        elif isinstance(given, tuple):
            given = given[1]
        if isinstance(given, BaseException):
            event["error"], event["at"] = type(given).__name__, place_of(given)
        elif key == "error" and isinstance(given, str):
            event.setdefault("error", given)
    return event


def keep_listed(_log: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Drop every key that is not listed and every value that is not plain."""
    sentence = event.get("event")
    known = isinstance(sentence, str) and _SENTENCE.fullmatch(sentence) is not None
    kept: MutableMapping[str, Any] = {"event": sentence if known else "unlisted"}
    for key, value in event.items():
        if key in KEYS and key != "event" and _is_plain(key, value):
            kept[key] = value
    return kept


def _is_plain(key: str, value: Any) -> bool:
    if value is None or isinstance(value, bool | int | float):
        return True
    if not isinstance(value, str) or len(value) > VALUE_LIMIT:
        return False
    return is_own_word(value) or (key in _FORMS and _FORMS[key](value))


def _is_bound(key: str) -> Callable[[str], bool]:
    """What ``configure_logs`` bound to what runs here, and nothing else."""
    return lambda value: get_contextvars().get(key) == value


_FORMS: Final[Mapping[str, Callable[[str], bool]]] = MappingProxyType(
    {
        "timestamp": lambda _: True,  # written by us, over whatever was given
        "level": lambda _: True,
        "logger": _LOGGERS.__contains__,
        "node": _is_bound("node"),
        "service": _is_bound("service"),
        "bus": BUSES.__contains__,
        "at": lambda value: PLACE.fullmatch(value) is not None,
        "error": is_exception_class,
        "topic": lambda value: TOPIC.fullmatch(value) is not None,
        "version": lambda value: VERSION.fullmatch(value) is not None,
    }
)


class ForeignRecords(logging.Handler):
    """Records of other libraries: name, level, place; never the message, never a flood."""

    def __init__(self) -> None:
        super().__init__(level=logging.WARNING)
        self._window = 0.0
        self._seen: dict[str, int] = {}
        self._log = logger("foreign")

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, unless this place has written enough of late."""
        place = f"{_short(record.pathname)}:{record.lineno}"
        if not self._may(place):
            return
        error = record.exc_info[1] if record.exc_info else None
        kept = {"error": error} if error is not None else {"at": place}
        self._log.log(record.levelno, "a library says something", name=Word(record.name), **kept)

    def _may(self, place: str) -> bool:
        now = time.monotonic()
        if now - self._window > FOREIGN_SECONDS or len(self._seen) > PLACES_LIMIT:
            self._window, self._seen = now, {}
        self._seen[place] = self._seen.get(place, 0) + 1
        return self._seen[place] <= FOREIGN_PER_PLACE


def processors() -> Iterable[Any]:
    """What every line goes through, in order; the allow-list is last but one."""
    return [
        merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        reduce_exceptions,
        keep_listed,
        structlog.processors.JSONRenderer(sort_keys=True),
    ]


class _Lines:
    """Writes a line to whatever standard output is now."""

    def msg(self, line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    debug = info = warning = error = critical = exception = log = msg


def logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """``log = logger(__name__)``: goes through the allow-list whether or not logs are set up."""
    _LOGGERS.add(name)
    made = structlog.wrap_logger(
        _Lines(),
        processors=processors(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        context_class=dict,
    )
    return cast("structlog.typing.FilteringBoundLogger", made.bind(logger=name))


def configure_logs(settings: ServiceSettings) -> None:
    """Quieten foreign loggers and bind this service's name to what is started from here."""
    root = logging.getLogger()
    root.handlers = [ForeignRecords()]
    root.setLevel(logging.WARNING)
    logging.lastResort = None
    bind_contextvars(node=settings.node, service=settings.service, slot=settings.slot)
