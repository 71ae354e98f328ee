"""What every handler does alike: load how a case stands, record a change, answer a command.

A command is answered exactly once, in the transaction that does (or does not do) what it asks.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from services.chassis import audit
from services.chassis.errors import Misuse
from services.chassis.messaging.work import Received, Waits, Work
from services.chassis.telemetry import Telemetry
from services.identification import disclosure
from services.identification.access import Standing, objections
from services.identification.domain import Case, Change, Clocks, Objection, Refusal
from services.identification.domain.facts import CaseWasUnlinked
from services.identification.domain.hand_over import HAND_OVER
from services.identification.domain.told_clock import (
    TAKEN_OVER,
    the_first_clock_may_have_changed,
    to_tell,
)
from services.identification.store import cases, hand_overs, outbox, policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What handlers are given by ``main``."""

    clocks: Clocks
    telemetry: Telemetry

    def __post_init__(self) -> None:
        """Tell the number at nought, too: nobody can see one grow that was not there before."""
        self.telemetry.counter("events_ignored")


def case_id_of(received: Received) -> UUID:
    """The case that the event is about."""
    return UUID(received.envelope.subject)


async def standing_of(work: Work, case_id: UUID) -> Standing | None:
    """How the case stands, locked; nothing when this node does not know it."""
    case = await cases.load_case(work.transaction, case_id)
    if case is None:
        return None
    in_force = await policy.policy_in_force(work.transaction)
    return Standing(
        case=case,
        frozen=await cases.frozen_at(work.transaction, case_id) is not None,
        identifies=in_force.identifies(work.node),
    )


async def case_missing(received: Received, work: Work, action: str) -> Waits | None:
    """A command for an unknown case waits for it, unless it was frozen before it was known."""
    case_id = case_id_of(received)
    if await cases.frozen_at(work.transaction, case_id) is None:
        return Waits("case", str(case_id))
    answer(work, case_id, action, (Objection(code="case-frozen"),))
    return None


async def record(work: Work, change: Change, *, new: bool = False) -> None:
    """Remember how the case is now, stop and start its clocks, tell what happened."""
    tx, case = work.transaction, change.case
    await (cases.add_case(tx, case) if new else cases.save_case(tx, case))
    for kind in change.stopped:
        await outbox.stop_clock(tx, case.case_id, kind)
    for due in change.clocks:
        await outbox.start_clock(tx, case.case_id, due.kind, due.due_at)
    for fact in change.facts:
        under = fact.case_id if isinstance(fact, CaseWasUnlinked) else case.case_id
        outbox.tell(tx, disclosure.event_of(fact), under)
    if case.origin == TAKEN_OVER and the_first_clock_may_have_changed(change):
        await _tell_who_handed_over(work, case)


async def _tell_who_handed_over(work: Work, case: Case) -> None:
    """The agency that gave us the case hears what became of the first clock, and never why."""
    for row in await hand_overs.hand_overs_of(work.transaction, case.case_id):
        status = to_tell(case, row.decision_clock, work.now)
        if status is None or row.direction != hand_overs.INCOMING or row.sender_not_told:
            continue
        letter = disclosure.clock_told(row.offer_id, status)
        outbox.send(work.transaction, letter, case.case_id, recipient=row.agency, purpose=HAND_OVER)
        told = replace(row, decision_clock=status)
        await hand_overs.settle_offer(work.transaction, told)
        note(work, case.case_id, "decision-clock-told", row.agency)


def allowed(
    standing: Standing, decided: Change | Refusal, *, needs_power: bool = False
) -> Change | Refusal:
    """What was decided, unless something speaks against deciding; every reason together."""
    against = objections(standing, needs_power=needs_power)
    if not against:
        return decided
    if isinstance(decided, Refusal):
        known = {objection.code for objection in against}
        against += tuple(found for found in decided.objections if found.code not in known)
    return Refusal(objections=against)


async def settle(work: Work, case: Case, action: str, decided: Change | Refusal) -> bool:
    """Record and accept, or refuse; whether it was accepted."""
    if isinstance(decided, Refusal):
        answer(work, case.case_id, action, decided.objections)
        return False
    await record(work, decided)
    answer(work, case.case_id, action, ())
    return True


def answer(work: Work, case_id: UUID, action: str, against: tuple[Objection, ...]) -> None:
    """Give the one final answer, and note it in the audit."""
    if work.cause.correlation is None:
        raise Misuse("a command without the id of its intake event cannot be answered")
    intake_id = UUID(work.cause.correlation)
    if against:
        outbox.tell(work.transaction, disclosure.refused(intake_id, case_id, against), case_id)
    else:
        outbox.tell(work.transaction, disclosure.accepted(intake_id, case_id), case_id)
    reason = against[0].code if against else ""
    note(work, case_id, f"{action}-refused" if against else action, reason)


def note(work: Work, case_id: UUID, action: str, reason: str = "") -> None:
    """Note an act in the audit."""
    audit.record(
        work.transaction, actor=work.caller, action=action, subject=str(case_id), reason=reason
    )
