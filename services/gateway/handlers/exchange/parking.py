"""Parked records: what an operator does with them, and what of them is tried again.

An operator lists, shows, marks and discards from outside the process; the running gateway takes up
what is marked: today's code handles it, or it stays. A listing tells places and classes of errors;
the record itself is opened by ``shown`` alone, which is audited.
"""

from functools import partial
from typing import Final

from services.chassis import audit
from services.chassis.database import Transaction
from services.chassis.errors import ContractBroken, InfrastructureFailure
from services.chassis.logs import logger
from services.chassis.messaging.broker import BrokerRecord, Headers
from services.chassis.messaging.codec import encode, from_structured
from services.chassis.messaging.context import Keys
from services.chassis.plain import Word
from services.gateway.domain.wrapping import unwrap
from services.gateway.handlers.exchange import effects
from services.gateway.handlers.exchange.context import ACTOR, ExchangeContext, exchange_topic
from services.gateway.store.exchange.parked import (
    Again,
    Parked,
    discard_parked,
    failed_again,
    parked,
    redrive_parked,
    seal_place,
    settled,
    show_parked,
    take_again,
)

__all__ = ["Parked", "discard_parked", "parked", "redrive", "redrive_parked", "shown"]

log = logger(__name__)
BATCH: Final = 100
"""Records of one look."""


async def shown(
    tx: Transaction, keys: Keys, parked_id: int, *, actor: str, reason: str
) -> BrokerRecord:
    """The event that was inside, as a service's record would be; its bytes when it is none."""
    kept = await show_parked(tx, parked_id, actor=actor, reason=reason)
    opened = keys.open(kept.sealed, seal_place(kept.agency, kept.epoch, kept.seq))
    record = unwrap(opened)
    topic = exchange_topic(record.head.sender, record.head.recipient)
    headers, body = _event(record.inner) if record.inner is not None else ((), opened)
    return BrokerRecord(
        topic=topic, partition=0, offset=kept.seq, key=None, value=body, headers=headers
    )


def _event(inner: bytes) -> tuple[Headers, bytes]:
    try:
        return encode(*from_structured(inner))
    except ContractBroken:
        return (), inner


async def redrive(context: ExchangeContext) -> None:
    """Try every record that an operator marked, the oldest first."""
    for _ in range(BATCH):
        async with context.database.transaction() as tx:
            again = await take_again(tx)
        if again is None:
            return
        failure = ""
        try:
            await context.database.run(partial(_handle, context, again))
        except InfrastructureFailure:
            raise
        except Exception as error:  # noqa: BLE001 - what fails by itself stays parked
            failure = type(error).__name__
        if failure:
            log.error("a parked exchange record failed again", kind=Word("exchange"), error=failure)
            async with context.database.transaction() as tx:
                await failed_again(tx, again.id, failure)


async def _handle(context: ExchangeContext, again: Again, tx: Transaction) -> None:
    place = seal_place(again.agency, again.epoch, again.seq)
    record = unwrap(context.keys.open(again.sealed, place))
    if record.inner is None:
        raise ContractBroken("a parked record does not open")
    await effects.deliver(context, again.agency, record.inner, tx)
    await settled(tx, again.id)
    audit.record(tx, actor=ACTOR, action="exchange.redriven", subject=again.agency)
