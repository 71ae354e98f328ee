"""What `nrm parked` finds in a service: what a consumer or the exchange put aside, what is unsent.

None tells a subject. Each has a handle, a short name that stays the same while they are there.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.chassis.audit import record
from services.chassis.database import Database, Transaction
from services.chassis.errors import NotFound
from services.chassis.messaging import parking
from services.chassis.messaging.broker import BrokerRecord
from services.chassis.messaging.context import Keys
from services.chassis.messaging.inbox import State
from services.chassis.messaging.parking import Order, Stored
from services.chassis.messaging.relay_rows import discard_row, parked_rows, redrive_row
from services.gateway.handlers.exchange import parking as parking_of_the_exchange
from services.gateway.handlers.exchange.context import exchange_topic
from services.gateway.handlers.exchange.parking import Parked

HANDLE_LENGTH = 10
ALL, UNSENT, EXCHANGE = "all", "unsent", "exchange"
KINDS = (*map(str, State), UNSENT, EXCHANGE, ALL)
GATEWAY = ".gateway"
UNSENT_LIMIT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A stored record and the service that has it."""

    unit: str
    stored: Stored

    @property
    def handle(self) -> str:
        """Of the record."""
        place = self.stored.place
        return _handle(self.unit, place.consumer, *map(str, place.stream), str(place.sequence))

    @property
    def stored_at(self) -> datetime:
        """When it was put aside."""
        return self.stored.stored_at

    def told(self) -> dict[str, Any]:
        """For a list; no subject is in it."""
        stored = self.stored
        return {
            "handle": self.handle,
            "service": self.unit,
            "consumer": stored.place.consumer,
            "state": str(stored.state),
            "topic": stored.place.stream.topic,
            "partition": stored.partition,
            "offset": stored.offset,
            "type": stored.event_type,
            "error": stored.error,
            "waits_for": stored.waits_what,
            "stored_at": stored.stored_at.isoformat(timespec="seconds"),
        }

    async def show(self, tx: Transaction, keys: Keys, order: Order) -> BrokerRecord | None:
        """The record itself; audited."""
        return await parking.show(tx, self.stored.place, keys, order)

    async def redrive(self, tx: Transaction, order: Order) -> None:
        """Let it be handled again; audited."""
        await parking.redrive(tx, self.stored.place, order)

    async def discard(self, tx: Transaction, order: Order) -> None:
        """Give it up; audited."""
        await parking.discard(tx, self.stored.place, order)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """An event that the bus refused for good: its key waits behind it in the outbox."""

    unit: str
    event_id: UUID
    type: str
    topic: str
    error: str
    stored_at: datetime

    @property
    def handle(self) -> str:
        """Of the event."""
        return _handle(self.unit, UNSENT, str(self.event_id))

    def told(self) -> dict[str, Any]:
        """For a list; no subject is in it."""
        return _told(self, UNSENT, topic=self.topic, event_type=self.type)

    async def show(self, tx: Transaction, _keys: Keys, order: Order) -> BrokerRecord | None:
        """Nothing but what the list tells: it was never on a bus. Audited all the same."""
        self._audit(tx, "unsent.show", order)
        return None

    async def redrive(self, tx: Transaction, order: Order) -> None:
        """Let it be sent again, and its key after it; audited."""
        _there(await redrive_row(tx, self.event_id))
        self._audit(tx, "unsent.redrive", order)

    async def discard(self, tx: Transaction, order: Order) -> None:
        """Never send it: its readers will see a gap; audited."""
        _there(await discard_row(tx, self.event_id))
        self._audit(tx, "unsent.discard", order)

    def _audit(self, tx: Transaction, action: str, order: Order) -> None:
        subject = str(self.event_id)
        record(tx, actor=order.actor, action=action, subject=subject, reason=order.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """A record of another agency that this gateway could read but not handle."""

    unit: str
    record: Parked

    @property
    def handle(self) -> str:
        """Of the record."""
        return _handle(self.unit, EXCHANGE, str(self.record.id))

    @property
    def error(self) -> str:
        """The class of what went wrong."""
        return self.record.error

    @property
    def stored_at(self) -> datetime:
        """When it was put aside."""
        return self.record.parked_at

    def told(self) -> dict[str, Any]:
        """For a list: from whom, and which number of theirs; what is inside is not told."""
        node = self.unit.removesuffix(GATEWAY)
        topic = exchange_topic(self.record.agency, node)
        return {**_told(self, EXCHANGE, topic=topic), "offset": self.record.seq}

    async def show(self, tx: Transaction, keys: Keys, order: Order) -> BrokerRecord | None:
        """The event inside; audited."""
        return await parking_of_the_exchange.shown(tx, keys, self.record.id, **asdict(order))

    async def redrive(self, tx: Transaction, order: Order) -> None:
        """Let the running gateway handle it again; audited."""
        await parking_of_the_exchange.redrive_parked(tx, self.record.id, **asdict(order))

    async def discard(self, tx: Transaction, order: Order) -> None:
        """Give it up; audited."""
        await parking_of_the_exchange.discard_parked(tx, self.record.id, **asdict(order))


def _told(
    found: Unsent | Exchanged, state: str, *, topic: str, event_type: str | None = None
) -> dict[str, Any]:
    return {
        "handle": found.handle,
        "service": found.unit,
        "consumer": None,
        "state": state,
        "topic": topic,
        "partition": None,
        "offset": None,
        "type": event_type,
        "error": found.error,
        "waits_for": None,
        "stored_at": found.stored_at.isoformat(timespec="seconds"),
    }


def _there(there: bool) -> None:
    if not there:
        raise NotFound("this event is no longer put aside")


AnyFound = Found | Unsent | Exchanged


async def listed(database: Database, unit: str, kind: str) -> list[AnyFound]:
    """What a service has put aside; with what is parked comes what is unsent or was exchanged."""
    found: list[AnyFound] = []
    async with database.transaction() as tx:
        if kind not in (UNSENT, EXCHANGE):
            stored = await _stored(tx, tuple(State) if kind == ALL else (State(kind),))
            found += [Found(unit=unit, stored=each) for each in stored]
        if kind in (UNSENT, ALL, State.PARKED):
            found += [
                Unsent(
                    unit=unit,
                    event_id=row["id"],
                    type=row["type"],
                    topic=row["topic"],
                    error=row["parked"],
                    stored_at=row["created_at"],
                )
                for row in await parked_rows(tx, UNSENT_LIMIT)
            ]
        if unit.endswith(GATEWAY) and kind in (EXCHANGE, ALL, State.PARKED):
            records = await parking_of_the_exchange.parked(tx)
            found += [Exchanged(unit=unit, record=each) for each in records]
    return found


async def _stored(tx: Transaction, kinds: tuple[State, ...]) -> list[Stored]:
    """Each kind by itself: one list is bounded, and many that wait would hide one that failed."""
    by_place = {each.place: each for kind in kinds for each in await parking.listed(tx, state=kind)}
    return list(by_place.values())


def _handle(*words: str) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:HANDLE_LENGTH]
