"""Links between two cases of this node, and the case that opens because questions found it.

What the person forbade in one case holds in the next of the same person at once, before anything
is told to anybody, also where the first one is frozen; what is forbidden in either afterwards comes
from the gateway for both. A consent never goes over from one case to another.
"""

from typing import Final
from uuid import UUID

from services.chassis.clock import derived_id
from services.chassis.deadlines import Deadline
from services.chassis.messaging.work import Work
from services.identification import disclosure
from services.identification.domain import Case, CaseCodes, Opening, facts, open_case
from services.identification.domain.everyday import DUPLICATE_OF, is_of_the_same_person
from services.identification.domain.merging import OtherCase
from services.identification.handlers.following import follow_up
from services.identification.handlers.needs import join_needs
from services.identification.handlers.recording import Context, note, record
from services.identification.settings import SERVICE
from services.identification.store import cases, consents, links, outbox, policy

FOUND_CASE: Final = "found-case"
FOUND: Final = "found-while-screening"
SHARED_CODES: Final = (
    "majority",
    "immediate_danger",
    "oblast",
    "citizenship",
    "safe_channel",
    "language",
    "audience_class",
    "dependants",
    "guardian_status",
    "majority_reasons",
)
"""What is true of the same person in another case too."""


async def other_case(work: Work, case_id: UUID | None) -> OtherCase | None:
    """The other case of this node; of a frozen one nothing may be looked at."""
    found = None if case_id is None else await cases.read_case(work.transaction, case_id)
    if found is None:
        return None
    case, frozen_at = found
    return OtherCase(case_id=case.case_id, case=case if frozen_at is None else None)


async def keep_link(work: Work, case_id: UUID, other: UUID, kind: str) -> None:
    """Remember a link; the same person's restrictions hold in this case, too."""
    await links.add_link(work.transaction, case_id, other, kind, work.now)
    if is_of_the_same_person(kind):
        await consents.carry_restrictions(work.transaction, other, case_id)
    if kind == DUPLICATE_OF:
        await join_needs(work, case_id)


async def keep_merge(work: Work, case_id: UUID, goes_on: UUID) -> None:
    """The case was entered twice: what was forbidden in this one holds in that which goes on."""
    await links.add_link(work.transaction, case_id, goes_on, DUPLICATE_OF, work.now)
    await consents.carry_restrictions(work.transaction, case_id, goes_on)
    await join_needs(work, case_id)


async def link_cases(work: Work, case_id: UUID, other: UUID, kind: str) -> None:
    """Link a case that was just opened."""
    await keep_link(work, case_id, other, kind)
    event = disclosure.event_of(facts.CaseWasLinked(linked_case=other, kind=kind))
    outbox.tell(work.transaction, event, case_id)


async def open_found_cases(work: Work, case: Case, found: tuple[str, ...]) -> None:
    """Each other kind of harm that the questions showed becomes a case of its own, at once."""
    new = [code for code in dict.fromkeys(found) if code != case.codes.case_type]
    for number, case_type in enumerate(new):
        case_id = derived_id(SERVICE, work.cause.id, FOUND_CASE, number)
        detail = {"beside": str(case.case_id), "case_type": case_type}
        await outbox.look_later(work.transaction, case_id, FOUND_CASE, at=work.now, detail=detail)


async def open_found_case(context: Context, deadline: Deadline, work: Work) -> None:
    """Open the case under its own lock, linked with the one in which it was found."""
    tx, case_id = work.transaction, UUID(deadline.subject)
    named = await other_case(work, UUID(deadline.detail["beside"]))
    beside = None if named is None else named.case
    if beside is None or await cases.load_case(tx, case_id) is not None:
        return
    shared = {name: getattr(beside.codes, name) for name in SHARED_CODES}
    opening = Opening(
        case_id=case_id,
        origin="detected",
        counted_by=work.node,
        codes=CaseCodes(case_type=deadline.detail["case_type"], **shared),
        occurred_at=work.now,
        now=work.now,
    )
    in_force = await policy.policy_in_force(tx)
    change = open_case(opening, context.clocks, identifies=in_force.identifies(work.node))
    await record(work, change, new=True)
    await link_cases(work, case_id, beside.case_id, FOUND)
    note(work, case_id, FOUND_CASE)
    await follow_up(context, work, change.case, work.now)
