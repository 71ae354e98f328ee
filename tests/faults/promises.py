"""What must hold when the model's world has come to rest.

Nothing is lost, stuck without a reason, or changed by reading everything again.
"""

from tests.faults.model import Row, Rules
from tests.faults.story import (
    CONSUMERS,
    NEVER_WAIT,
    PUBLISHERS,
    READS,
    SERVICES,
    Event,
    Schedule,
    Violation,
)
from tests.faults.world import Process, Producer, World

ROUNDS_LIMIT = 60


class Whole(World):
    """A world that can be brought to rest and judged."""

    def quiesce(self) -> None:
        """Let all settle and check; repair all, settle and check; read all again and compare."""
        for name in CONSUMERS:
            self.processes[name] = [Process(), Process()]
        self.drain()
        self.check(final=False)
        self.repair()
        for _ in range(ROUNDS_LIMIT):
            before = self.image()
            self.drain(redrive=True, baseline=True)
            for inbox in self.inboxes.values():
                inbox.give_up()
            if self.image() == before:
                break
        self.check(final=True)
        before = self.image()
        for name in CONSUMERS:
            self.committed[name] = {place: self.start[place] for place in self.committed[name]}
            self.processes[name] = [Process(), Process()]
        self.drain(redrive=True)
        if self.image() != before:
            raise Violation("reading everything again changed something")

    def drain(self, redrive: bool = False, baseline: bool = False) -> None:
        """Deliver, read, commit and sweep until nothing changes."""
        for _ in range(ROUNDS_LIMIT):
            before = self.image()
            self._deliver_all()
            for name in CONSUMERS:
                self._read_all(name)
                if baseline:
                    self._baseline(name)
                self._sweep_all(name, redrive)
            if self.image() == before:
                return
        raise Violation("it never comes to rest")

    def _deliver_all(self) -> None:
        for zombie in self.zombies:
            for place, queue in zombie.queues.items():
                self.log[place] += queue
        self.zombies.clear()
        for service in PUBLISHERS:
            self.producers[service] = Producer(service)
            for event in self.store(service).outbox:
                self.log[event.place].append(event)
            self.store(service).outbox.clear()

    def _read_all(self, name: str) -> None:
        for place in sorted(self.committed[name]):
            for _ in range(len(self.log[place]) * 12 + 5):
                self.fetch(name, 0, place)
                process = self.processes[name][0]
                if not process.flight:
                    break
                where, at = process.flight[0]
                self.finish(name, 0, (self.log[where][at], where, at))
            self.do_commit(CONSUMERS.index(name), 0)

    def _sweep_all(self, name: str, redrive: bool) -> None:
        if not (self.rules.sweep or redrive):
            return
        for _ in range(400):
            moved = [self.advance(name, stream, redrive) for stream in self.streams(name)]
            if not any(moved):
                return
        raise Violation(f"{name} moves for ever")

    def _baseline(self, name: str) -> None:
        """A consumer on a topic with retention: what expired before it came is not waited for."""
        store = self.store(name)
        for stream in self.streams(name):
            gaps = [n for (s, n), row in store.rows.items() if s == stream and row.state == "gap"]
            if gaps:
                store.read[stream] = max(min(gaps) - 1, store.read.get(stream, 0))

    def image(self) -> object:
        """Everything a consumer knows."""
        return [
            (
                dict(store.read),
                {place: (row.state, row.done) for place, row in store.rows.items()},
                sorted(store.effects),
                dict(store.consent),
                len(store.published),
            )
            for store in map(self.store, SERVICES)
        ]

    def retained(self, event: Event) -> bool:
        """Whether the log still holds it."""
        return any(e.uid == event.uid for e in self.log[event.place][self.start[event.place] :])

    def check(self, *, final: bool) -> None:
        """Nothing is lost; what is stored has a reason to be."""
        for name in CONSUMERS:
            for event in [e for s in PUBLISHERS for e in self.store(s).published]:
                if event.topic in READS[name]:
                    self._check_event(name, event, final)

    def _check_event(self, name: str, event: Event, final: bool) -> None:
        inbox, store = self.inboxes[name], self.store(name)
        row = store.rows.get((event.stream, event.sequence))
        if row is not None and not row.done:
            if final or not self._has_reason(name, event, row):
                raise Violation(f"{name} leaves as {row.state} {event}")
            return
        finished = event.uid in store.effects or event.uid in store.resolved
        if finished or inbox.finished_unread(event) or event.subject in store.gone:
            return
        if row is None and (self.retained(event) or not self.start[event.place]):
            raise Violation(f"{name} loses {event}")

    def _has_reason(self, name: str, event: Event, row: Row) -> bool:
        inbox = self.inboxes[name]
        if row.state == "parked":
            return True
        if row.state == "behind":
            return inbox.blocked(event)
        if row.state == "waiting":
            return inbox.waits(event)
        early = event.kind in NEVER_WAIT and not inbox.skips(event)
        return not early and not self._filled(name, event)

    def _filled(self, name: str, event: Event) -> bool:
        """Whether what was missing before it is still on the bus."""
        store = self.store(name)
        read = store.read.get(event.stream, 0)
        return event.sequence == read + 1 or any(
            e.stream == event.stream and read < e.sequence < event.sequence
            for e in self.store(event.source).published
            if (e.stream, e.sequence) not in store.rows and self.retained(e)
        )


def run(schedule: Schedule, rules: Rules | None = None) -> tuple[str, list[str]] | None:
    """None, or which promise broke and what happened before."""
    world = Whole(rules)
    try:
        for action, a, b in schedule:
            world.step(action, a, b)
        world.quiesce()
    except Violation as violation:
        return str(violation), world.teller.lines
    return None
