"""Links between cases of the node, frozen ones too, and a case that was entered twice."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any, get_args
from uuid import UUID

import pytest

from services.identification.domain import (
    Case,
    CaseRecord,
    ChildProtection,
    Closed,
    Detected,
    EnteredInError,
    HelpedWithoutIdentification,
    Identified,
    NotPresumed,
    Presumed,
    Reconsideration,
    Reflection,
    Screening,
    State,
    facts,
)
from services.identification.domain.clocks import KINDS
from services.identification.domain.everyday import Unlinking, link, unlink
from services.identification.domain.merging import WEIGHT, merge
from tests.unit.identification.builders import (
    CASE_ID,
    NOW,
    PERIOD,
    a_case,
    accepted,
    as_named,
    reasons,
    some_codes,
)

DAY = timedelta(days=1)
OTHER = UUID("22222222-2222-4222-8222-222222222222")
REFLECTING = Reflection(
    presumed_at=NOW,
    starts_at=NOW,
    ends_at=NOW + 30 * DAY,
    conclusive_due_at=NOW + 44 * DAY,
)
BY_WEIGHT: tuple[State, ...] = (
    Detected(),
    Screening(result="indicators-found", screened_at=NOW),
    NotPresumed(decided_at=NOW, reasons=("act-not-shown",)),
    Reconsideration(
        decision="reasonable-grounds", ground="new-facts", asked_at=NOW, due_at=NOW + 5 * DAY
    ),
    Presumed(presumed_at=NOW, reflection_ended_at=NOW, conclusive_due_at=NOW + 9 * DAY),
    REFLECTING,
    replace(REFLECTING, ends_at=NOW + 60 * DAY),
    Identified(decided_at=NOW),
)


def another_case(**changes: Any) -> Any:
    return replace(a_case(), case_id=OTHER, **changes)


def test_a_link_needs_another_case_of_this_node() -> None:
    assert reasons(link(a_case(), None, "family")) == ["unknown-linked-case: linked_case"]
    assert reasons(link(a_case(), as_named(a_case()), "family")) == [
        "unknown-linked-case: linked_case"
    ]
    change = accepted(link(a_case(), as_named(another_case()), "retrafficked"))
    assert change.facts == (facts.CaseWasLinked(linked_case=OTHER, kind="retrafficked"),)


def test_a_duplicate_ends_and_is_counted_no_more() -> None:
    goes_on = another_case(state=REFLECTING)
    change = accepted(merge(a_case(REFLECTING), as_named(goes_on), NOW))
    assert change.case.state == EnteredInError(reason="duplicate", voided_at=NOW)
    assert [type(fact) for fact in change.facts] == [facts.CaseWasMerged, facts.CaseWasVoided]
    assert set(change.stopped) == set(KINDS)
    ended = another_case(state=Closed(reason="other", closed_at=NOW))
    assert reasons(merge(a_case(), as_named(ended), NOW)) == ["wrong-state"]
    assert reasons(merge(a_case(REFLECTING), as_named(ended), NOW)) == ["wrong-state"]


OTHER_WAY = "merge-other-way: into_case"


@pytest.mark.parametrize(("lighter", "heavier"), [*pairwise(BY_WEIGHT)])
def test_the_case_that_is_further_along_goes_on(lighter: State, heavier: State) -> None:
    further, behind = a_case(heavier), another_case(state=lighter)
    assert reasons(merge(further, as_named(behind), NOW)) == [OTHER_WAY]
    assert accepted(merge(behind, as_named(further), NOW)).facts[0] == facts.CaseWasMerged(
        into_case=further.case_id
    )


def test_whoever_waits_for_a_decision_is_not_merged_into_a_case_that_waits_for_none() -> None:
    """The person came again and agreed: the authority stays late with the decision it owes."""
    due = another_case(grounds_due_at=NOW)
    for reason in ("person-chose", "restricted"):
        alone = a_case(HelpedWithoutIdentification(reason=reason, since=NOW))
        assert reasons(merge(due, as_named(alone), NOW)) == [OTHER_WAY]
        agreed = replace(as_named(due), agreed_since=True)
        assert accepted(merge(alone, agreed, NOW))
    without_clock = a_case()
    assert reasons(merge(due, as_named(without_clock), NOW)) == [OTHER_WAY]
    assert accepted(merge(without_clock, as_named(due), NOW))
    decided = replace(due, state=BY_WEIGHT[2])
    same_without = replace(decided, case_id=CASE_ID, grounds_due_at=None)
    assert accepted(merge(decided, as_named(same_without), NOW)), "nobody is late with it any more"


CHOSEN = HelpedWithoutIdentification(reason="person-chose", since=NOW)
WISH_LOST = "only-in-this-case: help_reason"


@pytest.mark.parametrize(
    ("there", "lost"),
    [
        (another_case(grounds_due_at=NOW), True),
        (another_case(), True),
        (another_case(state=BY_WEIGHT[1], grounds_due_at=NOW), True),
        (another_case(state=replace(CHOSEN, reason="restricted")), True),
        (another_case(state=CHOSEN), False),
        (another_case(state=BY_WEIGHT[2]), False),
        (another_case(codes=some_codes(majority="child"), grounds_due_at=NOW), False),
    ],
)
def test_the_wish_for_help_alone_does_not_end_with_a_duplicate(there: Case, lost: bool) -> None:
    """An authority would have to decide against it: it is recorded in the other case first."""
    decided = merge(a_case(CHOSEN), as_named(there), NOW)
    if lost:
        assert reasons(decided) == [WISH_LOST]
        also = replace(there, state=CHOSEN, grounds_due_at=None)
        assert accepted(merge(a_case(CHOSEN), as_named(also), NOW))
    else:
        assert accepted(decided)
    restricted = replace(CHOSEN, reason="restricted")
    assert accepted(merge(a_case(restricted), as_named(there), NOW))


def test_every_state_has_its_weight() -> None:
    assert set(WEIGHT) == set(get_args(State))
    assert {type(state) for state in BY_WEIGHT} <= set(WEIGHT)


def on_record(child: bool = True, **about: Any) -> Case:
    """A presumed child's case (or an adult's), with this on its record."""
    status = about.pop("guardian_status", "unknown")
    codes = some_codes(majority="child" if child else "adult", guardian_status=status)
    state = ChildProtection(**PERIOD) if child else REFLECTING
    return a_case(state, codes=codes, record=CaseRecord(**about))


@pytest.mark.parametrize(
    ("case", "field"),
    [
        (on_record(missing_at=NOW), "missing"),
        (on_record(best_interests="placement", best_interests_at=NOW), "best_interests"),
        (on_record(measure="child-centre", measure_at=NOW), "protection_measure"),
        (on_record(guardian_status="checked-and-safe"), "guardian_status"),
        (on_record(guardian_asked="temporary-guardian"), "guardian_request"),
        (on_record(child=False, no_removal_told=True), "no_removal"),
    ],
)
def test_what_protects_the_person_does_not_end_with_a_duplicate(case: Case, field: str) -> None:
    """An alarm for a missing child, its guardian, a notice that stands: one by one."""
    lacking = replace(on_record(child=case.codes.is_child), case_id=OTHER)
    assert reasons(merge(case, as_named(lacking), NOW)) == [f"only-in-this-case: {field}"]
    assert accepted(merge(lacking, as_named(case), NOW))
    holding = replace(case, case_id=OTHER)
    assert accepted(merge(case, as_named(holding), NOW))


def test_a_child_is_not_merged_into_an_adult_and_every_objection_is_named() -> None:
    child = on_record(missing_at=NOW, guardian_status="checked-and-safe")
    assert reasons(merge(child, as_named(another_case()), NOW)) == [
        OTHER_WAY,
        "only-in-this-case: majority",
        "only-in-this-case: guardian_status",
        "only-in-this-case: missing",
    ]


def test_who_is_identified_needs_no_notice_of_no_removal() -> None:
    told = on_record(child=False, no_removal_told=True)
    identified = another_case(state=Identified(decided_at=NOW))
    assert accepted(merge(told, as_named(identified), NOW))
    waiting = on_record(guardian_asked="advocate", representative="advocate")
    lacking = replace(on_record(), case_id=OTHER)
    assert accepted(merge(waiting, as_named(lacking), NOW)), "somebody was appointed"


@pytest.mark.parametrize(
    ("kind", "against"),
    [
        ("retrafficked", []),
        ("reopened", []),
        ("found-while-screening", []),
        ("duplicate-of", []),
        ("family", ["case-frozen: linked_case"]),
        ("same-event", ["case-frozen: linked_case"]),
        ("other", ["case-frozen: linked_case"]),
    ],
)
def test_a_frozen_case_is_named_only_by_a_case_of_the_same_person(
    kind: str, against: list[str]
) -> None:
    frozen = as_named(another_case(), frozen=True)
    decided = link(a_case(), frozen, kind)
    if against:
        assert reasons(decided) == against
        return
    assert accepted(decided).facts == (facts.CaseWasLinked(linked_case=OTHER, kind=kind),)
    assert reasons(merge(a_case(), frozen, NOW)) == ["case-frozen: into_case"]


def unlinking(kind: str, *links: tuple[UUID, str]) -> Unlinking:
    return Unlinking(
        linked_case=OTHER,
        kind=kind,
        reason="another-person",
        links=frozenset(links),
        made_in=(a_case().case_id,),
    )


def test_a_link_is_taken_back_and_nothing_else_of_the_case_changes() -> None:
    change = accepted(unlink(a_case(), unlinking("retrafficked", (OTHER, "retrafficked"))))
    assert change.case == a_case()
    assert change.facts == (
        facts.CaseWasUnlinked(
            case_id=a_case().case_id,
            linked_case=OTHER,
            kind="retrafficked",
            reason="another-person",
            same_person=False,
        ),
    )


def test_it_is_told_behind_the_link_under_each_case_that_was_linked() -> None:
    here = a_case().case_id
    asked = unlinking("reopened", (OTHER, "reopened"))
    for made_in in ((OTHER,), (here,), (here, OTHER)):
        change = accepted(unlink(a_case(), replace(asked, made_in=made_in)))
        told = [each for each in change.facts if isinstance(each, facts.CaseWasUnlinked)]
        assert tuple(each.case_id for each in told) == made_in
        assert all({each.case_id, each.linked_case} == {here, OTHER} for each in told)


@pytest.mark.parametrize(
    ("kind", "left", "stands"),
    [
        ("reopened", (), False),
        ("reopened", ("family",), False),
        ("reopened", ("found-while-screening",), True),
        ("reopened", ("duplicate-of",), True),
        ("family", (), True),
        ("family", ("reopened",), True),
    ],
)
def test_it_says_whether_what_is_forbidden_stays_as_it_is(
    kind: str, left: tuple[str, ...], stands: bool
) -> None:
    links = [(OTHER, each) for each in (kind, *left)]
    (fact,) = accepted(unlink(a_case(), unlinking(kind, *links))).facts
    assert isinstance(fact, facts.CaseWasUnlinked)
    assert fact.same_person is stands


def test_what_is_not_linked_so_is_not_taken_apart_and_a_merge_never() -> None:
    someone = UUID("33333333-3333-4333-8333-333333333333")
    links: tuple[tuple[tuple[UUID, str], ...], ...] = (
        (),
        ((OTHER, "family"),),
        ((someone, "reopened"),),
    )
    for known in links:
        decided = unlink(a_case(), unlinking("reopened", *known))
        assert reasons(decided) == ["unknown-link: linked_case"]
    merged = unlinking("duplicate-of", (OTHER, "duplicate-of"))
    assert reasons(unlink(a_case(), merged)) == ["merge-stands: kind"]
    both = ["unknown-link: linked_case", "merge-stands: kind"]
    assert reasons(unlink(a_case(), unlinking("duplicate-of"))) == both
