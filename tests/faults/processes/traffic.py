"""Detections that an agency's system posts all the time, while something is broken beside it.

What a door acknowledged counts: each of it must be answered once and be one case in the end.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from deploy.demo.databases import Databases
from deploy.demo.stage import Stage, new_id, on_stage
from deploy.demo.stories import loop
from deploy.local.control import topology_of

NODE = loop.BORDER
PAUSE_SECONDS = 0.4
END_SECONDS = 400.0


@dataclass
class Traffic:
    """What was acknowledged so far: intake id -> case id."""

    stage: Stage
    name: str = field(default_factory=lambda: f"traffic-{new_id()[:8]}")
    acknowledged: dict[str, str] = field(default_factory=dict)
    failure: Exception | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def flowing(self) -> Iterator["Traffic"]:
        """It flows inside the block; afterwards everything is answered."""
        worker = threading.Thread(target=self._flow, daemon=True)
        worker.start()
        try:
            yield self
        finally:
            self._stop.set()
            worker.join(self.stage.patience_seconds + END_SECONDS)
        if self.failure is not None:
            raise self.failure
        assert not worker.is_alive(), "a door answered nobody"
        self.stage.until("all answers", self._all_answered, END_SECONDS)

    def wait(self, seconds: float) -> None:
        """Let it flow for so long: the time is what is broken."""
        threading.Event().wait(seconds)

    def more(self, many: int = 5) -> None:
        """Wait until so many more were acknowledged."""
        wanted = len(self.acknowledged) + many
        self.stage.until("more acknowledged", lambda: len(self.acknowledged) >= wanted)

    def _flow(self) -> None:
        """Post with a connection of its own, the same again until it is acknowledged."""
        try:
            with on_stage(self.stage.state, self.stage.say, END_SECONDS) as stage:
                guard = stage.agency(NODE)
                while not self._stop.wait(PAUSE_SECONDS):
                    case_id = new_id()
                    codes = loop.detection(NODE, oblast="BY-BR")
                    intake_id = guard.send(guard.event("person-detected", case_id, codes))
                    self.acknowledged[intake_id] = case_id
        except Exception as failure:  # noqa: BLE001 - told to who waits
            self.failure = failure

    def _all_answered(self) -> bool:
        return self.effects() == self.expected()

    def expected(self) -> dict[str, int]:
        """Each once."""
        many = len(self.acknowledged)
        return {"cases": many, "rows of cases": many, "accepted": many, "answers": many}

    def effects(self) -> dict[str, int]:
        """What the tables hold of them."""
        identification, gateway = f"{NODE}.identification", f"{NODE}.gateway"
        cases, intakes = list(self.acknowledged.values()), list(self.acknowledged)
        return {
            "cases": self._count(
                identification,
                "SELECT count(DISTINCT subject) AS number FROM outbox_counter"
                " WHERE topic LIKE '%.identification.v1' AND subject = ANY($1)",
                cases,
            ),
            "rows of cases": self._count(
                identification,
                "SELECT count(*) AS number FROM person_case WHERE case_id::text = ANY($1)",
                cases,
            ),
            "accepted": self._count(
                gateway,
                "SELECT count(*) AS number FROM answer"
                " WHERE accepted AND intake_id::text = ANY($1)",
                intakes,
            ),
            "answers": self._count(
                gateway,
                "SELECT count(*) AS number FROM feed_entry"
                " WHERE feed = 'answers' AND body ->> 'intake_id' = ANY($1)",
                intakes,
            ),
        }

    def _count(self, unit: str, query: str, ids: list[str]) -> int:
        topology = topology_of(self.stage.state)
        rows = Databases(self.stage.state).rows(topology.unit(unit), query, ids)
        return int(rows[0]["number"])
