"""What `nrm parked` finds in a service: records put aside by a consumer, events put aside unsent.

Neither tells a subject. Both have a handle, a short name that stays the same while they are there.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
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

HANDLE_LENGTH = 10
ALL, UNSENT = "all", "unsent"
KINDS = (*map(str, State), UNSENT, ALL)
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
        return {
            "handle": self.handle,
            "service": self.unit,
            "consumer": None,
            "state": UNSENT,
            "topic": self.topic,
            "partition": None,
            "offset": None,
            "type": self.type,
            "error": self.error,
            "waits_for": None,
            "stored_at": self.stored_at.isoformat(timespec="seconds"),
        }

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


def _there(there: bool) -> None:
    if not there:
        raise NotFound("this event is no longer put aside")


AnyFound = Found | Unsent


async def listed(database: Database, unit: str, kind: str) -> list[AnyFound]:
    """What a service has put aside; with what is parked comes what is unsent."""
    found: list[AnyFound] = []
    async with database.transaction() as tx:
        if kind != UNSENT:
            wanted = None if kind == ALL else State(kind)
            stored = await parking.listed(tx, state=wanted)
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
    return found


def _handle(*words: str) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:HANDLE_LENGTH]
