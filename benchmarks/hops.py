"""Job 3: two hops at 20 events a second, in three processes, from one commit to the last.

Latency runs from the moment before the first transaction begins to the moment after the last one
committed, on the clock that all processes of a machine share. The first events are not counted.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Final

from benchmarks.figures import Figures, Goal, Side, percentile
from benchmarks.hop_plan import MIDDLE, READY, SINK, SOURCE, Plan
from benchmarks.jobs import Job, Setting
from benchmarks.servers import Place

SECONDS: Final = 15
RATE: Final = 20.0
WARM: Final = 20
STOP_SECONDS: Final = 30.0


def ours(setting: Setting) -> Figures:
    """Three processes of the chassis, each a whole frame."""
    return _measured(setting, "ours")


def library(setting: Setting) -> Figures:
    """Three processes of FastStream and faststream-outbox, as they come."""
    return _measured(setting, "library")


def _measured(setting: Setting, stack: str) -> Figures:
    with setting.servers.place() as place, ExitStack() as living:
        plan = Plan(
            stack=stack,
            place={name: str(value) for name, value in asdict(place).items()},
            warm=WARM,
            events=int(RATE * (3 if setting.quick else SECONDS)),
            rate=RATE,
        )
        sink = living.enter_context(_process(plan, SINK, place))
        middle = living.enter_context(_process(plan, MIDDLE, place))
        for process in (sink, middle):
            _line(process)
        source = living.enter_context(_process(plan, SOURCE, place))
        _line(source)
        before = [_cpu_seconds(each.pid) for each in (source, middle, sink)]
        latencies: list[float] = json.loads(_line(sink))
        after = [_cpu_seconds(each.pid) for each in (source, middle, sink)]
        cpu = sum(after) - sum(before)
    milliseconds = [1_000 * each for each in latencies]
    return {
        "p50_ms": percentile(milliseconds, 0.50),
        "p95_ms": percentile(milliseconds, 0.95),
        "cpu_us": 1e6 * cpu / (plan.events + plan.warm),
    }


@contextmanager
def _process(plan: Plan, role: str, place: Place) -> Iterator["subprocess.Popen[str]"]:
    """One of the three, told its part; asked to end at the end, killed when it does not.

    Whatever fails while it runs is told with what it said last.
    """
    told = place.state / f"{role}.err"
    with told.open("w") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "benchmarks.hop_process", role, json.dumps(asdict(plan))],
            stdout=subprocess.PIPE,
            stderr=errors,
            stdin=subprocess.DEVNULL,
            text=True,
            cwd=Path(__file__).parents[1],
        )
        try:
            yield process
        except Exception as error:
            if (code := process.poll()) is not None:
                error.add_note(f"{plan.stack}, {role} ended with {code}: {_last_line(told)}")
            raise
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _line(process: "subprocess.Popen[str]") -> str:
    """What it says next; it bounds its own waits and ends when they are over."""
    told: IO[str] | None = process.stdout
    line = told.readline() if told is not None else ""
    if not line:
        raise RuntimeError(f"a process of the benchmark ended with {process.wait()}")
    return "" if line.strip() == READY else line


def _last_line(told: Path) -> str:
    """Why a process ended: the last line of its traceback."""
    lines = told.read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


OURS: Final = "ours"
LIBRARY: Final = "FastStream + fso, defaults"

JOB: Final = Job(
    name="hops",
    title="Two hops at 20 events a second, three processes",
    alternatives={OURS: ours, LIBRARY: library},
    goals=(
        Goal(
            sentence="own p95 against own p50",
            of=Side(OURS, "p95_ms"),
            against=Side(OURS, "p50_ms"),
            wanted="at most",
            limit=3,
        ),
        Goal(
            sentence="p50 against FastStream + fso",
            of=Side(OURS, "p50_ms"),
            against=Side(LIBRARY, "p50_ms"),
            wanted="at most",
            limit=0.6,
        ),
        Goal(
            sentence="p95 against FastStream + fso",
            of=Side(OURS, "p95_ms"),
            against=Side(LIBRARY, "p95_ms"),
            wanted="at most",
            limit=0.4,
        ),
    ),
    limits={
        OURS: "three commits and two flushes of the broker one after another; the tail is waiting "
        "for a core.",
        LIBRARY: "the same, a claim and a delete per row, and SQLAlchemy's Python per statement; "
        "the tail is its polling and waiting for a core.",
    },
    rounds=5,
)
