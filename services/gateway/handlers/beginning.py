"""What a detection brings for the gateway's register, before any service hears of the case.

Who may never hear of it, and whose other case it goes on from: both hold from the commit that
passes the detection on, whatever order the node's streams are read in. Nothing here reads about the
person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from contracts.intake import PersonDetected
from services.chassis.messaging.work import Work
from services.gateway.domain.consent import (
    ConsentRegister,
    Restriction,
    is_of_the_same_person,
    restriction_objections,
    what_is_forbidden,
)
from services.gateway.domain.refusals import Objection
from services.gateway.handlers.consent import (
    forbid,
    forbid_in_all,
    go_on_from,
    lock_cases_of_one_person,
    restriction_of,
)
from services.gateway.handlers.context import StopSharing
from services.gateway.store import cases, same_person
from services.gateway.store import consent as register
from services.gateway.store.cases import CaseRow

TOLD_BEFORE = "case-told-before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """A detection at the door, and what else whoever tells it may tell."""

    body: PersonDetected
    case_id: UUID
    may_restrict: bool
    may_link: bool

    @property
    def goes_on_from(self) -> UUID | None:
        """Another case of the same person."""
        other, kind = self.body.linked_case, self.body.link_kind
        return other if other != self.case_id and is_of_the_same_person(kind) else None


async def begin(told: Detection, work: Work, stop_sharing: StopSharing) -> tuple[Objection, ...]:
    """Enter what a detection forbids, and what the case forbids from which it goes on; all of it or
    nothing. Into that one nothing goes before identification took the detection.

    What the same detection said when it was told before is nothing new.
    """
    tx, case_id = work.transaction, told.case_id
    if told.body.restrictions or told.goes_on_from is not None:
        its_cases = await lock_cases_of_one_person(work, case_id)
        new, against = await _new_restrictions(told, its_cases[case_id], work)
        against += await _against_joining(told, its_cases, work)
        if against:
            return tuple(against)
        if new:
            await forbid(new.values(), case_id, work, stop_sharing)
            await forbid_in_all(its_cases, work, stop_sharing)
        if told.goes_on_from is not None:
            await go_on_from(case_id, told.goes_on_from, work, stop_sharing)
    await cases.note_known(tx, case_id, work.now)
    return ()


async def _new_restrictions(
    told: Detection, row: CaseRow, work: Work
) -> tuple[dict[UUID, tuple[Restriction, str]], list[Objection]]:
    tx, case_id = work.transaction, told.case_id
    known = await register.read_restrictions(tx, case_id)
    held = {found.restriction_id: what_is_forbidden(found) for found in known}
    new: dict[UUID, tuple[Restriction, str]] = {}
    against: list[Objection] = []
    for position, asked in enumerate(told.body.restrictions):
        restriction, its_id = restriction_of(asked, case_id), asked.restriction_id
        if held.get(its_id) == what_is_forbidden(restriction):
            continue
        if row.known and not told.may_restrict:
            against.append(Objection(TOLD_BEFORE, f"restrictions/{position}"))
        taken = its_id in new or await register.restriction_exists(tx, its_id)
        now = ConsentRegister(
            now=work.now, frozen=row.frozen, id_taken=taken, with_a_detection=True
        )
        against += [
            Objection(each.code, f"restrictions/{position}/{each.field}")
            for each in restriction_objections(restriction, now)
        ]
        new[its_id] = (restriction, asked.recorded_for)
    return new, against


async def _against_joining(
    told: Detection, its_cases: Mapping[UUID, CaseRow], work: Work
) -> list[Objection]:
    """A case that is there already is linked by whoever leads it."""
    other = told.goes_on_from
    if other is None or told.may_link or not its_cases[told.case_id].known:
        return []
    if told.case_id in await same_person.cases_of(work.transaction, [other]):
        return []
    return [Objection(TOLD_BEFORE, "linked_case")]
