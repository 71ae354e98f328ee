"""The specification of the inbox as a small model: what must hold, whatever happens in between.

Transactions are atomic, everything else may come in any order: records twice, out of order, from
producers that were given up; processes that die; databases that are restored. Every rule is a
switch, so that a test can show that the promises break without it.
"""

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.faults.story import (
    CONSEQUENCES,
    FAILING,
    NEVER_WAIT,
    SKIPPED,
    Event,
    StreamOf,
    Teller,
    Violation,
)


@dataclass(frozen=True)
class Rules:
    """The rules of the design; a planted fault is one of them switched off."""

    duplicates_by_mark: bool = True
    gaps_are_kept: bool = True
    any_row_blocks: bool = True
    """Off: only a parked row blocks its stream."""
    older_epochs_block: bool = True
    oldest_first: bool = True
    sweep: bool = True
    at_once_beyond_gaps: bool = True
    withdrawals_by_number: bool = True
    one_number: bool = True
    """Off: a second number says what is handled, and a redrive drops what is not above it."""
    derived_ids: bool = True
    erased_are_remembered: bool = True
    commands_give_up: bool = True
    rows_count_attempts: bool = True
    subject_lock: bool = True
    epoch_is_raised: bool = True
    restore_rewinds: bool = True
    contiguous_commits: bool = True


class Killed(Exception):  # noqa: N818 - what happened
    """The process died in the middle of a transaction."""


@dataclass
class Row:
    """A stored record."""

    event: Event
    state: str
    done: bool = False
    attempts: int = 0


@dataclass
class Store:
    """A service's database: all that a backup holds."""

    epoch: int = 1
    counters: dict[tuple[int, str, str], int] = field(default_factory=dict)
    outbox: list[Event] = field(default_factory=list)
    published: list[Event] = field(default_factory=list)
    read: dict[StreamOf, int] = field(default_factory=dict)
    rows: dict[tuple[StreamOf, int], Row] = field(default_factory=dict)
    known: set[object] = field(default_factory=set)
    attempts: dict[int, int] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)
    there: set[str] = field(default_factory=set)
    consent: dict[str, str] = field(default_factory=dict)
    withdrawn: dict[tuple[str, str, str], tuple[int, int]] = field(default_factory=dict)
    effects: dict[int, Event] = field(default_factory=dict)
    resolved: set[int] = field(default_factory=set)
    highest: dict[StreamOf, int] = field(default_factory=dict)
    """Seen by the checks only: the highest number handled in order."""
    gone: set[str] = field(default_factory=set)
    """Seen by the checks only: who was erased."""
    handled: dict[StreamOf, int] = field(default_factory=dict)
    """The second number of a planted fault."""


