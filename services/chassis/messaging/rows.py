"""Stored rows, whatever they are settled by: sealed, opened, counted, put aside.

What a row means, and how it is settled, is somebody else's (``handling.py``, ``door.py``).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.chassis.database import Transaction
from services.chassis.failpoints import Failpoint
from services.chassis.messaging.arrival import Arrival, Stream, pack, unpack
from services.chassis.messaging.broker import BrokerRecord
from services.chassis.messaging.context import ConsumerContext
from services.chassis.messaging.inbox import Change, Inbox, Keep, Row, State, Verdict
from services.chassis.messaging.work import Waits

CRASH: Final = "crash"
"""What a record is parked as that ended its process too often."""


class Outcome(StrEnum):
    """What became of one record or row."""

    HANDLED = "handled"
    SKIPPED = "skipped"
    DUPLICATE = "duplicate"
    ALTERED = "altered"
    GAP = "gap"
    BEHIND = "behind"
    WAITING = "waiting"
    PARKED = "parked"
    REFUSED = "refused"
    """It gave up waiting, and was answered so."""
    MOVED = "moved"
    STILL = "still"


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome, and whether rows of the same subject may be able to move now."""

    outcome: Outcome
    stored: bool = False


class Rows:
    """The stored records of one consumer."""

    def __init__(self, context: ConsumerContext) -> None:
        self.inbox = Inbox(context.subscriptions.consumer)
        self._context = context

    async def attempt(self, stream: Stream) -> int:
        """Count an attempt at the oldest row that may move, in a transaction before it."""
        async with self._context.database.transaction() as tx:
            taken = await self.inbox.take(tx, stream)
            row = taken.row if taken.verdict is Verdict.SETTLE else None
            return await self.inbox.attempt(tx, row) if row is not None else 0

    async def park(self, stream: Stream, error: str, failed: Row | None = None) -> Result:
        """Put aside the oldest row, unless another one stands there by now."""
        async with self._context.database.transaction() as tx:
            taken = await self.inbox.take(tx, stream)
            row = taken.row if taken.verdict is Verdict.SETTLE else None
            if row is None or (failed is not None and row.sequence != failed.sequence):
                return Result(Outcome.STILL)
            await self.change(tx, row, State.PARKED, error=error)
            tx.failpoints.reach(Failpoint.ROW_PARKED_BEFORE_COMMIT)
        return Result(Outcome.PARKED, True)

    async def change(
        self,
        tx: Transaction,
        row: Row,
        state: State,
        *,
        error: str = "",
        waits: Waits | None = None,
    ) -> None:
        """The row stays, in another state."""
        at = self._context.clock.wall()
        await self.inbox.change(tx, row, Change(state=state, at=at, error=error, waits=waits))

    def keep(
        self, arrival: Arrival, state: State, *, error: str = "", waits: Waits | None = None
    ) -> Keep:
        """How to keep a record that arrived."""
        sealed = self._context.keys.seal(pack(arrival.record), seal_context(arrival.stream))
        at = self._context.clock.wall()
        return Keep(state=state, sealed=sealed, at=at, error=error, waits=waits)

    def reopen(self, row: Row) -> BrokerRecord:
        """The record that a row holds."""
        packed = self._context.keys.open(row.sealed, seal_context(row.stream))
        return unpack(packed, row.stream.topic, row.partition, row.offset)


def seal_context(stream: Stream) -> bytes:
    """What sealed bytes are bound to: they open only as a record of this stream."""
    return "\n".join((stream.source, stream.topic, stream.subject, str(stream.epoch))).encode()
