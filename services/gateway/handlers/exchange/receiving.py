"""One reader per incoming pair: the next number is handled, all else is known or comes again.

Effects, marks, audit and the offset are one transaction. The offset is kept in this database; a
topic that lost its tail or its head is read from its start, the numbers make that harmless.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Final

from services.chassis import audit
from services.chassis.database import Transaction
from services.chassis.errors import ContractBroken, DatabaseUnavailable, InfrastructureFailure
from services.chassis.failpoints import Failpoint
from services.chassis.logs import logger
from services.chassis.messaging.broker import BrokerRecord, OffsetLost, Reader
from services.chassis.messaging.codec import from_structured
from services.chassis.plain import Word
from services.gateway.domain.exchange import Arrival, ArrivedRecord, Decided, decide
from services.gateway.domain.policy import ACTIVE, Policy
from services.gateway.domain.wrapping import Head, NotARecord, Unwrapped, unwrap
from services.gateway.handlers.exchange import effects, receipts
from services.gateway.handlers.exchange.context import ACTOR, ExchangeContext, exchange_topic
from services.gateway.handlers.exchange.notices import NOTICE
from services.gateway.store import policy
from services.gateway.store.exchange import books, parked
from services.gateway.store.exchange.books import InRow, Sighting
from services.gateway.store.exchange.parked import Aside

log = logger(__name__)


class Outcome(StrEnum):
    """What became of a record, beside what the protocol calls it."""

    WAITS = "waits"
    """It cannot be judged yet: nothing advances."""
    FOREIGN = "foreign"
    """No record of this pair: dropped, it does not count as a number."""
    RECEIPT = "receipt"
    PARKED = books.PARKED_ALARM
    FULL = books.FULL_ALARM
    """Too much of this agency is put aside already: nothing advances, the hub keeps it."""


Settled = Outcome | Arrival
TELLS: Final = frozenset(
    {Arrival.NEXT, Arrival.DUPLICATE, Arrival.EXPIRED, Arrival.UNREADABLE, Arrival.FORK}
)
"""After these the sender should hear how far we are."""
NOTICES: Final = NOTICE.rpartition(".")[0] + "."
"""How the type of a notice begins, in every version."""
REGISTRY_DIFFERS: Final = "registry-differs"
"""The alarm while a record names another policy under the version in force here."""
STANDS: Final = frozenset({Outcome.WAITS, Outcome.FULL})
"""After these the record comes again, and nothing behind it is looked at."""
STUCK: Final = frozenset({Arrival.EXPIRED, Arrival.UNREADABLE, Arrival.FORK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One record of the pair: what is inside, where it was read, why it is put aside if it is."""

    record: Unwrapped
    content: bytes
    offset: int
    put_aside: str | None = None


