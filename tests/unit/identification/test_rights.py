"""More time, less time, a second look, and that nobody is punished for not co-operating."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.vocabulary import code_lists, load_profile
from services.identification.domain import (
    CONCLUSIVE_DUE,
    REFLECTION_ENDS,
    ChildProtection,
    Clocks,
    Detected,
    Identified,
    NotIdentified,
    NotPresumed,
    Presumed,
    Reconsideration,
    Reflection,
    RevocationAsked,
    Revoked,
    decide,
    facts,
)
from services.identification.domain.clocks import RECONSIDERATION_DUE, REFLECTION_REVIEW
from services.identification.domain.period import (
    cut_reflection,
    extend_reflection,
    review_reflection,
)
from services.identification.domain.second_look import (
    reconsider,
    reconsideration_overdue,
    revoke,
)
from tests.unit.identification.builders import (
    CLOCKS,
    INTERIOR,
    NOW,
    a_case,
    a_decision,
    accepted,
    reasons,
    some_codes,
)

DAY = timedelta(days=1)
END = NOW + 30 * DAY
REFLECTING = Reflection(
    presumed_at=NOW, starts_at=NOW, ends_at=END, conclusive_due_at=END + 14 * DAY
)
OPEN = NOW + 30 * DAY
NEGATIVE = [
    NotPresumed(decided_at=NOW, reasons=("other",), reconsider_until=OPEN),
    NotIdentified(decided_at=NOW, reasons=("other",), reconsider_until=OPEN),
    Revoked(
        ground="facts-were-wrong",
        second_authority="court-brest",
        decided_at=NOW,
        reconsider_until=OPEN,
    ),
]
UK = Clocks(profile=load_profile("UK"))


def a_revocation(**changes: Any) -> RevocationAsked:
    asked = RevocationAsked(
        ground="obtained-by-deception",
        second_authority="court-brest",
        may_agree=True,
        decided_at=NOW,
        now=NOW,
    )
    return replace(asked, **changes)


def test_an_extension_moves_the_end_and_the_decision_by_the_profiles_days() -> None:
    for clocks, days in ((CLOCKS, 30), (UK, 15)):
        change = accepted(extend_reflection(a_case(REFLECTING), "mental-health", NOW, clocks))
        state = change.case.state
        assert isinstance(state, Reflection)
        assert state.ends_at == END + days * DAY
        assert state.conclusive_due_at > REFLECTING.conclusive_due_at
        assert state.extensions == ("mental-health",)
        assert {due.kind: due.due_at for due in change.clocks} == {
            REFLECTION_ENDS: state.ends_at,
            CONCLUSIVE_DUE: state.conclusive_due_at,
            REFLECTION_REVIEW: NOW + 30 * DAY,
        }


def test_a_review_that_is_still_to_come_is_not_put_off_by_an_extension() -> None:
    due_at = NOW + 3 * DAY
    case = a_case(REFLECTING)
    case = replace(case, record=replace(case.record, reflection_review_at=due_at))
    change = accepted(extend_reflection(case, "person-asked", NOW, CLOCKS))
    assert change.case.record.reflection_review_at == due_at


def test_there_are_as_many_extensions_as_the_profile_lets() -> None:
    most = CLOCKS.profile.number("reflection_extensions")
    last = replace(REFLECTING, extensions=("person-asked",) * (most - 1))
    change = accepted(extend_reflection(a_case(last), "person-asked", NOW, CLOCKS))
    assert reasons(extend_reflection(change.case, "person-asked", NOW, CLOCKS)) == ["limit-reached"]


def test_only_a_period_that_runs_is_made_longer_or_shorter() -> None:
    assert reasons(extend_reflection(a_case(), "person-asked", NOW, CLOCKS)) == ["wrong-state"]
    assert reasons(cut_reflection(a_case(), "other", NOW + DAY, NOW)) == [
        "wrong-state",
        "reason-missing: reason",
        "in-the-future: occurred_at",
    ]


def test_a_period_ends_early_for_a_reason_only_and_the_decision_is_due_as_before() -> None:
    assert reasons(cut_reflection(a_case(REFLECTING), "other", NOW, NOW)) == [
        "reason-missing: reason"
    ]
    change = accepted(cut_reflection(a_case(REFLECTING), "person-asked", NOW, NOW))
    assert change.case.state == Presumed(
        presumed_at=NOW,
        reflection_ended_at=NOW,
        conclusive_due_at=REFLECTING.conclusive_due_at,
    )
    assert change.facts == (
        facts.ReflectionWasCut(reason="person-asked"),
        facts.ReflectionWasOver(ended_at=NOW),
    )
    assert set(change.stopped) == {REFLECTION_ENDS, REFLECTION_REVIEW}


def test_a_review_is_told_and_comes_again_while_the_period_runs() -> None:
    longer = replace(REFLECTING, ends_at=END + 60 * DAY)
    first = review_reflection(a_case(longer), END, CLOCKS)
    assert first is not None
    assert first.facts == (facts.ReflectionReviewCame(due_at=END),)
    assert [due.due_at for due in first.clocks] == [END + 30 * DAY]
    last = review_reflection(a_case(longer), END + 30 * DAY, CLOCKS)
    assert last is not None
    assert last.clocks == ()
    assert review_reflection(a_case(), END, CLOCKS) is None


def test_where_the_period_ends_on_the_day_of_the_review_there_is_none() -> None:
    change = accepted(decide(a_case(), a_decision(), CLOCKS))
    assert REFLECTION_REVIEW not in [due.kind for due in change.clocks]
    longer = Clocks(
        profile=replace(CLOCKS.profile, values={**CLOCKS.profile.values, "reflection_days": 45})
    )
    change = accepted(decide(a_case(), a_decision(), longer))
    assert change.case.record.reflection_review_at == END
    assert REFLECTION_REVIEW in [due.kind for due in change.clocks]


@pytest.mark.parametrize("state", NEGATIVE)
def test_a_negative_decision_is_looked_at_again_within_the_days_of_the_profile(state: Any) -> None:
    change = accepted(reconsider(a_case(state), "new-facts", OPEN, CLOCKS))
    after = change.case.state
    assert isinstance(after, Reconsideration)
    expected = "reasonable-grounds" if isinstance(state, NotPresumed) else "conclusive"
    assert after.decision == expected
    assert [due.kind for due in change.clocks] == [RECONSIDERATION_DUE]
    late = OPEN + timedelta(seconds=1)
    assert reasons(reconsider(a_case(state), "new-facts", late, CLOCKS)) == ["deadline-passed"]


@pytest.mark.parametrize("state", [Detected(), REFLECTING, Identified(decided_at=NOW)])
def test_what_was_not_decided_against_the_person_is_not_reconsidered(state: Any) -> None:
    assert reasons(reconsider(a_case(state), "procedure", NOW, CLOCKS)) == ["wrong-state"]


@pytest.mark.parametrize("decision", ["reasonable-grounds", "conclusive"])
@pytest.mark.parametrize("outcome", ["positive", "negative"])
def test_another_look_ends_as_the_first_one_could_and_only_for_the_same_decision(
    decision: str, outcome: str
) -> None:
    looking = a_case(
        Reconsideration(decision=decision, ground="new-facts", asked_at=NOW, due_at=END)
    )
    asked = a_decision(decision=decision, outcome=outcome, reasons=("act-not-shown",))
    change = accepted(decide(looking, asked, CLOCKS))
    expected = {
        ("reasonable-grounds", "positive"): Reflection,
        ("reasonable-grounds", "negative"): NotPresumed,
        ("conclusive", "positive"): Identified,
        ("conclusive", "negative"): NotIdentified,
    }
    assert isinstance(change.case.state, expected[decision, outcome])
    assert RECONSIDERATION_DUE in change.stopped
    other = "conclusive" if decision == "reasonable-grounds" else "reasonable-grounds"
    assert reasons(decide(looking, a_decision(decision=other), CLOCKS)) == ["wrong-state"]


def test_an_authority_that_does_not_look_again_in_time_changes_no_right() -> None:
    looking = a_case(
        Reconsideration(decision="conclusive", ground="procedure", asked_at=NOW, due_at=END)
    )
    change = reconsideration_overdue(looking, END)
    assert change is not None
    assert change.case == looking
    assert change.facts == (facts.DecisionFellOverdue(decision="conclusive", due_at=END),)


def test_a_status_is_taken_back_on_a_ground_with_a_second_authority() -> None:
    change = accepted(revoke(a_case(Identified(decided_at=NOW)), a_revocation(), CLOCKS))
    assert change.case.state == Revoked(
        ground="obtained-by-deception",
        second_authority="court-brest",
        decided_at=NOW,
        reconsider_until=NOW + 30 * DAY,
    )


@pytest.mark.parametrize("ground", ["non-cooperation", "did-not-testify", "other", ""])
def test_nobody_loses_a_status_for_not_co_operating(ground: str) -> None:
    asked = a_revocation(ground=ground)
    assert reasons(revoke(a_case(Identified(decided_at=NOW)), asked, CLOCKS)) == [
        "ground-not-accepted: ground"
    ]
    listed = code_lists()["revocation-ground"].codes
    assert not [code for code in listed if "operat" in code or "testi" in code]


def test_every_objection_to_a_revocation_is_told() -> None:
    asked = a_revocation(
        ground="other", second_authority=INTERIOR, may_agree=False, decided_at=NOW + DAY
    )
    assert reasons(revoke(a_case(REFLECTING), asked, CLOCKS)) == [
        "wrong-state",
        "ground-not-accepted: ground",
        "second-authority-missing: second_authority",
        "in-the-future: occurred_at",
    ]


@pytest.mark.parametrize("majority", ["child", "believed-child"])
def test_for_a_child_no_means_is_needed(majority: str) -> None:
    case = a_case(codes=some_codes(majority=majority))
    asked = a_decision(outcome="negative", reasons=("means-not-shown",))
    assert reasons(decide(case, asked, CLOCKS)) == ["means-not-needed: reasons"]
    assert accepted(decide(a_case(), asked, CLOCKS))


@pytest.mark.parametrize(
    ("changes", "counts"),
    [({}, True), ({"means": ("threats",)}, False), ({"majority": "child"}, False)],
)
def test_that_the_person_agreed_counts_for_nothing_once_a_means_is_there(
    changes: Any, counts: bool
) -> None:
    case = a_case(codes=some_codes(**changes))
    asked = a_decision(outcome="negative", reasons=("person-agreed",))
    decided = decide(case, asked, CLOCKS)
    if counts:
        assert accepted(decided)
    else:
        assert reasons(decided) == ["consent-irrelevant: reasons"]


def test_a_presumed_child_is_protected_instead_and_gets_no_less_time() -> None:
    child = a_case(codes=some_codes(majority="child"))
    change = accepted(decide(child, a_decision(), CLOCKS))
    state = change.case.state
    assert isinstance(state, ChildProtection)
    assert state.ends_at == END
    assert [due.kind for due in change.clocks] == [CONCLUSIVE_DUE]
    early = a_decision(decision="conclusive", decided_at=END - DAY, now=END - DAY)
    assert reasons(decide(change.case, early, CLOCKS)) == ["too-early"]
    in_time = a_decision(decision="conclusive", decided_at=END, now=END)
    assert isinstance(accepted(decide(change.case, in_time, CLOCKS)).case.state, Identified)
