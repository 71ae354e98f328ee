"""Which offset may be committed: the end of the contiguous prefix that is finished or stored.

Every piece of knowledge is tagged with the generation of the assignment; what an older generation
finishes is ignored, and no commit ever goes back (but by an audited seek, which begins anew).
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.chassis.messaging.broker import TopicPartition


@dataclass(slots=True)
class _Place:
    committed: int
    finished: int
    expected: int
    flight: deque[int] = field(default_factory=deque)
    done: set[int] = field(default_factory=set)


class Offsets:
    """The places of one assignment."""

    def __init__(self) -> None:
        self._places: dict[TopicPartition, _Place] = {}
        self.generation = 0

    def begin(self, starts: Mapping[TopicPartition, int], generation: int) -> None:
        """A new assignment: reading begins at ``starts``."""
        self._places = {each: _Place(start, start, start) for each, start in starts.items()}
        self.generation = generation

    def forget(self) -> None:
        """Nothing is ours."""
        self._places = {}

    def take(self, place: TopicPartition, offset: int) -> bool:
        """A record was fetched; False when it is not ours or was taken already."""
        known = self._places.get(place)
        if known is None or offset < known.expected:
            return False
        known.expected = offset + 1
        known.flight.append(offset)
        return True

    def finish(self, place: TopicPartition, offset: int, generation: int) -> None:
        """A record is finished or stored."""
        known = self._places.get(place)
        if known is None or generation != self.generation:
            return
        known.done.add(offset)
        while known.flight and known.flight[0] in known.done:
            known.finished = known.flight.popleft() + 1
            known.done.discard(known.finished - 1)

    def due(self) -> dict[TopicPartition, int]:
        """What may be committed and is not yet."""
        return {
            place: known.finished
            for place, known in self._places.items()
            if known.finished > known.committed
        }

    def committed(self, offsets: Mapping[TopicPartition, int], generation: int) -> None:
        """A commit was acknowledged."""
        if generation != self.generation:
            return
        for place, offset in offsets.items():
            known = self._places.get(place)
            if known is not None and offset > known.committed:
                known.committed = offset

    def committed_upto(self, place: TopicPartition) -> int:
        """Below this offset everything is finished and committed."""
        known = self._places.get(place)
        return known.committed if known else 0

    def expected(self) -> Mapping[TopicPartition, int]:
        """The next offset to be fetched, by partition."""
        return {place: known.expected for place, known in self._places.items()}

    def in_flight(self) -> Mapping[TopicPartition, int]:
        """How many records are taken and not finished, by partition."""
        return {place: len(known.flight) - len(known.done) for place, known in self._places.items()}
