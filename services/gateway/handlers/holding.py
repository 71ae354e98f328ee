"""The clock of legal holds: people hear before one ends and that it did; services hear that, too.

It looks at the register every so often. That a hold keeps nothing any more does not wait for it.
"""

import asyncio
from typing import Final
from uuid import UUID

from services.chassis.audit import record
from services.chassis.clock import JumpWatch, derived_id
from services.chassis.database import Transaction
from services.chassis.messaging.work import Cause
from services.chassis.runnable import Readiness
from services.gateway.disclosure.holds import legal_hold_end_near
from services.gateway.domain.holds import LegalHold, notice_at, stands, terms_of
from services.gateway.handlers.context import GatewayContext
from services.gateway.handlers.holds import end_hold
from services.gateway.handlers.rounds import look_until
from services.gateway.settings import SERVICE
from services.gateway.store import cases, holds, stream

ACTOR: Final = "legal-holds"
BATCHES_EACH_LOOK: Final = 50
BEGINNING: Final = UUID(int=0)


class HoldClock:
    """The part: ends what is over, and tells once of what ends before long."""

    name = ACTOR

    def __init__(self, context: GatewayContext) -> None:
        self._context = context
        self._terms = terms_of(context.profile)
        self._jump = JumpWatch(context.clock)
        self._after = BEGINNING
        """Where the last look ended: a look has an end, and the next one goes on from there."""

    def readiness(self) -> Readiness:
        """Always: a hold is over at its time whether or not anybody is told."""
        return Readiness(True, "")

    async def run(self, stop: asyncio.Event) -> None:
        """Look until ``stop``."""
        await look_until(stop, self.look)

    async def look(self) -> int:
        """One look; how many ended or were told of. None while the clock is in doubt."""
        if self._jump.jumped():
            return 0
        told = 0
        for _ in range(BATCHES_EACH_LOOK):
            async with self._context.database.transaction() as tx:
                found = await holds.holds_to_look_at(tx, self._context.clock.now(), self._after)
            for hold in found:
                told += self._is_due(hold) and await self._look_at(hold)
            if len(found) < holds.BATCH:
                self._after = BEGINNING
                break
            self._after = found[-1].hold_id
        return told

    def _is_due(self, hold: LegalHold) -> bool:
        """Whether it is over, or people are to hear that it will be."""
        now = self._context.clock.now()
        return not stands(hold, now) or now >= notice_at(hold, self._terms)

    async def _look_at(self, seen: LegalHold) -> bool:
        over = not stands(seen, self._context.clock.now())
        about = f"{seen.hold_id} {seen.stands_until.isoformat()} {over}"
        cause = Cause(id=str(derived_id(SERVICE, about, ACTOR, 0)))

        async def once(tx: Transaction) -> bool:
            work = self._context.work(tx, cause=cause, caller=ACTOR)
            await cases.lock_case(tx, seen.case_id, work.now)
            hold = await holds.read_hold(tx, seen.hold_id)
            if hold is None or hold.ended_at is not None:
                return False
            if not stands(hold, work.now):
                return await end_hold(hold, hold.kind_of_end, work)
            if over or not self._is_due(hold):
                return False
            if not await holds.note_told(tx, hold.hold_id, work.now):
                return False
            stream.publish_consent_fact(tx, legal_hold_end_near(hold), case_id=hold.case_id)
            subject = str(hold.case_id)
            record(tx, actor=ACTOR, action="legal-hold-end-near", subject=subject)
            return True

        return await self._context.database.run(once)
