"""What a case has only by a link that is gone, and what stays whoever linked it."""

from uuid import NAMESPACE_URL, UUID, uuid5

from services.chassis.clock import new_id
from services.gateway.domain.consent import Restriction, came_by_a_link, only_by_a_link
from services.gateway.domain.refusals import second_person_objections

FIRST, SECOND, THIRD = (new_id() for _ in range(3))
Held = dict[UUID, tuple[Restriction, ...]]


def made_of(source: UUID, case_id: UUID, turn: int) -> UUID:
    return uuid5(NAMESPACE_URL, f"{source} {case_id} {turn}")


def recorded(case_id: UUID, agency: str = "town") -> Restriction:
    return Restriction(restriction_id=new_id(), case_id=case_id, agency=agency)


def carried(source: Restriction, case_id: UUID, turn: int = 0) -> Restriction:
    own_id = made_of(source.restriction_id, case_id, turn)
    return Restriction(restriction_id=own_id, case_id=case_id, agency=source.agency)


def test_only_what_was_made_of_another_came_by_a_link_also_over_many_and_again() -> None:
    there = recorded(FIRST)
    here, further, again = (
        carried(there, SECOND),
        carried(carried(there, SECOND), THIRD),
        carried(there, THIRD, 3),
    )
    own = recorded(SECOND)
    held = {FIRST: (there,), SECOND: (here, own), THIRD: (further, again)}
    ids = {each.restriction_id for each in (here, further, again)}
    assert came_by_a_link(held, made_of) == ids


def test_what_nobody_of_the_person_recorded_is_lifted_in_each_case_of_theirs() -> None:
    there = recorded(FIRST)
    here, further = carried(there, SECOND), carried(there, THIRD)
    ids = frozenset({here.restriction_id, further.restriction_id})
    parted: Held = {SECOND: (here,), THIRD: (further,)}
    assert only_by_a_link(parted, ids) == ((SECOND, here), (THIRD, further))
    assert only_by_a_link({FIRST: (there,)}, ids) == ()


def test_what_somebody_recorded_there_or_in_a_case_still_linked_stays() -> None:
    there = recorded(FIRST)
    here, further = carried(there, SECOND), carried(there, THIRD)
    ids = frozenset({here.restriction_id, further.restriction_id})
    assert only_by_a_link({SECOND: (here, recorded(SECOND))}, ids) == ()
    assert only_by_a_link({SECOND: (here,), THIRD: (further, recorded(THIRD))}, ids) == ()
    other = recorded(THIRD, agency="school")
    assert only_by_a_link({SECOND: (here,), THIRD: (other,)}, ids) == ((SECOND, here),)


def test_whoever_linked_does_not_take_it_back_alone() -> None:
    (objection,) = second_person_objections(
        "node.one", frozenset({"node.one", "node.two"}), a_system=False
    )
    assert objection.code == "second-person-needed"
    assert second_person_objections("node.three", frozenset({"node.one"}), a_system=False) == ()
    assert second_person_objections("node.three", frozenset(), a_system=True) == (objection,)
