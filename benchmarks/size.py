"""Job: what a command costs when a node has ten thousand, a hundred thousand, a million cases.

The cases are loaded in bulk with all that identification keeps of each. Every measurement is a
process of its own, so that its memory is its own. What is counted, statements and scans, says why
the cost stays flat; the time only agrees.
"""

import asyncio
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

import asyncpg

from benchmarks import detection
from benchmarks.command import LONGEST_SECONDS, listening, real_catalogue
from benchmarks.figures import Figures, Goal, Side
from benchmarks.handler import Line, fill
from benchmarks.house import frame_at, running
from benchmarks.jobs import Job, Measure, Setting
from benchmarks.servers import Place
from contracts.envelope import source_of
from services.chassis.messaging.broker import LOCAL
from services.chassis.messaging.inboxes import inbox_consumer
from services.chassis.messaging.limits import Limits

EVENTS: Final = 600
SIZES: Final = (10_000, 100_000, 1_000_000)
QUICK_DIVISOR: Final = 100
LARGE_ROWS: Final = 5_000
CODES: Final = '{"case_type": "trafficking", "majority": "adult", "immediate_danger": false}'
COLUMNS: Final = ("case_id", "origin", "counted_by", "codes", "state", "state_detail")
AROUND: Final = (
    "ALTER TABLE person_case ALTER occurred_at SET DEFAULT now(),"
    " ALTER recorded_at SET DEFAULT now()",
)
OF_EACH: Final = (
    "INSERT INTO inbox_mark SELECT 'identification', case_id::text, $1, 'commands', 1, 1"
    " FROM person_case",
    "INSERT INTO outbox_counter SELECT $1, 1, 'cases', case_id::text, 1 FROM person_case",
    "INSERT INTO audit (actor, action, subject, reason)"
    " SELECT $1, 'detect-person', case_id::text, '' FROM person_case",
    "INSERT INTO subject_trace (subject, trace_id) SELECT case_id::text, md5($1) FROM person_case",
    "INSERT INTO deadline (id, kind, subject, due_at, detail)"
    " SELECT case_id, $1, case_id::text, 'infinity', '{}' FROM person_case",
)
SCANS: Final = (
    "SELECT coalesce(sum(seq_scan), 0) FROM pg_stat_user_tables"
    " WHERE schemaname = 'identification' AND n_live_tup >= $1"
)


def _cases(many: int) -> Iterator[tuple[Any, ...]]:
    for number in range(many):
        yield (detection.case_of(number), "detected", "node", CODES, "detected", "{}")


async def load(url: str, many: int) -> None:
    """Store so many cases, in bulk, and let PostgreSQL count them."""
    connection: Any = await asyncpg.connect(url, server_settings={"search_path": detection.SERVICE})
    try:
        for statement in AROUND:
            await connection.execute(statement)
        await connection.copy_records_to_table(
            "person_case", records=_cases(many), columns=COLUMNS, schema_name=detection.SERVICE
        )
        for statement in OF_EACH:
            await connection.execute(statement, source_of("node", "bulk"))
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def _scans(place: Place) -> int:
    connection: Any = await asyncpg.connect(place.owner_url)
    try:
        return int(await connection.fetchval(SCANS, LARGE_ROWS))
    finally:
        await connection.close()


def handled(place: Place, count: int) -> dict[str, float]:
    """In a process of its own: handle what is in the topic."""
    return asyncio.run(_handled(place, count))


async def _handled(place: Place, count: int) -> dict[str, float]:
    line = Line(count)
    async with frame_at(place, detection.SERVICE, real_catalogue()) as frame:
        context = frame.consumer_context(listening(frame, line.tick), Limits())
        async with (
            asyncio.timeout(LONGEST_SECONDS),
            running(inbox_consumer(context, frame.broker(LOCAL))),
        ):
            await line.finished.wait()
            statements = frame.database.statements
    return dict(line.figures) | {"statements": statements / count, "peak_mb": _peak_mb()}


def _peak_mb() -> float:
    """Of this program alone: what ``getrusage`` tells begins with the peak of its parent."""
    told = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()
    return int(told[0]) / 1024


def measure(setting: Setting, *, size: int) -> Figures:
    """So many stored cases, then new ones."""
    many = size // QUICK_DIVISOR if setting.quick else size
    count = setting.events(EVENTS)
    template = setting.servers.template(f"cases_{many}", partial(load, many=many))
    with setting.servers.place(template) as place:
        topic = place.topic(detection.TOPIC)
        asyncio.run(fill(place, detection.records(topic, place.node, count, first=many)))
        before = asyncio.run(_scans(place))
        fresh = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=fresh) as alone:
            found = alone.submit(handled, place, count).result(LONGEST_SECONDS)
        return found | {"scans": asyncio.run(_scans(place)) - before}


def _name(size: int) -> str:
    return f"{size:,} stored cases"


SMALLEST, LARGEST = _name(SIZES[0]), _name(SIZES[-1])
ALTERNATIVES: Final[dict[str, Measure]] = {
    _name(size): partial(measure, size=size) for size in SIZES
}


def _flat(sentence: str, figure: str) -> Goal:
    return Goal(
        sentence=f"{sentence}, the most cases against the fewest",
        of=Side(LARGEST, figure),
        against=Side(SMALLEST, figure),
        wanted="at most",
        limit=1.2,
    )


JOB: Final = Job(
    name="size",
    title="What a command costs against how many cases are stored",
    alternatives=ALTERNATIVES,
    goals=(
        _flat("CPU of an event", "cpu_us"),
        _flat("statements of an event", "statements"),
        _flat("peak memory", "peak_mb"),
        Goal(
            sentence="scans of a whole table while a million cases are stored",
            of=Side(LARGEST, "scans"),
            wanted="at most",
            limit=0,
        ),
    ),
    limits={
        _name(size): "as the real command; every read and write goes by an index, whose depth "
        "grows with the logarithm of the cases."
        for size in SIZES
    },
    rounds=2,
)
