"""The model's world: publishers, a relay, a log, processes, operators.

Each action is named in ``story.ACTIONS``; what must hold in the end is in ``promises.py``.
"""

from dataclasses import dataclass, field

from tests.faults.model import Inbox, Killed, Rules, Store
from tests.faults.story import (
    ACTIONS,
    ASKED,
    CONSUMERS,
    DONE,
    PARTITIONS,
    PUBLISHERS,
    READS,
    SERVICES,
    SUBJECTS,
    Event,
    PlaceOf,
    StreamOf,
    Teller,
    kind_of,
)


@dataclass
class Producer:
    """A producer: what it holds per partition, and what it was handed."""

    service: str
    queues: dict[PlaceOf, list[Event]] = field(default_factory=dict)
    handed: set[int] = field(default_factory=set)
    live: bool = True


@dataclass
class Process:
    """One process of a consumer: what it fetched, finished, and where it is."""

    positions: dict[PlaceOf, int] = field(default_factory=dict)
    flight: list[tuple[PlaceOf, int]] = field(default_factory=list)
    starts: dict[PlaceOf, int] = field(default_factory=dict)
    done: dict[PlaceOf, set[int]] = field(default_factory=dict)
    slow: tuple[Event, PlaceOf, int, bool] | None = None
    """A transaction without a lock that read and has not yet written."""


