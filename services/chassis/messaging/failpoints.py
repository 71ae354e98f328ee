"""Places at which a process can be told to die, so that a test can show what a crash leaves.

``NRM_FAILPOINT=<name>[:n]`` ends the process with SIGKILL at the n-th pass of that place; it is
heard only with ``NRM_DEMO=1`` or ``NRM_TEST=1``. Names are listed here; nothing else may kill.
"""

import os
import signal
from collections.abc import Callable, Mapping
from typing import Final

from services.chassis.errors import Misuse, SettingsWrong

AFTER_SEND_BEFORE_DELETE: Final = "after-send-before-delete"
AFTER_HANDLE_BEFORE_COMMIT: Final = "after-handle-before-commit"
AFTER_COMMIT_BEFORE_OFFSET: Final = "after-commit-before-offset"
NAMES: Final = frozenset(
    {AFTER_SEND_BEFORE_DELETE, AFTER_HANDLE_BEFORE_COMMIT, AFTER_COMMIT_BEFORE_OFFSET}
)
PASSES_LIMIT: Final = 1_000_000


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Failpoints:
    """What one process was told; without an order every pass costs one comparison."""

    def __init__(self, name: str | None = None, n: int = 1, die: Callable[[], None] = _die) -> None:
        if name is not None and name not in NAMES:
            raise SettingsWrong("NRM_FAILPOINT names no failpoint")
        self._name = name
        self._left = n
        self._die = die

    def reach(self, name: str) -> None:
        """Pass the place; the n-th pass of the ordered one is the process's last act."""
        if name != self._name:
            if name not in NAMES:
                raise Misuse(f"{name} is no failpoint")
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
