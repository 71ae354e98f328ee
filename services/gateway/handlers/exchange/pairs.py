"""The part that runs the exchange: for every permitted pair a writer, a reader and a reporter.

It follows the policy: a pair that is new in it is taken up without a restart. A failure of the
database or of the hub makes a pair wait, never end; anything else ends the process.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from services.chassis.errors import InfrastructureFailure, backoff_seconds
from services.chassis.failpoints import Failpoint
from services.chassis.logs import logger
from services.chassis.plain import Word
from services.chassis.runnable import Readiness
from services.gateway.handlers.exchange import receipts
from services.gateway.handlers.exchange.context import ExchangeContext, exchange_topic
from services.gateway.handlers.exchange.line import Line
from services.gateway.handlers.exchange.parking import redrive
from services.gateway.handlers.exchange.receiving import Receiver
from services.gateway.handlers.exchange.sending import Writer
from services.gateway.store import policy
from services.gateway.store.exchange import books, measures, sendings
from services.gateway.store.exchange.measures import Measured

log = logger(__name__)
NAME: Final = "exchange"
FAILURES_SHOWN_AFTER: Final = 3
STOP_SECONDS: Final = 10.0
Step = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Pair:
    """What runs for one other agency."""

    writer: Writer
    receiver: Receiver
    report: asyncio.Event = field(default_factory=asyncio.Event)
    failures: dict[str, int] = field(default_factory=dict)
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def moves(self, name: str) -> None:
        """A long loop made progress: what failed before it is over."""
        self.failures[name] = 0

    @property
    def well(self) -> bool:
        """Whether no loop of the pair fails again and again."""
        return all(count < FAILURES_SHOWN_AFTER for count in self.failures.values())


class ExchangePart:
    """Runs all pairs of the node; see ``services.chassis.runnable.Part``."""

    name = NAME

    def __init__(self, context: ExchangeContext) -> None:
        self._context = context
        self._line = Line(context.hub, context.limits.acknowledge_seconds)
        self._pairs: dict[str, Pair] = {}
        self._looking: list[asyncio.Task[None]] = []
        self._failures: dict[str, int] = {}
        self._detail = "no policy yet"
        self._trouble = ""

    def readiness(self) -> Readiness:
        """Ready when a policy is known and every pair moves.

        What another agency did wrong is an alarm, never a reason to turn everybody away.
        """
        if self._detail:
            return Readiness(False, self._detail)
        late = sorted(agency for agency, pair in self._pairs.items() if not pair.well)
        if late:
            return Readiness(False, "pairs that do not move: " + " ".join(late))
        waiting = any(pair.writer.held or pair.receiver.waits for pair in self._pairs.values())
        waits = "something waits for the registry, or for room" if waiting else ""
        return Readiness(True, "; ".join(told for told in (self._trouble, waits) if told))

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the policy until ``stop``."""
        look = self._again(stop, self._failures, "look", partial(self._look, stop))
        self._looking = [asyncio.create_task(look, name="look")]
        try:
            while not stop.is_set():
                asked = asyncio.create_task(_until(stop, self._context.limits.look_seconds))
                await asyncio.wait({asked, *self._tasks()}, return_when=asyncio.FIRST_COMPLETED)
                await asked
                for task in self._tasks():
                    if task.done() and not stop.is_set():
                        task.result()
        finally:
            await self._end()

    def _tasks(self) -> list["asyncio.Task[None]"]:
        return self._looking + [task for pair in self._pairs.values() for task in pair.tasks]

    async def _end(self) -> None:
        tasks = self._tasks()
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._pairs.clear()
        await self._line.close()

    async def _look(self, stop: asyncio.Event) -> None:
        """Take up new pairs of the policy, wake those that have work; say what is late."""
        async with self._context.database.transaction() as tx:
            in_force = self._context.policy(await policy.read_policy(tx))
            waiting = await sendings.agencies_waiting(tx)
        if in_force is not None:
            self._detail = ""
            for agency in in_force.agencies_of(self._context.node):
                if agency not in self._pairs:
                    self._pairs[agency] = self._take_up(agency, stop)
            await self._refuse_what_no_pair_takes(waiting)
        for agency in waiting & self._pairs.keys():
            self._context.wake(agency).set()
        await self._context.database.run(partial(receipts.tell_late, self._context))
        await redrive(self._context)
        async with self._context.database.transaction() as tx:
            alarmed, measured = await books.alarmed(tx), await measures.measure(tx)
        self._show(alarmed, measured)
        await _until(stop, self._context.limits.look_seconds)

    async def _refuse_what_no_pair_takes(self, waiting: frozenset[str]) -> None:
        """What is queued for an agency that no pair joins to us (any more) is checked all the same,
        so that it comes back with the reason; a notice stays.
        """
        for agency in sorted(waiting - self._pairs.keys()):
            await Writer(self._context, agency, self._line).round()

    def _show(self, alarmed: Sequence[str], measured: Measured) -> None:
        """Tell an operator what is open and what is wrong."""
        context, gauge = self._context, self._context.telemetry.gauge
        self._trouble = _trouble(alarmed, measured)
        gauge("exchange_alarms").set(len(alarmed))
        gauge("exchange_depth").set(measured.open)
        gauge("exchange_age_seconds").set(_age(measured.queued_at, context.clock.now()))
        gauge("exchange_parked").set(measured.parked)
        gauge("exchange_full").set(measured.full)
        gauge("exchange_parked_age_seconds").set(_age(measured.parked_at, context.clock.wall()))

    def _take_up(self, agency: str, stop: asyncio.Event) -> Pair:
        report = asyncio.Event()
        pair = Pair(
            writer=Writer(self._context, agency, self._line),
            receiver=Receiver(self._context, agency, report),
            report=report,
        )
        steps: dict[str, Step] = {
            "write": partial(self._write, stop, agency, pair),
            "read": partial(pair.receiver.follow, stop, partial(pair.moves, "read")),
            "report": partial(self._report, stop, agency, pair),
        }
        pair.tasks = [
            asyncio.create_task(
                self._again(stop, pair.failures, name, step), name=f"{name} {agency}"
            )
            for name, step in steps.items()
        ]
        return pair

    async def _again(
        self, stop: asyncio.Event, failures: dict[str, int], name: str, step: Step
    ) -> None:
        """``step`` for ever; infrastructure that fails is waited for, longer each time."""
        while not stop.is_set():
            try:
                await step()
                failures[name] = 0
            except InfrastructureFailure as failure:
                failures[name] = failures.get(name, 0) + 1
                log.warning("the exchange waits", kind=Word(name), error=failure)
                await _until(stop, backoff_seconds(failures[name]))

    async def _write(self, stop: asyncio.Event, agency: str, pair: Pair) -> None:
        wake = self._context.wake(agency)
        wake.clear()
        await pair.writer.round()
        await _woken(stop, wake, self._context.limits.repeat_seconds)

    async def _report(self, stop: asyncio.Event, agency: str, pair: Pair) -> None:
        pair.report.clear()
        record = await self._context.database.run(partial(receipts.give, self._context, agency))
        topic = exchange_topic(self._context.node, agency)
        self._context.database.failpoints.reach(Failpoint.RECEIPT_BEFORE_SEND)
        soon = self._context.limits.receipt_seconds
        if record is not None and not await self._line.send(topic, [record]):
            soon = min(soon, self._context.limits.wait_seconds)
        await _woken(stop, pair.report, soon)


def _trouble(alarmed: Sequence[str], measured: Measured) -> str:
    told = []
    if alarmed:
        told.append("alarm: " + " ".join(alarmed))
    if measured.full:
        told.append(f"not read, too much is parked: {measured.full}")
    if measured.parked:
        told.append(f"parked: {measured.parked}")
    return "; ".join(told)


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since is not None else 0.0


async def _until(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


async def _woken(stop: asyncio.Event, wake: asyncio.Event, seconds: float) -> None:
    """Until woken, stopped, or the time is over."""
    waiting = [asyncio.create_task(event.wait()) for event in (stop, wake)]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()


def exchange_parts(context: ExchangeContext) -> list[ExchangePart]:
    """The parts of the exchange half; from now on every transaction finds the exchange."""
    context.install()
    return [ExchangePart(context)]
