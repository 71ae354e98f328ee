"""Every bound of a consumer, by name; and the one that stops it from emptying a topic.

A bad deploy must not carry a whole topic into the parking place: after too many parked records in
a row, or too large a share of the last ones, the consumer stops and says so. Records that name a
sender count for that sender alone: one bad agency must not stop a node. Refusals never count.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from services.chassis.errors import NrmError

SENDERS_LIMIT: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of one consumer. The defaults are the rule."""

    lanes: int = 8
    in_flight: int = 1_000
    in_flight_each_partition: int = 400
    fetch_seconds: float = 0.5
    commit_seconds: float = 0.1
    commit_failures: int = 20
    """In a row; then it is not ready."""
    watch_seconds: float = 5.0
    answer_stale_seconds: float = 30.0
    unassigned_seconds: float = 30.0
    sweep_seconds: float = 1.0
    sweep_steps_each_stream: int = 1_000
    sweep_page: int = 200
    handler_seconds: float = 20.0
    tries: int = 3
    try_again_seconds: float = 0.05
    drain_seconds: float = 20.0
    """When partitions are taken away: below the broker's rebalance timeout."""
    drain_at_stop_seconds: float = 4.0
    last_commit_seconds: float = 2.0
    sweep_end_seconds: float = 1.0
    """With the two above and the bus's own end: less than a part is given to stop."""
    gives_up_after: timedelta = timedelta(seconds=60)
    alarm_after: timedelta = timedelta(seconds=60)
    attempts: int = 3
    parked_in_a_row: int = 20
    parked_ratio: float = 0.5
    parked_window: int = 100
    known_for: timedelta = timedelta(days=400)
    purge_batch: int = 1_000
    poll_stale_seconds: float = 30.0
    stuck_seconds: float = 120.0


class ParkingStopped(NrmError):  # noqa: N818 - a state, as all of ours
    """Too much would be parked: the consumer stops, nothing more is taken from the topic."""

    def __init__(self) -> None:
        super().__init__("too many events fail by themselves; the consumer stopped parking")


@dataclass(slots=True)
class _Tally:
    window: deque[bool]
    in_a_row: int = 0


@dataclass(slots=True)
class ParkingLimit:
    """Counts what was handled and what was parked, for the consumer and for each sender."""

    limits: Limits
    _own: _Tally = field(init=False)
    _senders: OrderedDict[str, _Tally] = field(init=False, default_factory=OrderedDict)

    def __post_init__(self) -> None:
        """Start with nothing counted."""
        self._own = self._fresh()

    def ask(self, sender: str) -> None:
        """Raise ParkingStopped when one more parked record would be too many.

        A sender's own limit stops nobody: it is an alarm (``senders_over``).
        """
        if not sender and self._over(self._own):
            raise ParkingStopped

    def parked(self, sender: str) -> None:
        """One more was parked."""
        tally = self._tally(sender)
        tally.in_a_row += 1
        tally.window.append(True)

    def went_well(self, sender: str) -> None:
        """One was handled."""
        tally = self._tally(sender)
        tally.in_a_row = 0
        tally.window.append(False)

    def senders_over(self) -> int:
        """How many senders are over their limit."""
        return sum(self._over(tally) for tally in self._senders.values())

    def _over(self, tally: _Tally) -> bool:
        if tally.in_a_row >= self.limits.parked_in_a_row:
            return True
        full = len(tally.window) == self.limits.parked_window
        return full and sum(tally.window) > self.limits.parked_ratio * len(tally.window)

    def _tally(self, sender: str) -> _Tally:
        if not sender:
            return self._own
        tally = self._senders.get(sender)
        if tally is None:
            tally = self._senders[sender] = self._fresh()
            if len(self._senders) > SENDERS_LIMIT:
                self._senders.popitem(last=False)
        self._senders.move_to_end(sender)
        return tally

    def _fresh(self) -> _Tally:
        return _Tally(deque(maxlen=self.limits.parked_window))
