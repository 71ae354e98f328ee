"""What the three processes of job 3 are told, and the words they say."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.servers import Place

SOURCE: Final = "source"
MIDDLE: Final = "middle"
SINK: Final = "sink"
READY: Final = "ready"
GROUP_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run."""

    stack: str
    place: Mapping[str, str]
    warm: int
    events: int
    rate: float

    def where(self) -> Place:
        """The place again."""
        given = dict(self.place)
        state, key_file = Path(given.pop("state")), Path(given.pop("key_file"))
        return Place(state=state, key_file=key_file, **given)
