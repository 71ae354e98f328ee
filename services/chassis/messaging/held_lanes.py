"""Topics and lanes that just failed, and until when the relay leaves them alone.

A failing key blocks only itself; the others flow. Bounded: beyond the limit the oldest is tried
again. Nothing is remembered across a restart, and nothing here decides to give a row up.
"""

from dataclasses import dataclass, field
from typing import Final

from services.chassis.clock import Clock
from services.chassis.errors import backoff_seconds
from services.chassis.messaging.relay_rows import Lane

HELD_LIMIT: Final = 500


@dataclass(slots=True)
class _Hold:
    failures: int
    until: float


@dataclass(slots=True)
class HeldLanes:
    """What is held back. A lane with the key ``None`` stands for its whole topic."""

    clock: Clock
    _holds: dict[tuple[str, str | None], _Hold] = field(default_factory=dict)

    def hold(self, topic: str, key: str | None) -> None:
        """Hold it back, longer each time in a row."""
        known = self._holds.pop((topic, key), None)
        failures = known.failures + 1 if known else 1
        if len(self._holds) >= HELD_LIMIT:
            self._holds.pop(next(iter(self._holds)))
        until = self.clock.monotonic() + backoff_seconds(failures)
        self._holds[topic, key] = _Hold(failures, until)

    def passed(self, topic: str, key: str) -> None:
        """It got through."""
        if self._holds:
            self._holds.pop((topic, key), None)
            self._holds.pop((topic, None), None)

    def topics(self) -> list[str]:
        """Whole topics held back now."""
        return [topic for (topic, key) in self._held_now() if key is None]

    def lanes(self) -> list[Lane]:
        """Lanes held back now."""
        return [(topic, key) for (topic, key) in self._held_now() if key is not None]

    def _held_now(self) -> list[tuple[str, str | None]]:
        if not self._holds:
            return []
        at = self.clock.monotonic()
        return [lane for lane, hold in self._holds.items() if hold.until > at]
