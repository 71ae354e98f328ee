"""What may be decided, when, and every reason why not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.identification.domain import (
    CONCLUSIVE_DUE,
    REASONABLE_GROUNDS_DUE,
    REFLECTION_ENDS,
    Change,
    Closed,
    DecisionAsked,
    Detected,
    EnteredInError,
    HelpedWithoutIdentification,
    Identified,
    NotIdentified,
    NotPresumed,
    Presumed,
    Reflection,
    Refusal,
    Screening,
    ScreeningAsked,
    decide,
    facts,
    screen,
)
from services.identification.domain.clocks import REFLECTION_REVIEW
from tests.unit.identification.builders import (
    BORDER,
    CLOCKS,
    NOW,
    a_case,
    a_decision,
    accepted,
    reasons,
    some_codes,
)

DAY = timedelta(days=1)
END = NOW + 30 * DAY
SCREENED = Screening(result="indicators-found", screened_at=NOW)
IN_REFLECTION = Reflection(
    presumed_at=NOW, starts_at=NOW, ends_at=END, conclusive_due_at=END + 14 * DAY
)
PRESUMED = Presumed(presumed_at=NOW, reflection_ended_at=END, conclusive_due_at=END + 14 * DAY)
HELPED = HelpedWithoutIdentification(reason="consent-refused", since=NOW)
UNDECIDED = [Detected(), HELPED, SCREENED]
AWAITING = [IN_REFLECTION, PRESUMED]
DONE = [
    NotPresumed(decided_at=NOW, reasons=("other",)),
    Identified(decided_at=NOW),
    NotIdentified(decided_at=NOW, reasons=("other",)),
    Closed(reason="other", closed_at=NOW),
    EnteredInError(reason="other", voided_at=NOW),
]


def a_screening(**changes: Any) -> ScreeningAsked:
    given = ScreeningAsked(result="indicators-found", occurred_at=NOW, now=NOW)
    return replace(given, **changes)


@pytest.mark.parametrize("state", UNDECIDED)
def test_a_screening_is_recorded_before_the_first_decision(state: Any) -> None:
    change = accepted(screen(a_case(state), a_screening()))
    assert change.case.state == SCREENED
    assert change.facts == (facts.ScreeningWasRecorded(result="indicators-found", occurred_at=NOW),)


@pytest.mark.parametrize("state", [*AWAITING, *DONE])
def test_no_screening_after_a_decision(state: Any) -> None:
    assert reasons(screen(a_case(state), a_screening())) == ["wrong-state"]


def test_what_a_screening_finds_is_added_and_drops_nothing() -> None:
    case = a_case(codes=some_codes(exploitation=("sexual", "not-yet-known"), means=("threats",)))
    change = accepted(
        screen(case, a_screening(exploitation=("forced-labour", "sexual"), means=("threats",)))
    )
    assert change.case.codes.exploitation == ("sexual", "forced-labour")
    assert change.case.codes.means == ("threats",)
    assert change.facts[1] == facts.CodesWereChanged(
        codes=change.case.codes, to_dos=change.case.to_dos
    )


def test_what_a_screening_finds_of_forms_and_recruiter_stays_until_it_is_said_otherwise() -> None:
    first = accepted(
        screen(
            a_case(),
            a_screening(sexual_forms=("pornography", "not-yet-known"), recruiter_relation="friend"),
        )
    ).case
    assert first.codes.sexual_forms == ("pornography",)
    assert first.codes.recruiter_relation == "friend"
    assert accepted(screen(first, a_screening())).case.codes == first.codes
    again = a_screening(sexual_forms=("prostitution", "pornography"), recruiter_relation="family")
    codes = accepted(screen(first, again)).case.codes
    assert codes.sexual_forms == ("pornography", "prostitution")
    assert codes.recruiter_relation == "family"
    mended = codes.corrected({"sexual_forms": (), "recruiter_relation": "other"})
    assert (mended.sexual_forms, mended.recruiter_relation) == ((), "other")


def test_a_screening_in_the_future_is_a_mistake_but_clocks_may_differ_a_little() -> None:
    later = a_screening(occurred_at=NOW + timedelta(minutes=6))
    assert reasons(screen(a_case(), later)) == ["in-the-future: occurred_at"]
    assert accepted(screen(a_case(), a_screening(occurred_at=NOW + timedelta(minutes=4))))


@pytest.mark.parametrize("state", UNDECIDED)
def test_reasonable_grounds_start_reflection_and_its_clocks(state: Any) -> None:
    change = accepted(decide(a_case(state), a_decision(), CLOCKS))
    assert [type(fact) for fact in change.facts] == [facts.GroundsWereFound, facts.ReflectionBegan]
    assert change.facts[1] == facts.ReflectionBegan(starts_at=NOW, ends_at=END)
    assert isinstance(change.case.state, Reflection)
    assert [due.kind for due in change.clocks] == [REFLECTION_ENDS, CONCLUSIVE_DUE]
    assert REASONABLE_GROUNDS_DUE in change.stopped


def test_a_negative_first_decision_names_its_reasons_and_stops_the_clock() -> None:
    asked = a_decision(outcome="negative", reasons=("means-not-shown",))
    change = accepted(decide(a_case(), asked, CLOCKS))
    assert change.case.state == NotPresumed(
        decided_at=NOW, reasons=("means-not-shown",), reconsider_until=NOW + 30 * DAY
    )
    assert change.clocks == ()
    assert REASONABLE_GROUNDS_DUE in change.stopped


@pytest.mark.parametrize("decision", ["reasonable-grounds", "conclusive"])
def test_a_negative_decision_without_reasons_is_refused(decision: str) -> None:
    case = a_case(PRESUMED if decision == "conclusive" else None)
    asked = a_decision(decision=decision, outcome="negative")
    assert reasons(decide(case, asked, CLOCKS)) == ["reason-missing: reasons"]


@pytest.mark.parametrize("state", [*AWAITING, *DONE])
def test_the_first_decision_comes_once(state: Any) -> None:
    assert reasons(decide(a_case(state), a_decision(), CLOCKS)) == ["wrong-state"]


@pytest.mark.parametrize("state", [*UNDECIDED, *DONE])
def test_a_conclusive_decision_needs_reasonable_grounds_first(state: Any) -> None:
    assert reasons(decide(a_case(state), a_decision(decision="conclusive"), CLOCKS)) == [
        "wrong-state"
    ]


@pytest.mark.parametrize(
    ("decided_at", "asked_early", "refused"),
    [
        (END - timedelta(seconds=1), False, True),
        (END - timedelta(seconds=1), True, False),
        (END, False, False),
    ],
)
def test_no_conclusive_decision_before_reflection_ends_unless_the_person_asks(
    decided_at: Any, asked_early: bool, refused: bool
) -> None:
    asked = a_decision(
        decision="conclusive",
        decided_at=decided_at,
        now=decided_at,
        person_asked_early=asked_early,
    )
    decided = decide(a_case(IN_REFLECTION), asked, CLOCKS)
    if refused:
        assert reasons(decided) == ["too-early"]
        return
    assert accepted(decided).facts == (
        facts.ReflectionWasOver(ended_at=decided_at),
        facts.PersonWasIdentified(decided_at=decided_at, counted_by=BORDER),
    )


def test_a_conclusive_decision_stops_what_still_runs() -> None:
    after = END + DAY
    asked = a_decision(decision="conclusive", decided_at=after, now=after)
    change = accepted(decide(a_case(PRESUMED), asked, CLOCKS))
    assert change.case.state == Identified(decided_at=after)
    assert {REFLECTION_ENDS, REFLECTION_REVIEW, CONCLUSIVE_DUE} <= set(change.stopped)


def test_a_negative_conclusive_decision_names_its_reasons() -> None:
    after = END + DAY
    asked = a_decision(
        decision="conclusive",
        outcome="negative",
        reasons=("act-not-shown",),
        decided_at=after,
        now=after,
    )
    change = accepted(decide(a_case(PRESUMED), asked, CLOCKS))
    assert change.facts == (
        facts.PersonWasNotIdentified(decided_at=after, reasons=("act-not-shown",)),
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"decision": "not-yet-known"}, "out-of-range: decision"),
        ({"outcome": "not-yet-known"}, "out-of-range: outcome"),
        ({"decided_at": NOW + DAY}, "in-the-future: occurred_at"),
    ],
)
def test_what_cannot_be_understood_is_refused(changes: Any, code: str) -> None:
    assert code in reasons(decide(a_case(), a_decision(**changes), CLOCKS))


def test_every_objection_is_told_at_once() -> None:
    asked = a_decision(decision="conclusive", outcome="negative", decided_at=NOW + DAY)
    assert reasons(decide(a_case(SCREENED), asked, CLOCKS)) == [
        "in-the-future: occurred_at",
        "wrong-state",
        "reason-missing: reasons",
    ]


ASKED = some.builds(
    a_decision,
    decision=some.sampled_from(["reasonable-grounds", "conclusive", "not-yet-known"]),
    outcome=some.sampled_from(["positive", "negative", "not-yet-known"]),
    reasons=some.sampled_from([(), ("other",)]),
    person_asked_early=some.booleans(),
)


@given(
    state=some.sampled_from([*UNDECIDED, *AWAITING, *DONE]), asked=ASKED, days=some.integers(0, 60)
)
def test_a_status_is_only_ever_given_in_order_with_reasons_and_in_time(
    state: Any, asked: DecisionAsked, days: int
) -> None:
    at = NOW + days * DAY
    asked = replace(asked, decided_at=at, now=at)
    decided = decide(a_case(state), asked, CLOCKS)
    if isinstance(decided, Refusal):
        assert decided.objections
        return
    assert isinstance(decided, Change)
    after = decided.case.state
    assert asked.outcome == "positive" or asked.reasons
    if isinstance(after, Identified | NotIdentified):
        assert isinstance(state, Reflection | Presumed)
        early = asked.person_asked_early
        assert early or isinstance(state, Presumed) or at >= state.ends_at
    else:
        assert isinstance(after, Reflection | NotPresumed)
        assert isinstance(state, Detected | HelpedWithoutIdentification | Screening)
