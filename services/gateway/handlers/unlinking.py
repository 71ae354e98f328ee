"""A link that was a mistake is taken back: what came over by it alone holds no longer.

What somebody recorded in a case, or in one that is still of the same person, stays. A merge keeps
two cases together whatever is unlinked. A frozen case is left as it is.
"""

from collections.abc import Mapping
from uuid import UUID

from services.chassis.audit import record
from services.chassis.clock import derived_id
from services.chassis.messaging.work import Work
from services.gateway.disclosure.consent import restriction_lifted
from services.gateway.domain.consent import Restriction, came_by_a_link, only_by_a_link
from services.gateway.handlers.consent import lock_cases_of_one_person
from services.gateway.settings import SERVICE
from services.gateway.store import consent as register
from services.gateway.store import merges, same_person, stream
from services.gateway.store.cases import CaseRow


async def part_cases(case_id: UUID, other: UUID, work: Work) -> None:
    """Both cases are of two persons, unless a merge or another case still joins them."""
    tx = work.transaction
    its_cases = await lock_cases_of_one_person(work, case_id, other)
    if other in await merges.read_family(tx, case_id):
        return
    await same_person.unlink(tx, case_id, other)
    held = {each: await register.read_recorded(tx, each, work.now) for each in its_cases}
    found = {each: tuple(one for one, _author in held[each]) for each in its_cases}
    carried = _carried_over(found)
    for start in (case_id, other):
        left = await same_person.cases_of(tx, [start])
        if {case_id, other} <= left:
            return
        await _lift(left, its_cases, (found, carried), work)


async def _lift(
    left: frozenset[UUID],
    its_cases: Mapping[UUID, CaseRow],
    known: tuple[Mapping[UUID, tuple[Restriction, ...]], frozenset[UUID]],
    work: Work,
) -> None:
    """Lift in the cases of one person what none of them had recorded."""
    tx, (found, carried) = work.transaction, known
    for case_id, restriction in only_by_a_link({each: found[each] for each in left}, carried):
        if its_cases[case_id].frozen:
            continue
        await register.lift_restriction(tx, restriction.restriction_id, work.now)
        fact = restriction_lifted(restriction.restriction_id, work.now)
        stream.publish_consent_fact(tx, fact, case_id=case_id)
        record(tx, actor=work.caller, action="restriction-lifted", subject=str(case_id))


def _carried_over(found: Mapping[UUID, tuple[Restriction, ...]]) -> frozenset[UUID]:
    """Ids that were made when a restriction went from one case to another."""

    def made_of(source: UUID, case_id: UUID, turn: int) -> UUID:
        return derived_id(SERVICE, str(source), str(case_id), turn)

    return came_by_a_link(found, made_of)