class Receiver:
    """The only one who reads the topic of its pair."""

    def __init__(self, context: ExchangeContext, agency: str, report: asyncio.Event) -> None:
        self._context = context
        self._agency = agency
        self._report = report
        self._topic = exchange_topic(agency, context.node)
        self._from_start = False
        self.waits = False
        """Whether a record waits for the registry, or for an operator to make room."""

    async def follow(self, stop: asyncio.Event, moves: Callable[[], None]) -> None:
        """Read until ``stop``, calling ``moves`` after each batch; raises what fails below."""
        reader = self._context.hub.reader(self._topic, 0)
        try:
            await reader.start(await self._offset())
            self._from_start = False
            while not stop.is_set():
                await self.fetch(reader)
                moves()
                if self.waits:
                    await asyncio.sleep(self._context.limits.wait_seconds)
        except OffsetLost:
            log.warning("an exchange topic begins or ends elsewhere", kind=Word("exchange"))
            self._from_start = True
        finally:
            await reader.stop()

    async def _offset(self) -> int | None:
        if self._from_start:
            return None
        async with self._context.database.transaction() as tx:
            row = await books.read_in(tx, self._agency)
        return None if row is None else row.offset

    async def fetch(self, reader: Reader) -> None:
        """One batch: every record settled, or the reader set back to the one that waits."""
        limits = self._context.limits
        records = await reader.fetch(limits.fetch_records, limits.fetch_seconds)
        self.waits = False
        for record in records:
            settled = await self.settle(record)
            if settled in STANDS:
                self.waits = True
                reader.seek(record.offset)
                return
            if settled in TELLS or settled is Outcome.PARKED:
                self._report.set()

    async def settle(self, record: BrokerRecord) -> Settled:
        """What becomes of one record; it is parked after failing by itself a few times."""
        judged = self._judged(record)
        if judged is None:
            await self._drop(record)
            return Outcome.FOREIGN
        failure = ""
        for _ in range(self._context.limits.tries):
            try:
                return await self._arrive(judged)
            except InfrastructureFailure:
                raise
            except TimeoutError:
                raise DatabaseUnavailable from None
            except ContractBroken as broken:
                failure = type(broken).__name__
                break
            except Exception as error:  # noqa: BLE001 - what fails by itself must not stop the pair
                failure = type(error).__name__
        aside = Judged(
            record=judged.record,
            content=judged.content,
            offset=judged.offset,
            put_aside=failure,
        )
        log.error("an exchange record cannot be handled", kind=Word("exchange"), error=failure)
        settled = await self._arrive(aside)
        return Outcome.PARKED if settled is Arrival.NEXT else settled

    def _judged(self, record: BrokerRecord) -> Judged | None:
        content = record.value or b""
        try:
            unwrapped = unwrap(content)
        except NotARecord:
            return None
        head = unwrapped.head
        if (head.sender, head.recipient) != (self._agency, self._context.node):
            return None
        return Judged(record=unwrapped, content=content, offset=record.offset)

    async def _drop(self, record: BrokerRecord) -> None:
        log.error(
            "bytes that are no record of the pair", kind=Word("exchange"), offset=record.offset
        )
        async with self._context.database.transaction() as tx:
            await books.lock_in(tx, self._agency)
            await books.keep_offset(tx, self._agency, record.offset + 1)
            await books.alarm_in(tx, self._agency, Outcome.FOREIGN)

    async def _arrive(self, judged: Judged) -> Settled:
        async with asyncio.timeout(self._context.limits.handler_seconds):
            settled = await self._context.database.run(
                partial(arrive, self._context, self._agency, judged)
            )
        if settled not in (Outcome.WAITS, Outcome.RECEIPT):
            self._context.database.failpoints.reach(Failpoint.EXCHANGE_AFTER_ARRIVAL)
        return settled


async def arrive(context: ExchangeContext, agency: str, judged: Judged, tx: Transaction) -> Settled:
    """One record in one transaction: pair row first, then whatever it touches, then the offset."""
    row = await books.lock_in(tx, agency)
    head = judged.record.head
    in_force = context.policy(await policy.read_policy(tx))
    differs = in_force is not None and _is_another(in_force, head)
    if differs != (row.alarm == REGISTRY_DIFFERS):
        await _alarm_of_registries(agency, tx, differs=differs)
    if _must_wait(in_force, head, context.clock.now()):
        return Outcome.WAITS
    if head.seq == 0:
        if judged.record.inner is not None and judged.put_aside is None:
            await receipts.take(context, agency, judged.record.inner, tx)
        await books.keep_offset(tx, agency, judged.offset + 1)
        return Outcome.RECEIPT
    decided = await _decided(context, agency, judged, row, tx)
    if decided.arrival is Arrival.NEXT:
        if await _no_room(context, agency, judged, tx):
            await _alarm_of_no_room(agency, row, tx)
            return Outcome.FULL
        if row.alarm is not None:
            await books.alarm_in(tx, agency, None)
        await _handle(context, agency, judged, tx)
    await books.keep_in(tx, agency, decided.book, judged.offset + 1)
    if decided.arrival in STUCK:
        await _alarm(context, agency, decided.arrival, tx)
    tx.failpoints.reach(Failpoint.EXCHANGE_ARRIVED)
    return decided.arrival


