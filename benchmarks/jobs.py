"""What a job is: alternatives measured in interleaved rounds, goals, and what limits each figure.

The runner here knows nothing of brokers and databases; it turns the order every round, throws the
first round away and keeps the rest.
"""

import gc
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.figures import Figures, Goal, Round, turned
from benchmarks.servers import Servers


@dataclass(frozen=True, slots=True)
class Setting:
    """What a run is given: the servers, and whether a quick look is enough."""

    servers: Servers
    quick: bool

    def events(self, full: int) -> int:
        """How many events to measure with: a tenth for a quick look."""
        return max(100, full // 10) if self.quick else full


Measure = Callable[[Setting], Figures]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One table of the report."""

    name: str
    title: str
    alternatives: Mapping[str, Measure]
    goals: Sequence[Goal]
    limits: Mapping[str, str]
    """Per alternative, one sentence on what limits its figure."""
    rounds: int
    """How many rounds a full run keeps."""


@dataclass(frozen=True, slots=True)
class Meter:
    """Wall time and process CPU of the piece of work between two calls."""

    wall: float
    cpu: float

    @classmethod
    def start(cls) -> "Meter":
        """Begin now."""
        return cls(time.perf_counter(), time.process_time())

    def stop(self, events: int) -> Figures:
        """Rate and CPU per event since the start."""
        seconds = time.perf_counter() - self.wall
        cpu = time.process_time() - self.cpu
        return {"rate": events / seconds, "cpu_us": cpu * 1e6 / events}


def run_rounds(job: Job, setting: Setting, rounds: int) -> list[Round]:
    """Measure every alternative once per round; the first round only warms up."""
    kept: list[Round] = []
    names = list(job.alternatives)
    for number in range(rounds + 1):
        found: dict[str, Figures] = {}
        for name in turned(names, number):
            gc.collect()
            found[name] = job.alternatives[name](setting)
            _say(job, number, rounds, name, found[name])
        if number:
            kept.append({name: found[name] for name in names})
    return kept


def _say(job: Job, number: int, rounds: int, name: str, found: Figures) -> None:
    which = f"round {number}/{rounds}" if number else "warm-up"
    told = "  ".join(f"{figure} {value:,.1f}" for figure, value in found.items())
    sys.stderr.write(f"{job.name}: {which}: {name}: {told}\n")
    sys.stderr.flush()
