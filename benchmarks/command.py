"""Job: a real command of the domain, *person detected*, from its record to its commit.

Ours is identification as it runs: its inbox, handler, rules, store, outbox and audit on its own
tables. The peer keeps its rules and its rows and has everything else from the libraries.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Final

from benchmarks import command_library, detection, shares
from benchmarks.figures import Figures, Goal, Side
from benchmarks.handler import Line, fill
from benchmarks.house import Catalogue, frame_at, running
from benchmarks.jobs import Job, Setting
from benchmarks.servers import Place
from contracts.catalogue import spec_for
from contracts.vocabulary import load_profile
from services.chassis.frame import Frame, contracts
from services.chassis.messaging.broker import LOCAL
from services.chassis.messaging.inboxes import inbox_consumer
from services.chassis.messaging.limits import Limits
from services.chassis.messaging.subscriptions import Subscriptions
from services.chassis.messaging.work import Answer, Handler, Received, Work
from services.identification.domain import Clocks
from services.identification.handlers import Context, subscriptions

EVENTS: Final = 2_000
LIBRARY_EVENTS: Final = 300
LONGEST_SECONDS: Final = 300
ROOMS: Final = {
    "/services/identification/store/": "store",
    "/services/identification/": "domain",
    "/services/chassis/database.py": "store",
    "/services/chassis/statement.py": "store",
    "/services/chassis/": "chassis",
    "/contracts/": "chassis",
}
SHARES: Final = ("domain", "store", "chassis", shares.OTHER)

Consuming = Callable[[Place, Callable[[], None]], AbstractAsyncContextManager[None]]


def real_catalogue() -> Catalogue:
    """What identification publishes and reads."""
    return Catalogue(spec_for, contracts())


def listening(frame: Frame, tick: Callable[[], None]) -> Subscriptions:
    """What identification reads of the commands; each commit is told."""
    context = Context(clocks=Clocks(profile=load_profile("BY-draft")), telemetry=frame.telemetry)
    whole = subscriptions(context)
    handlers = {each: _ticking(handler, tick) for each, handler in whole.handlers.items()}
    return replace(whole, topics=(detection.TOPIC,), handlers=handlers)


def _ticking(handler: Handler, tick: Callable[[], None]) -> Handler:
    async def handle(received: Received, work: Work) -> Answer:
        found = await handler(received, work)
        work.transaction.after_commit("benchmark", tick)
        return found

    return handle


@asynccontextmanager
async def identification(place: Place, tick: Callable[[], None]) -> AsyncIterator[None]:
    """Its consumer, running."""
    async with frame_at(place, detection.SERVICE, real_catalogue()) as frame:
        context = frame.consumer_context(listening(frame, tick), Limits())
        async with running(inbox_consumer(context, frame.broker(LOCAL))):
            yield


def ours(setting: Setting) -> Figures:
    """Identification, not looked at."""
    return _measured(setting, setting.events(EVENTS), identification)


def ours_by_room(setting: Setting) -> Figures:
    """The same with a timer of CPU that looks where it is; looking takes a little itself."""
    with shares.counted(ROOMS) as ticks:
        found = dict(_measured(setting, setting.events(EVENTS), identification, ticks.clear))
    total = max(1, sum(ticks.values()))
    return found | {f"{room}_share": 100 * ticks[room] / total for room in SHARES}


def library(setting: Setting) -> Figures:
    """FastStream and SQLAlchemy's ORM."""
    return _measured(setting, setting.events(LIBRARY_EVENTS), command_library.consuming)


def _measured(
    setting: Setting, count: int, consuming: Consuming, begun: Callable[[], None] | None = None
) -> Figures:
    with setting.servers.place() as place:
        records = detection.records(place.topic(detection.TOPIC), place.node, count)
        asyncio.run(fill(place, records))
        return asyncio.run(_run(place, Line(count, begun=begun), consuming))


async def _run(place: Place, line: Line, consuming: Consuming) -> Figures:
    async with asyncio.timeout(LONGEST_SECONDS), consuming(place, line.tick):
        await line.finished.wait()
    return line.figures


OURS: Final = "ours"
BY_ROOM: Final = "ours, looked at by room"
LIBRARY: Final = "FastStream + SQLAlchemy ORM"

JOB: Final = Job(
    name="command",
    title="A real command, person detected: record to commit",
    alternatives={OURS: ours, BY_ROOM: ours_by_room, LIBRARY: library},
    goals=(
        Goal(
            sentence="rate against FastStream + SQLAlchemy ORM",
            of=Side(OURS, "rate"),
            against=Side(LIBRARY, "rate"),
            wanted="at least",
            limit=4,
        ),
    ),
    limits={
        OURS: "Python round trips to PostgreSQL, most of them the domain's own reads.",
        BY_ROOM: "the same; domain is rules, handlers and disclosure, store is statements and the "
        "driver under them, loop is sockets and whatever nobody of ours called.",
        LIBRARY: "one event at a time: objects and constructs for every row, an offset commit per "
        "event.",
    },
    rounds=3,
)
