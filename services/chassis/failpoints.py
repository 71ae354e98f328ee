"""Places at which a process can be told to die, so that a test can show what a crash leaves.

``NRM_FAILPOINT=<name>[:n]`` ends the process with SIGKILL at the n-th pass of that place; it is
heard only with ``NRM_DEMO=1`` or ``NRM_TEST=1``. Every place between two durable steps is listed
here once and passed in one place; nothing else may kill.
"""

import os
import signal
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from services.chassis.errors import SettingsWrong

PASSES_LIMIT: Final = 1_000_000


class Failpoint(StrEnum):
    """Every place."""

    OUTBOX_BEFORE_WRITE = "outbox-before-write"
    OUTBOX_BEFORE_COMMIT = "outbox-before-commit"
    OUTBOX_AFTER_COMMIT = "outbox-after-commit"
    RELAY_BEFORE_SEND = "relay-before-send"
    RELAY_AFTER_SEND = "relay-after-send"
    """Handed to the producer, no answer yet."""
    RELAY_BEFORE_DELETE = "relay-before-delete"
    """Acknowledged, and still in the outbox."""
    RELAY_AFTER_DELETE = "relay-after-delete"
    RELAY_ABANDONED = "relay-abandoned"
    """A stuck producer was given up; what it holds may still arrive."""
    RELAY_BEFORE_PARK = "relay-before-park"
    CONSUMER_AFTER_FETCH = "consumer-after-fetch"
    CONSUMER_BEFORE_SETTLE = "consumer-before-settle"
    HANDLED_BEFORE_COMMIT = "handled-before-commit"
    """In a batch passed once for each of its events."""
    SETTLED_BEFORE_FINISH = "settled-before-finish"
    """Its transaction is committed; its offset is not even due."""
    OFFSETS_BEFORE_COMMIT = "offsets-before-commit"
    OFFSETS_AFTER_COMMIT = "offsets-after-commit"
    ATTEMPT_COUNTED = "attempt-counted"
    ATTEMPT_BEFORE_OVER = "attempt-before-over"
    REWOUND_BEFORE_MARK = "rewound-before-mark"
    KEPT_BEFORE_COMMIT = "kept-before-commit"
    """Stored as gap, behind, waiting or parked."""
    PARKED_AFTER_COMMIT = "parked-after-commit"
    ROW_PARKED_BEFORE_COMMIT = "row-parked-before-commit"
    ROW_BEFORE_COMMIT = "row-before-commit"
    """The sweep settled a stored row."""
    ROW_AFTER_COMMIT = "row-after-commit"
    REDRIVEN_BEFORE_COMMIT = "redriven-before-commit"
    DOOR_BEFORE_COMMIT = "door-before-commit"
    DELETION_WRITTEN = "deletion-written"
    DELETION_BEFORE_BUS = "deletion-before-bus"
    DELETION_AFTER_BUS = "deletion-after-bus"
    FEED_BEFORE_COMMIT = "feed-before-commit"
    FEED_AFTER_COMMIT = "feed-after-commit"
    DEADLINE_BEFORE_COMMIT = "deadline-before-commit"
    DEADLINE_AFTER_COMMIT = "deadline-after-commit"
    EXCHANGE_NUMBERED = "exchange-numbered"
    EXCHANGE_BEFORE_SEND = "exchange-before-send"
    EXCHANGE_AFTER_SEND = "exchange-after-send"
    EXCHANGE_ARRIVED = "exchange-arrived"
    EXCHANGE_AFTER_ARRIVAL = "exchange-after-arrival"
    RECEIPT_BEFORE_SEND = "receipt-before-send"
    RECEIPT_TAKEN = "receipt-taken"
    STOP_BEFORE_OFFSETS = "stop-before-offsets"
    STOP_BEFORE_CLEAN = "stop-before-clean"


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Failpoints:
    """What one process was told; without an order every pass costs one comparison."""

    def __init__(self, name: str | None = None, n: int = 1, die: Callable[[], None] = _die) -> None:
        if name is not None and name not in set(map(str, Failpoint)):
            raise SettingsWrong("NRM_FAILPOINT names no failpoint")
        self._name = name
        self._left = n
        self._die = die

    def reach(self, place: Failpoint) -> None:
        """Pass the place; the n-th pass of the ordered one is the process's last act."""
        if place != self._name:
            return
        self._left -= 1
        if self._left == 0:
            self._die()


def failpoints_from(environment: Mapping[str, str]) -> Failpoints:
    """The order in the environment, if this is a demonstration or a test; else none."""
    order = environment.get("NRM_FAILPOINT", "")
    if not order or "1" not in (environment.get("NRM_DEMO"), environment.get("NRM_TEST")):
        return Failpoints()
    name, _, number = order.partition(":")
    if number and (not number.isdigit() or not 0 < int(number) <= PASSES_LIMIT):
        raise SettingsWrong("NRM_FAILPOINT is not <name> or <name>:<n>")
    return Failpoints(name, int(number or 1))
