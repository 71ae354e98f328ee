"""Three brokers, one killed: what a service of ours loses, doubles or turns round, and how long it
stands still.

A writer publishes steadily into the outbox; our relay sends to a topic with three replicas, our
consumer handles. Half way the leader of a partition dies by SIGKILL and does not come back. What
counts is what was handled, in order for each subject; the pause is the longest time between two
events that were handled.
"""

import asyncio
import itertools
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from benchmarks import event
from benchmarks.figures import Figures, Goal, Side
from benchmarks.house import frame_at, fresh_work, moved, running
from benchmarks.jobs import Job, Setting
from benchmarks.pace import steadily
from benchmarks.servers import PARTITIONS, Place
from benchmarks.wait import until
from deploy.local import broker_admin
from deploy.local.cluster import KafkaCluster
from deploy.local.shapes import TopicShape
from services.chassis.frame import Frame
from services.chassis.messaging.broker import LOCAL
from services.chassis.messaging.inboxes import inbox_consumer
from services.chassis.messaging.limits import Limits
from services.chassis.messaging.outbox import publish
from services.chassis.messaging.relay import Relay, RelayContext
from services.chassis.messaging.subscriptions import Subscriptions
from services.chassis.messaging.work import Received, Work

EVENTS: Final = 6_000
RATE: Final = 100.0
"""Events a second: what is measured is the fault, not the speed."""
SECONDS: Final = 240.0


@dataclass(slots=True)
class Book:
    """What was handled, in the order in which it was, and when."""

    numbers: dict[str, list[int]] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)

    def note(self, subject: str, number: int) -> None:
        """One event's transaction was committed."""
        self.numbers.setdefault(subject, []).append(number)
        self.times.append(time.monotonic())

    def figures(self, count: int) -> Figures:
        """What is wrong with it, when these many events should be in it."""
        names = event.subjects()
        wanted = Counter((names[number % event.SUBJECTS], number) for number in range(count))
        found = Counter((name, number) for name, known in self.numbers.items() for number in known)
        turned = sum(
            later < earlier
            for known in self.numbers.values()
            for earlier, later in itertools.pairwise(known)
        )
        pauses = [
            later - earlier for earlier, later in zip(self.times, self.times[1:], strict=False)
        ]
        return {
            "lost": float((wanted - found).total()),
            "doubled": float((found - wanted).total()),
            "reordered": float(turned),
            "pause_s": max(pauses, default=SECONDS),
        }


def leader_killed(setting: Setting) -> Figures:
    """Kill the broker that leads a partition of the topic."""
    count = setting.events(EVENTS)
    with setting.servers.place() as place, KafkaCluster(place.state / "cluster") as cluster:
        here = moved(place, bootstrap=cluster.bootstrap)
        topics = [here.topic(suffix) for suffix in (event.THINGS, event.OUTCOMES)]
        broker_admin.create(
            cluster.bootstrap, [TopicShape(name, PARTITIONS, {}) for name in topics]
        )
        return asyncio.run(_measured(here, cluster, count))


async def _measured(place: Place, cluster: KafkaCluster, count: int) -> Figures:
    book = Book()

    async def handle(received: Received, work: Work) -> None:
        await event.change(received, work)
        body = received.body
        subject = received.envelope.subject
        work.transaction.after_commit("benchmark", lambda: book.note(subject, body.number))

    async with frame_at(place) as frame:
        subscriptions = Subscriptions(
            consumer="house", topics=(event.THINGS,), handlers={event.THING.type: handle}
        )
        context = frame.consumer_context(subscriptions, Limits())
        consumer = inbox_consumer(context, frame.broker(LOCAL))
        async with running(_relay(frame)), running(consumer):
            writing = asyncio.create_task(_write(frame, count))
            await until(lambda: len(book.times) >= count // 2, every=0.05)
            await asyncio.to_thread(_kill_leader, cluster, place.topic(event.THINGS))
            await writing
            await until(lambda: len(book.times) >= count, every=0.05, seconds=SECONDS)
    return book.figures(count)


def _relay(frame: Frame) -> Relay:
    return Relay(
        RelayContext(
            database=frame.database,
            broker=frame.broker(LOCAL),
            clock=frame.clock,
            telemetry=frame.telemetry,
        )
    )


async def _write(frame: Frame, count: int) -> None:
    names = event.subjects()

    async def send(number: int) -> None:
        subject = names[number % event.SUBJECTS]
        async with frame.database.transaction() as tx:
            await frame.lock(tx, subject)
            fresh_work(frame, tx)
            publish(tx, event.body_of(subject, number), subject=subject)

    await steadily(RATE, count, send)


def _kill_leader(cluster: KafkaCluster, topic: str) -> None:
    cluster.servers[broker_admin.leader_of(cluster.bootstrap, topic, 0)].kill()


OURS: Final = "ours, the leader of a partition killed"


def _at_most(sentence: str, figure: str, limit: float) -> Goal:
    return Goal(sentence=sentence, of=Side(OURS, figure), wanted="at most", limit=limit)


JOB: Final = Job(
    name="cluster",
    title="Three brokers, one killed, 100 events a second",
    alternatives={OURS: leader_killed},
    goals=(
        _at_most("events lost", "lost", 0),
        _at_most("events handled twice", "doubled", 0),
        _at_most("events out of order", "reordered", 0),
        _at_most("longest pause in seconds", "pause_s", 31),
    ),
    limits={
        OURS: "the session of the dead broker, the choice of new leaders, and the clients' own "
        "search for them: everything waits for it and nothing is given up.",
    },
    rounds=2,
)