async def _decided(
    context: ExchangeContext, agency: str, judged: Judged, row: InRow, tx: Transaction
) -> Decided:
    head, digest = judged.record.head, judged.record.digest
    wall = context.clock.wall()
    known = await books.see(
        tx,
        Sighting(agency=agency, epoch=head.epoch, seq=head.seq, digest=digest, seen_at=wall),
    )
    arrived = ArrivedRecord(
        epoch=head.epoch,
        seq=head.seq,
        digest=digest,
        known=known,
        opens=judged.record.inner is not None and not _is_a_lost_notice(judged),
        expired=head.not_after <= wall,
    )
    return decide(row.book, arrived)


async def _no_room(context: ExchangeContext, agency: str, judged: Judged, tx: Transaction) -> bool:
    aside = judged.put_aside is not None or judged.record.inner is None
    return aside and await parked.is_full(tx, agency, context.limits.parked_each)


async def _alarm_of_no_room(agency: str, row: InRow, tx: Transaction) -> None:
    """Once: the record is looked at again and again until there is room."""
    if row.alarm != books.FULL_ALARM:
        await books.alarm_in(tx, agency, books.FULL_ALARM)
        audit.record(tx, actor=ACTOR, action="exchange.parking-full", subject=agency)
        log.error("too much of an agency is put aside", kind=Word("exchange"))


async def _handle(context: ExchangeContext, agency: str, judged: Judged, tx: Transaction) -> None:
    head = judged.record.head
    if judged.put_aside is None and judged.record.inner is not None:
        await effects.deliver(context, agency, judged.record.inner, tx)
        return
    place = parked.seal_place(agency, head.epoch, head.seq)
    await parked.put_aside(
        tx,
        Aside(
            agency=agency,
            epoch=head.epoch,
            seq=head.seq,
            sealed=context.keys.seal(judged.content, place),
            error=judged.put_aside or "",
            parked_at=context.clock.wall(),
        ),
    )
    await books.alarm_in(tx, agency, books.PARKED_ALARM)
    audit.record(
        tx,
        actor=ACTOR,
        action="exchange.parked",
        subject=agency,
        reason=judged.put_aside or "",
    )


def _is_a_lost_notice(judged: Judged) -> bool:
    """A notice is never put aside: the pair is stuck until it is handled."""
    if judged.put_aside is None or judged.record.inner is None:
        return False
    try:
        envelope, _ = from_structured(judged.record.inner)
    except ContractBroken:
        return False
    return envelope.type.startswith(NOTICES)


async def _alarm(context: ExchangeContext, agency: str, arrival: Arrival, tx: Transaction) -> None:
    await books.alarm_in(tx, agency, str(arrival))
    audit.record(tx, actor=ACTOR, action=f"exchange.{arrival}", subject=agency)
    log.error("a pair cannot go on as it is", kind=Word("exchange"), reason=arrival)


async def _alarm_of_registries(agency: str, tx: Transaction, *, differs: bool) -> None:
    await books.alarm_in(tx, agency, REGISTRY_DIFFERS if differs else None)
    if differs:
        log.critical("two registries bear one version", kind=Word("exchange"))


def _is_another(in_force: Policy, head: Head) -> bool:
    """Two contents for one version: one of the two nodes was given a false registry."""
    same = head.registry_version == in_force.version
    return same and head.registry_hash != in_force.digest


def _must_wait(in_force: Policy | None, head: Head, now: datetime) -> bool:
    """Unknown newer policy, stale registry, two hashes for one version, sender not active."""
    if in_force is None or in_force.valid_until <= now:
        return True
    if head.registry_version > in_force.version:
        return True
    if _is_another(in_force, head):
        return True
    sender = in_force.participants.get(head.sender)
    return sender is None or sender.status != ACTIVE