class World:
    """Everything at once."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self.teller = Teller()
        self.inboxes = {name: Inbox(name, self.rules, self.teller) for name in CONSUMERS}
        self.maker = Store()
        self.backups: dict[str, Store] = {name: Store() for name in SERVICES}
        self.epochs = dict.fromkeys(SERVICES, 1)
        self.producers = {name: Producer(name) for name in PUBLISHERS}
        self.zombies: list[Producer] = []
        places = [(topic, p) for topic in (ASKED, DONE) for p in range(PARTITIONS)]
        self.log: dict[PlaceOf, list[Event]] = {place: [] for place in places}
        self.start = dict.fromkeys(places, 0)
        self.committed = {
            name: {place: 0 for place in places if place[0] in READS[name]} for name in CONSUMERS
        }
        self.processes = {name: [Process(), Process()] for name in CONSUMERS}
        self._count = 0

    def store(self, service: str) -> Store:
        """A service's database."""
        return self.maker if service == "maker" else self.inboxes[service].store

    def step(self, action: int, a: int, b: int) -> None:
        """One step of a schedule."""
        getattr(self, "do_" + ACTIONS[action % len(ACTIONS)])(a, b)

    # ------------------------------------------------------------ publishing

    def publish(
        self, service: str, topic: str, subject: str, kind: str, cause: Event | None = None
    ) -> Event:
        """Commit one event into an outbox."""
        store = self.store(service)
        self._count += 1
        counter = (store.epoch, topic, subject)
        number = store.counters[counter] = store.counters.get(counter, 0) + 1
        derived = cause is not None and self.rules.derived_ids
        event = Event(
            uid=self._count,
            id=(service, cause.uid) if cause is not None and derived else self._count,
            source=service,
            epoch=store.epoch,
            topic=topic,
            subject=subject,
            sequence=number,
            kind=kind,
            origin=None if cause is None else cause.uid,
        )
        store.outbox.append(event)
        store.published.append(event)
        for inbox in self.inboxes.values():
            inbox.committed_ever.add(event.uid)
        self.teller.say(f"{service} commits {event}")
        return event

    def do_publish(self, a: int, b: int) -> None:
        self.publish("maker", ASKED, SUBJECTS[a % 3], kind_of(a, b))

    def do_relay(self, a: int, b: int) -> None:
        service = PUBLISHERS[a % 2]
        producer = self.producers[service]
        waiting = [e for e in self.store(service).outbox if e.uid not in producer.handed]
        for event in waiting[: 1 + b % 3]:
            producer.handed.add(event.uid)
            producer.queues.setdefault(event.place, []).append(event)

    def do_deliver(self, a: int, b: int) -> None:
        everyone = [*self.producers.values(), *self.zombies]
        ready = [(p, place) for p in everyone for place, queue in p.queues.items() if queue]
        if ready:
            producer, place = ready[a % len(ready)]
            event = producer.queues[place].pop(0)
            self.log[place].append(event)
            outbox = self.store(producer.service).outbox
            if producer.live and b % 3 and event in outbox:
                outbox.remove(event)

    def do_abandon(self, a: int, _b: int) -> None:
        service = PUBLISHERS[a % 2]
        old, self.producers[service] = self.producers[service], Producer(service)
        old.live = False
        self.zombies.append(old)

    def do_drop(self, a: int, _b: int) -> None:
        if self.zombies:
            self.zombies.pop(a % len(self.zombies))

    # ------------------------------------------------------------ processes

    def do_fetch(self, a: int, b: int) -> None:
        name = CONSUMERS[a % 2]
        places = sorted(self.committed[name])
        self.fetch(name, a // 2 % 2, places[b % len(places)])

    def fetch(self, name: str, number: int, place: PlaceOf) -> None:
        """A process takes the next record of a partition."""
        process = self.processes[name][number]
        at = max(process.positions.get(place, self.committed[name][place]), self.start[place])
        if at < len(self.log[place]):
            if place not in process.positions:
                process.starts[place], process.done[place] = at, set()
            process.flight.append((place, at))
            process.positions[place] = at + 1

    def do_handle(self, a: int, b: int) -> None:
        name, number, mode = CONSUMERS[a % 2], a // 2 % 2, b % 8
        process, inbox = self.processes[name][number], self.inboxes[name]
        if process.slow is not None:
            event, place, at, free = process.slow
            process.slow = None
            self.finish(name, number, (event, place, at), mode=mode, free=free)
            return
        if not process.flight:
            return
        place, at = process.flight[a // 4 % len(process.flight)]
        event = self.log[place][at]
        if self.rules.subject_lock and self._locked(name, event.subject):
            return
        if mode == 7:
            self.crash(name, number)
        elif mode == 6:
            process.slow = (event, place, at, inbox.free(event))
        else:
            self.finish(name, number, (event, place, at), mode=mode)

    def _locked(self, name: str, subject: str) -> bool:
        held = [p.slow[0].subject for p in self.processes[name] if p.slow is not None]
        return subject in held

    def finish(
        self,
        name: str,
        number: int,
        what: tuple[Event, PlaceOf, int],
        *,
        mode: int = 0,
        free: bool | None = None,
    ) -> None:
        """One transaction on a record; ``mode`` 5 dies right after it."""
        process, inbox = self.processes[name][number], self.inboxes[name]
        event, place, at = what
        try:
            if not inbox.try_killer(event):
                inbox.receive(event, free)
            self._publish_consequences(name)
            if mode == 5:
                self.crash(name, number)
                return
            while inbox.advance(event.stream):
                self._publish_consequences(name)
        except Killed:
            inbox.consequences.clear()
            self.crash(name, number)
            return
        process.flight.remove((place, at))
        process.done[place].add(at)

    def _publish_consequences(self, name: str) -> None:
        inbox = self.inboxes[name]
        for kind, subject, cause in inbox.consequences:
            self.publish(name, DONE, subject, kind, cause)
        inbox.consequences.clear()

    def do_commit(self, a: int, _b: int) -> None:
        name = CONSUMERS[a % 2]
        for place, done in self.processes[name][a // 2 % 2].done.items():
            upto = self.processes[name][a // 2 % 2].starts[place]
            while upto in done:
                upto += 1
            if not self.rules.contiguous_commits and done:
                upto = max(done) + 1
            self.committed[name][place] = max(upto, self.committed[name][place])

    def crash(self, name: str, number: int) -> None:
        """A process dies with all that it held."""
        self.processes[name][number] = Process()
        self.teller.say(f"{name} {number} dies")

    def do_crash(self, a: int, _b: int) -> None:
        self.crash(CONSUMERS[a % 2], a // 2 % 2)

    def advance(self, name: str, stream: StreamOf, redrive: bool = False) -> bool:
        """One step of a stream in a transaction of its own."""
        if self._locked(name, stream[3]) and self.rules.subject_lock:
            return False
        try:
            moved = self.inboxes[name].advance(stream, redrive)
        except Killed:
            self.inboxes[name].consequences.clear()
            self.crash(name, 0)
            return True
        self._publish_consequences(name)
        return moved

    def streams(self, name: str) -> list[StreamOf]:
        """Streams with rows."""
        return sorted({stream for stream, _ in self.store(name).rows})

    def do_sweep(self, a: int, b: int) -> None:
        name = CONSUMERS[a % 2]
        streams = self.streams(name)
        if streams and self.rules.sweep:
            self.advance(name, streams[b % len(streams)])

    # ------------------------------------------------------------ operators

    def do_rebalance(self, a: int, _b: int) -> None:
        """Its partitions are taken away and given back: committed, and what it held is dropped."""
        self.do_commit(a, 0)
        self.processes[CONSUMERS[a % 2]][a // 2 % 2] = Process()

    def do_redrive(self, a: int, b: int) -> None:
        name = CONSUMERS[a % 2]
        if b % 5 == 0:
            self.repair()
        streams = self.streams(name)
        if streams:
            self.advance(name, streams[b % len(streams)], redrive=True)

    def repair(self) -> None:
        """The bugs are mended."""
        for inbox in self.inboxes.values():
            inbox.repaired = True

    def do_discard(self, a: int, b: int) -> None:
        self.inboxes[CONSUMERS[a % 2]].discard(b)

    def do_backup(self, a: int, _b: int) -> None:
        service = SERVICES[a % 3]
        self.backups[service] = _copy(self.store(service))

    def do_restore(self, a: int, _b: int) -> None:
        service = SERVICES[a % 3]
        store = _copy(self.backups[service])
        self.epochs[service] += 1
        if self.rules.epoch_is_raised:
            store.epoch = self.epochs[service]
        self.teller.say(f"{service} is restored, epoch {store.epoch}")
        if service == "maker":
            self.maker = store
        else:
            self.inboxes[service].store = store
            self.processes[service] = [Process(), Process()]
            if self.rules.restore_rewinds:
                self.committed[service] = {p: self.start[p] for p in self.committed[service]}
        if service in self.producers:
            self.do_abandon(PUBLISHERS.index(service), 0)

    def do_retain(self, a: int, b: int) -> None:
        place = sorted(self.log)[a % len(self.log)]
        ends = [offsets[place] for offsets in self.committed.values() if place in offsets]
        if b % 3 == 0 and min([*ends, len(self.log[place])]) > self.start[place]:
            self.start[place] += 1

    def do_replay(self, a: int, b: int) -> None:
        name = CONSUMERS[a % 2]
        process = self.processes[name][b % 2] = Process()
        for place in self.committed[name]:
            process.positions[place] = process.starts[place] = self.start[place]
            process.done[place] = set()


def _copy(store: Store) -> Store:
    holder = Inbox("reader", Rules(), Teller())
    holder.store = store
    return holder.copy_of_store()