class Inbox:
    """One consumer's rules on its store. Every public method is one transaction."""

    def __init__(self, name: str, rules: Rules, teller: Teller) -> None:
        self.name = name
        self.rules = rules
        self.store = Store()
        self.repaired = False
        self.committed_ever: set[int] = set()
        self.consequences: list[tuple[str, str, Event]] = []
        """(kind, subject, cause) that the transaction publishes."""
        self._teller = teller

    # ------------------------------------------------------------ what is asked about rows

    def unfinished(self, stream: StreamOf, below: int | None = None) -> list[Row]:
        """Rows of the prefix that was read, oldest first."""
        read = self.store.read.get(stream, 0)
        found = [
            row
            for (where, number), row in self.store.rows.items()
            if where == stream and number <= read and row.state != "gap"
            if below is None or number < below
        ]
        return sorted(found, key=lambda row: row.event.sequence)

    def older_streams(self, event: Event) -> list[StreamOf]:
        """The same key in older epochs."""
        return [
            stream
            for stream in {where for where, _ in self.store.rows}
            if (stream[0], stream[2], stream[3]) == event.key and stream[1] < event.epoch
        ]

    def blocked(self, event: Event) -> bool:
        """Whether something older of its key is unfinished."""
        before = self.unfinished(event.stream, event.sequence)
        if self.rules.older_epochs_block:
            for stream in self.older_streams(event):
                before += self.unfinished(stream)
        return any(row.state == "parked" or self.rules.any_row_blocks for row in before)

    def skips(self, event: Event) -> bool:
        """Whether its type is nobody's here."""
        return event.kind in SKIPPED[self.name]

    def finished_unread(self, event: Event) -> bool:
        """Skipped, erased, or known by its id."""
        known = self.rules.derived_ids and event.id in self.store.known
        return self.skips(event) or event.subject in self.store.erased or known

    def waits(self, event: Event) -> bool:
        """Whether the handler lacks something of its own."""
        return event.kind == "need" and event.subject not in self.store.there

    # ------------------------------------------------------------ one record

    def receive(self, event: Event, seen_free: bool | None = None) -> str:
        """A record from the log; ``seen_free``: what a transaction without the lock saw before."""
        store = self.store
        if seen_free and not self.rules.subject_lock:
            store.read[event.stream] = max(event.sequence, store.read.get(event.stream, 0))
            return self._effect(event)
        read = store.read.get(event.stream, 0)
        here = (event.stream, event.sequence) in store.rows
        if self.rules.duplicates_by_mark and (event.sequence <= read or here):
            return "duplicate"
        if event.sequence > read + 1:
            if not self.rules.gaps_are_kept:
                store.read[event.stream] = event.sequence
                return self._settle(event)
            row = store.rows[event.stream, event.sequence] = Row(event, "gap")
            early = event.kind in NEVER_WAIT and self.rules.at_once_beyond_gaps
            if early and not self.finished_unread(event):
                self._effect(event)
                row.done = True
            return "gap"
        store.read[event.stream] = max(read, event.sequence)
        return self._settle(event)

    def free(self, event: Event) -> bool:
        """Whether it would be handled now."""
        following = event.sequence == self.store.read.get(event.stream, 0) + 1
        plain = event.kind not in {*FAILING, "killer"} and not self.finished_unread(event)
        return following and plain and not self.blocked(event) and not self.waits(event)

    def try_killer(self, event: Event) -> bool:
        """A record that kills its process; True once it is put aside instead."""
        following = event.sequence == self.store.read.get(event.stream, 0) + 1
        deadly = event.kind == "killer" and not self.repaired and self.name == "reader"
        if not deadly or not following or self.blocked(event) or self.finished_unread(event):
            return False
        self.store.attempts[event.uid] = self.store.attempts.get(event.uid, 0) + 1
        if self.store.attempts[event.uid] <= 3:
            raise Killed
        self.store.read[event.stream] = event.sequence
        self.store.rows[event.stream, event.sequence] = Row(event, "parked")
        return True

    def _settle(self, event: Event) -> str:
        place = (event.stream, event.sequence)
        self.store.rows.pop(place, None)
        if self.finished_unread(event):
            return self._resolve(event)
        if event.kind not in NEVER_WAIT:
            if self.blocked(event):
                self.store.rows[place] = Row(event, "behind")
                return "behind"
            if self.waits(event):
                self.store.rows[place] = Row(event, "waiting")
                return "waiting"
            if event.kind in FAILING and not self.repaired:
                self.store.rows[place] = Row(event, "parked")
                return "parked"
        return self._effect(event)

    def _resolve(self, event: Event) -> str:
        self.store.resolved.add(event.uid)
        self.store.handled[event.stream] = max(
            event.sequence, self.store.handled.get(event.stream, 0)
        )
        return "finished"

    # ------------------------------------------------------------ stored rows

    def advance(self, stream: StreamOf, redrive: bool = False) -> bool:
        """One step of a stream: its oldest row, or what follows ``read``; True if one moved."""
        store = self.store
        rows = self.unfinished(stream)
        if redrive and not self.rules.oldest_first:
            rows.reverse()
        if rows and self._move(rows[0], redrive):
            return True
        following = store.rows.get((stream, store.read.get(stream, 0) + 1))
        if following is None or following.state != "gap":
            return False
        store.read[stream] = following.event.sequence
        if following.done:
            del store.rows[stream, following.event.sequence]
        else:
            self._settle(following.event)
        return True

    def _move(self, row: Row, redrive: bool) -> bool:
        event = row.event
        finished = event.sequence <= self.store.handled.get(event.stream, 0)
        if redrive and finished and not self.rules.one_number:
            del self.store.rows[event.stream, event.sequence]
            return True
        if row.state == "parked" and not redrive:
            return False
        stays = (
            (row.state == "waiting" and self.waits(event))
            or (row.state == "behind" and self.blocked(event))
            or (row.state == "parked" and event.kind in FAILING and not self.repaired)
        )
        if stays:
            return False
        if event.kind == "killer" and not self.repaired and self.name == "reader":
            return self._killed_by(row)
        before = row.state
        self._settle(event)
        after = self.store.rows.get((event.stream, event.sequence))
        return after is None or after.state != before

    def _killed_by(self, row: Row) -> bool:
        if row.attempts < 3:
            row.attempts += self.rules.rows_count_attempts
            raise Killed
        moved = row.state != "parked"
        row.state = "parked"
        return moved

    def discard(self, number: int) -> None:
        """An operator gives up a parked record."""
        parked = [row for row in self.store.rows.values() if row.state == "parked"]
        if parked:
            event = parked[number % len(parked)].event
            del self.store.rows[event.stream, event.sequence]
            self._resolve(event)

    def give_up(self) -> None:
        """Commands that waited too long are answered so."""
        if self.rules.commands_give_up:
            for place, row in list(self.store.rows.items()):
                if row.state == "waiting" and self.waits(row.event):
                    del self.store.rows[place]
                    self._resolve(row.event)

    # ------------------------------------------------------------ effects, and what they may not be

    def _effect(self, event: Event) -> str:
        self._check_effect(event)
        store = self.store
        store.effects[event.uid] = event
        store.known.add(event.id)
        store.handled[event.stream] = max(event.sequence, store.handled.get(event.stream, 0))
        if event.kind == "grant":
            undone = store.withdrawn.get(event.key, (0, 0)) > event.number
            if not (undone and self.rules.withdrawals_by_number):
                store.consent[event.subject] = "given"
                if undone:
                    raise Violation(f"{self.name}: an older grant undoes a withdrawal {event}")
        if event.kind == "withdraw":
            store.consent[event.subject] = "withdrawn"
            store.withdrawn[event.key] = max(event.number, store.withdrawn.get(event.key, (0, 0)))
        if event.kind == "opened":
            store.there.add(event.subject)
        if event.kind == "erase":
            self._erase(event)
        if self.name == "doer" and event.kind in CONSEQUENCES:
            self.consequences.append((CONSEQUENCES[event.kind], event.subject, event))
        self._teller.say(f"{self.name} handles {event}")
        return "handled"

    def _check_effect(self, event: Event) -> None:
        store = self.store
        if event.uid not in self.committed_ever:
            raise Violation(f"{self.name} handles what nobody committed {event}")
        if event.uid in store.effects:
            raise Violation(f"{self.name} handles twice {event}")
        same = (event.source, event.origin)
        if event.origin is not None and any(
            (other.source, other.origin) == same for other in store.effects.values()
        ):
            raise Violation(f"{self.name} handles a consequence twice {event}")
        if event.kind in NEVER_WAIT:
            return
        if event.sequence <= store.highest.get(event.stream, 0):
            raise Violation(f"{self.name} out of order {event}")
        older: Iterable[Row] = self.unfinished(event.stream, event.sequence)
        for stream in self.older_streams(event):
            older = [*older, *self.unfinished(stream)]
        if list(older):
            raise Violation(f"{self.name} overtakes a stored record {event}")
        if event.subject in store.gone:
            raise Violation(f"{self.name} handles an erased subject {event}")
        store.highest[event.stream] = event.sequence

    def _erase(self, event: Event) -> None:
        self.store.gone.add(event.subject)
        if not self.rules.erased_are_remembered:
            return
        self.store.erased.add(event.subject)
        for place, row in list(self.store.rows.items()):
            if row.event.subject == event.subject and row.event is not event:
                self._resolve(row.event)
                if row.state == "gap":
                    row.done = True
                else:
                    del self.store.rows[place]

    def copy_of_store(self) -> Store:
        """A backup."""
        return copy.deepcopy(self.store)
