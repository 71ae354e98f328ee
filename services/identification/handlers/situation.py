"""All that decides whom may be told of a case, read once; and looking at the case under it."""

from uuid import UUID

from services.chassis.messaging.work import Work
from services.identification.domain import Situation
from services.identification.handlers.recording import Context
from services.identification.store import cases, consents, hand_overs, policy
from services.identification.store.hand_overs import OUTGOING


async def situation_of(context: Context, work: Work, case_id: UUID) -> Situation:
    """Consent, restrictions, policy, what was offered before, and what the profile obliges to."""
    tx = work.transaction
    in_force = await policy.policy_in_force(tx)
    rows = await hand_overs.hand_overs_of(tx, case_id)
    return Situation(
        now=work.now,
        node=work.node,
        frozen=await cases.frozen_at(tx, case_id) is not None,
        policy=in_force,
        consents=await consents.read_consents(tx, case_id),
        restrictions=await consents.read_restrictions(tx, case_id),
        hand_overs=tuple(row.fact for row in rows if row.direction == OUTGOING),
        duty_types=frozenset(context.clocks.profile.codes("hand_over_duty_types")),
    )
