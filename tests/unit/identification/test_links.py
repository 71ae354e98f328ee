"""Links between cases of the node, frozen ones too, and a case that was entered twice."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.identification.domain import Closed, EnteredInError, Reflection, facts
from services.identification.domain.clocks import KINDS
from services.identification.domain.everyday import Unlinking, link, merge, unlink
from tests.unit.identification.builders import NOW, a_case, accepted, as_named, reasons

DAY = timedelta(days=1)
OTHER = UUID("22222222-2222-4222-8222-222222222222")
REFLECTING = Reflection(
    presumed_at=NOW,
    starts_at=NOW,
    ends_at=NOW + 30 * DAY,
    conclusive_due_at=NOW + 44 * DAY,
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
    change = accepted(merge(a_case(REFLECTING), as_named(another_case()), NOW))
    assert change.case.state == EnteredInError(reason="duplicate", voided_at=NOW)
    assert [type(fact) for fact in change.facts] == [facts.CaseWasMerged, facts.CaseWasVoided]
    assert set(change.stopped) == set(KINDS)
    ended = another_case(state=Closed(reason="other", closed_at=NOW))
    assert reasons(merge(a_case(), as_named(ended), NOW)) == ["wrong-state"]


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
    return Unlinking(linked_case=OTHER, kind=kind, reason="another-person", links=frozenset(links))


def test_a_link_is_taken_back_and_nothing_else_of_the_case_changes() -> None:
    change = accepted(unlink(a_case(), unlinking("retrafficked", (OTHER, "retrafficked"))))
    assert change.case == a_case()
    assert change.facts == (
        facts.CaseWasUnlinked(
            linked_case=OTHER, kind="retrafficked", reason="another-person", same_person=False
        ),
    )


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
