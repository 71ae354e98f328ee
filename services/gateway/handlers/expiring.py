"""A consent that expires before long: people hear of it in time to ask the person again.

It looks at the register every so often, so that consents of an earlier version are told of as well,
and one that was withdrawn, or whose case is frozen or over, never is. Nothing expires by this.
"""

import asyncio
from datetime import timedelta
from typing import Final
from uuid import UUID

from services.chassis.audit import record
from services.chassis.clock import JumpWatch, derived_id
from services.chassis.database import Transaction
from services.chassis.messaging.work import Cause
from services.chassis.runnable import Readiness
from services.gateway.disclosure.consent import consent_expiry_near
from services.gateway.handlers.context import GatewayContext
from services.gateway.handlers.rounds import look_until
from services.gateway.settings import SERVICE
from services.gateway.store import cases, expiring, stream

ACTOR: Final = "consent-expiry"
BATCHES_EACH_LOOK: Final = 50
"""More than that wait for the next look."""


class ConsentExpiry:
    """The part: looks for consents that expire before long, and tells of each once."""

    name = ACTOR

    def __init__(self, context: GatewayContext, notice: timedelta) -> None:
        self._context = context
        self._notice = notice
        self._jump = JumpWatch(context.clock)

    def readiness(self) -> Readiness:
        """Always: sharing ends at its time whether or not anybody is told."""
        return Readiness(True, "")

    async def run(self, stop: asyncio.Event) -> None:
        """Look until ``stop``."""
        await look_until(stop, self.look)

    async def look(self) -> int:
        """One look; how many were told of. None while the clock is in doubt."""
        if self._jump.jumped():
            return 0
        told = 0
        for _ in range(BATCHES_EACH_LOOK):
            async with self._context.database.transaction() as tx:
                found = await expiring.due(tx, self._context.clock.now(), self._notice)
            for consent_id, case_id in found:
                told += await self._tell(consent_id, case_id)
            if len(found) < expiring.BATCH:
                break
        return told

    async def _tell(self, consent_id: UUID, case_id: UUID) -> bool:
        async def once(tx: Transaction) -> bool:
            cause = Cause(id=str(derived_id(SERVICE, str(consent_id), ACTOR, 0)))
            work = self._context.work(tx, cause=cause, caller=ACTOR)
            row = await cases.lock_case(tx, case_id, work.now)
            if row.frozen or row.over_at is not None:
                return False
            near = await expiring.tell_once(tx, consent_id, work.now)
            if near is None:
                return False
            goes_on = await expiring.goes_on_as(tx, case_id)
            stream.publish_consent_fact(tx, consent_expiry_near(near), case_id=goes_on)
            record(tx, actor=ACTOR, action="consent-expiry-near", subject=str(case_id))
            return True

        return await self._context.database.run(once)
