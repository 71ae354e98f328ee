"""Whether a consumer makes progress, from public facts only.

Ready means: polled lately, the bus answered lately (an empty poll is no answer), something is
assigned, commits arrive, nothing is held back by the infrastructure, and every assigned partition
either moves or is at its end. A consumer that stands still without a reason is started anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from services.chassis.clock import Clock
from services.chassis.messaging.broker import TopicPartition
from services.chassis.messaging.limits import Limits
from services.chassis.runnable import Readiness


class InHand(Protocol):
    """What the lanes say of themselves."""

    @property
    def held(self) -> int:
        """How many records are in flight."""

    def longest(self) -> float:
        """For how many seconds the slowest lane has not moved."""


@dataclass(slots=True)
class Progress:
    """What was seen of one consumer, and when (machine time)."""

    clock: Clock
    limits: Limits
    stopped: str = ""
    """Why it stopped for good, as one constant sentence."""
    commit_failures: int = field(init=False, default=0)
    """In a row."""
    _polled_at: float | None = field(init=False, default=None)
    _answered_at: float = field(init=False, default=0.0)
    _assigned_at: float = field(init=False, default=0.0)
    _moved_at: float = field(init=False, default=0.0)
    _places: Mapping[TopicPartition, int] = field(init=False, default_factory=dict)

    def polled(self) -> None:
        """The bus was asked for records; a dead one gives none, as a quiet one does."""
        if self._polled_at is None:
            self.answered()
            self.assigned()
        self._polled_at = self.clock.monotonic()

    def answered(self) -> None:
        """The bus said where its logs end."""
        self._answered_at = self.clock.monotonic()

    def assigned(self) -> None:
        """Partitions are ours, or are changing hands."""
        self._assigned_at = self.clock.monotonic()

    def committed(self, *, well: bool) -> None:
        """A commit was tried."""
        self.commit_failures = 0 if well else self.commit_failures + 1

    def moved(self) -> None:
        """A record was finished, or an assignment began."""
        self._moved_at = self.clock.monotonic()

    def stands_still(
        self, expected: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> bool:
        """Whether records are there, none is fetched, and nothing moved for too long."""
        behind = any(ends.get(place, 0) > offset for place, offset in expected.items())
        if not behind or dict(expected) != self._places:
            self._places = dict(expected)
            self.moved()
            return False
        return self._too_long()

    def readiness(self, lanes: InHand, held_back: int) -> Readiness:
        """How the consumer is now."""
        if self.stopped:
            return Readiness(False, self.stopped)
        if self._polled_at is None:
            return Readiness(False, "has not read yet")
        if trouble := self._trouble(self._polled_at):
            return Readiness(False, trouble)
        if held_back:
            return Readiness(False, "held back by the database or a bus")
        if lanes.held and self._too_long():
            return Readiness(False, "nothing was finished for too long")
        stands = lanes.longest() > self.limits.stuck_seconds
        return Readiness(not stands, "a lane does not move" if stands else "")

    def _trouble(self, polled_at: float) -> str:
        """What the bus does not do, as one constant sentence."""
        limits, now = self.limits, self.clock.monotonic()
        if now - polled_at > limits.poll_stale_seconds:
            return "has not read for too long"
        if now - self._assigned_at > limits.unassigned_seconds:
            return "no partition is assigned"
        if now - self._answered_at > limits.answer_stale_seconds:
            return "the bus does not answer"
        if self.commit_failures >= limits.commit_failures:
            return "commits fail"
        return ""

    def _too_long(self) -> bool:
        return self.clock.monotonic() - self._moved_at > self.limits.stuck_seconds
