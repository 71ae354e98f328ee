"""Parked records that an operator wants tried again: today's code handles them, or they stay.

Nothing but the class of an error leaves this file.
"""

from functools import partial
from typing import Final

from services.chassis import audit
from services.chassis.database import Transaction
from services.chassis.errors import ContractBroken, InfrastructureFailure
from services.chassis.logs import logger
from services.gateway.domain.wrapping import unwrap
from services.gateway.handlers.exchange import effects
from services.gateway.handlers.exchange.context import ACTOR, ExchangeContext
from services.gateway.store.exchange import parked
from services.gateway.store.exchange.parked import Again

log = logger(__name__)
BATCH: Final = 100
"""Records of one look."""


async def redrive(context: ExchangeContext) -> None:
    """Try every record that an operator marked, the oldest first."""
    for _ in range(BATCH):
        async with context.database.transaction() as tx:
            again = await parked.take_again(tx)
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
            log.error("a parked exchange record failed again", kind="exchange", error=failure)
            async with context.database.transaction() as tx:
                await parked.failed_again(tx, again.id, failure)


async def _handle(context: ExchangeContext, again: Again, tx: Transaction) -> None:
    place = parked.seal_place(again.agency, again.epoch, again.seq)
    record = unwrap(context.keys.open(again.sealed, place))
    if record.inner is None:
        raise ContractBroken("a parked record does not open")
    await effects.deliver(context, again.agency, record.inner, tx)
    await parked.settled(tx, again.id)
    audit.record(tx, actor=ACTOR, action="exchange.redriven", subject=again.agency)
