"""Time and ids, as arguments: nothing else in the house may ask the machine for either.

``now`` is business time and drives deadlines and consent; ``wall`` and ``monotonic`` are the
machine's and drive timeouts, leases and certificates. A business clock with an offset is for
demonstrations and may never be used by a real node.
"""

import hashlib
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from services.chassis.errors import SettingsWrong

FILE_PREFIX: Final = "file:"
FILE_LOOK_SECONDS: Final = 0.05
JUMP_LIMIT: Final = timedelta(minutes=5)
JUMPED: Final = "wall and monotonic time disagree"
"""What a part says while it waits for the machine's clock to be put right."""


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """Business time, UTC."""

    def wall(self) -> datetime:
        """The machine's time, UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back."""


class SystemClock:
    """Business time is the machine's."""

    def now(self) -> datetime:
        """Business time, UTC."""
        return self.wall()

    def wall(self) -> datetime:
        """The machine's time, UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one place

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()


class FileClock(SystemClock):
    """Business time is the machine's plus an offset in seconds that a file holds as text.

    Every process of a demonstration reads the same file. A missing file is an offset of zero;
    what cannot be read leaves the last good offset in force.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = timedelta(0)
        self._seen_mtime: int | None = None
        self._looked_at = float("-inf")

    def now(self) -> datetime:
        """Business time, UTC."""
        at = self.monotonic()
        if at - self._looked_at >= FILE_LOOK_SECONDS:
            self._looked_at = at
            self._look()
        return self.wall() + self._offset

    def _look(self) -> None:
        try:
            mtime = self._path.stat().st_mtime_ns
            if mtime != self._seen_mtime:
                self._offset = timedelta(seconds=float(self._path.read_text(encoding="ascii")))
                self._seen_mtime = mtime
        except FileNotFoundError:
            self._offset, self._seen_mtime = timedelta(0), None
        except (OSError, ValueError, OverflowError):
            return


class FrozenClock:
    """Time stands still until told to go on: for tests and models."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)
        self._seconds = 0.0

    def now(self) -> datetime:
        """Business time, UTC."""
        return self._at

    def wall(self) -> datetime:
        """The machine's time, UTC."""
        return self._at

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return self._seconds

    def advance(self, by: timedelta) -> None:
        """Let ``by`` pass."""
        self._at += by
        self._seconds += by.total_seconds()


def clock_from(setting: str, demo: bool) -> Clock:
    """The clock that ``NRM_CLOCK`` names; ``file:`` only in a demonstration."""
    if setting == "system":
        return SystemClock()
    if not setting.startswith(FILE_PREFIX) or setting == FILE_PREFIX:
        raise SettingsWrong("NRM_CLOCK is neither 'system' nor 'file:' and a path")
    if not demo:
        raise SettingsWrong("NRM_CLOCK=file: is for demonstrations; it needs NRM_DEMO=1")
    return FileClock(Path(setting.removeprefix(FILE_PREFIX)))


class JumpWatch:
    """Notices that the machine's wall time left its monotonic time.

    A jump must not expire every deadline at once: whoever fires deadlines asks first. It ends
    when the two agree again (the time was set right) or when the process is started anew.
    """

    def __init__(self, clock: Clock, limit: timedelta = JUMP_LIMIT) -> None:
        self._clock = clock
        self._limit = limit
        self._wall = clock.wall()
        self._monotonic = clock.monotonic()

    def jumped(self) -> bool:
        """Whether wall and monotonic time are further apart than the limit."""
        passed = timedelta(seconds=self._clock.monotonic() - self._monotonic)
        return abs(self._clock.wall() - self._wall - passed) > self._limit


def new_id() -> UUID:
    """A random id (version 4): it tells nothing, not even a time."""
    return uuid.uuid4()  # noqa: TID251 - the one place


def derived_id(service: str, cause: str, type: str, n: int) -> UUID:  # noqa: A002
    """The id of what ``service`` publishes ``n``-th of ``type`` because of ``cause`` (version 8).

    The same cause gives the same id, so that a restored service publishes nothing twice.
    """
    parts = [service.encode(), cause.encode(), type.encode(), str(n).encode()]
    digest = hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts))
    raw = bytearray(digest.digest()[:16])
    raw[6] = raw[6] & 0x0F | 0x80
    raw[8] = raw[8] & 0x3F | 0x80
    return UUID(bytes=bytes(raw))
