"""Each beginning and each decision as a whole: case, facts, and the clocks that run and stop."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from services.identification.domain import (
    CONCLUSIVE_DUE,
    REASONABLE_GROUNDS_DUE,
    REFLECTION_ENDS,
    CaseRecord,
    Change,
    ChildProtection,
    Identified,
    NotIdentified,
    NotPresumed,
    Presumed,
    Reconsideration,
    Reflection,
    RevocationAsked,
    Revoked,
    facts,
    open_case,
    start_clock,
)
from services.identification.domain.case import told_anew
from services.identification.domain.clocks import (
    RECONSIDERATION_DUE,
    REFLECTION_REVIEW,
    Clocks,
    DueDate,
)
from services.identification.domain.decisions import ScreeningAsked, decide, screen
from services.identification.domain.period import (
    cut_reflection,
    extend_reflection,
    review_reflection,
)
from services.identification.domain.second_look import reconsider, revoke
from tests.unit.identification.builders import (
    BORDER,
    CLOCKS,
    NOW,
    PERIOD,
    a_case,
    a_child,
    a_decision,
    accepted,
    an_opening,
    some_codes,
)

DAY = timedelta(days=1)
BEFORE = NOW - DAY
REFLECTING = Reflection(**PERIOD)
IDENTIFIED = a_case(Identified(decided_at=BEFORE))
CHILD = a_child()
REVOCATION = RevocationAsked(
    ground="obtained-by-deception",
    second_authority="court-brest",
    may_agree=True,
    decided_at=BEFORE,
    now=NOW,
)


def test_a_case_begins_as_it_was_told_with_every_clock_that_runs_for_it() -> None:
    change = open_case(an_opening(), CLOCKS, identifies=True)
    grounds, child = CLOCKS.reasonable_grounds(NOW), CLOCKS.child_notification(NOW)
    review = CLOCKS.majority_review(NOW)
    begun = a_case(
        codes=some_codes(majority="believed-child"),
        occurred_at=BEFORE,
        grounds_due_at=grounds.due_at,
        record=CaseRecord(child_notification_due_at=child.due_at, majority_review_at=review.due_at),
    )
    opened = facts.CaseWasOpened(
        origin="detected",
        counted_by=BORDER,
        codes=begun.codes,
        to_dos=begun.to_dos,
        occurred_at=BEFORE,
    )
    assert change == Change(case=begun, facts=(opened,), clocks=(grounds, child, review))
    without = open_case(an_opening(), CLOCKS, identifies=False)
    assert without == Change(
        case=replace(begun, grounds_due_at=None), facts=(opened,), clocks=(child, review)
    )


def test_a_clock_that_runs_from_what_happened_runs_for_a_child_from_then_too() -> None:
    values = {**CLOCKS.profile.values, "clocks_start_from": "occurred"}
    from_then = Clocks(profile=replace(CLOCKS.profile, values=values))
    change = open_case(an_opening(), from_then, identifies=True)
    assert change.clocks == (
        from_then.reasonable_grounds(BEFORE),
        from_then.child_notification(BEFORE),
        from_then.majority_review(BEFORE),
    )


def test_somebody_else_identifies_a_child_that_this_node_was_told_of() -> None:
    told = an_opening(origin="child-notification")
    assert open_case(told, CLOCKS, identifies=True).clocks == ()
    assert start_clock(a_case(origin="child-notification"), CLOCKS) is None


def test_a_screening_that_finds_something_new_tells_it() -> None:
    asked = ScreeningAsked(
        result="indicators-found",
        occurred_at=BEFORE,
        now=NOW,
        exploitation=("sexual",),
        means=("threats",),
    )
    first = accepted(screen(a_case(), asked))
    assert first.case.codes == some_codes(exploitation=("sexual",), means=("threats",))
    assert first.facts == (
        facts.ScreeningWasRecorded(result="indicators-found", occurred_at=BEFORE),
        facts.CodesWereChanged(
            codes=first.case.codes, to_dos=a_case(codes=first.case.codes).to_dos
        ),
    )
    again = accepted(screen(first.case, asked))
    assert again.facts == first.facts[:1]


def a_conclusion(**changes: Any) -> Any:
    given: dict[str, Any] = {"decision": "conclusive", "decided_at": BEFORE, **changes}
    return a_decision(**given)


PRESUMED = Presumed(
    presumed_at=BEFORE, reflection_ended_at=BEFORE, conclusive_due_at=NOW + 14 * DAY
)
FIRST = (REASONABLE_GROUNDS_DUE, RECONSIDERATION_DUE)
LAST = (REFLECTION_ENDS, REFLECTION_REVIEW, CONCLUSIVE_DUE, RECONSIDERATION_DUE)


def test_reasonable_grounds_begin_the_period_of_an_adult() -> None:
    ends, due = CLOCKS.reflection(NOW), CLOCKS.conclusive(NOW + 30 * DAY)
    state = Reflection(
        presumed_at=BEFORE, starts_at=NOW, ends_at=ends.due_at, conclusive_due_at=due.due_at
    )
    assert decide(a_case(), a_decision(decided_at=BEFORE), CLOCKS) == Change(
        case=a_case(state),
        facts=(
            facts.GroundsWereFound(decided_at=BEFORE),
            facts.ReflectionBegan(starts_at=NOW, ends_at=ends.due_at),
        ),
        clocks=(ends, due),
        stopped=FIRST,
    )


def test_reasonable_grounds_protect_a_child_instead() -> None:
    ends, due = NOW + 30 * DAY, CLOCKS.conclusive(NOW + 30 * DAY)
    state = ChildProtection(
        presumed_at=BEFORE, starts_at=NOW, ends_at=ends, conclusive_due_at=due.due_at
    )
    protected = replace(CHILD, state=state)
    assert decide(CHILD, a_decision(decided_at=BEFORE), CLOCKS) == Change(
        case=protected,
        facts=(
            facts.GroundsWereFound(decided_at=BEFORE),
            facts.ChildProtectionBegan(starts_at=NOW, no_decision_before=ends),
            told_anew(protected),
        ),
        clocks=(due,),
        stopped=FIRST,
    )


def test_a_period_that_counts_from_the_decision_begins_with_it() -> None:
    values = {**CLOCKS.profile.values, "clocks_start_from": "occurred"}
    from_then = Clocks(profile=replace(CLOCKS.profile, values=values))
    for case, kind in ((a_case(), Reflection), (CHILD, ChildProtection)):
        state = accepted(decide(case, a_decision(decided_at=BEFORE), from_then)).case.state
        assert isinstance(state, kind)
        assert state.starts_at == BEFORE


def test_the_first_clock_is_all_that_starts() -> None:
    due = CLOCKS.reasonable_grounds(NOW)
    running = a_case(grounds_due_at=due.due_at)
    assert start_clock(a_case(), CLOCKS) == Change(case=running, facts=(), clocks=(due,))


def test_a_negative_decision_tells_why_and_how_long_it_can_be_looked_at_again() -> None:
    given: dict[str, Any] = {
        "decided_at": BEFORE,
        "reasons": ("other",),
        "reconsider_until": NOW + 30 * DAY,
    }
    told: dict[str, Any] = {"decided_at": BEFORE, "reasons": ("other",)}
    refused = a_decision(outcome="negative", **told)
    assert decide(a_case(), refused, CLOCKS) == Change(
        case=a_case(NotPresumed(**given)),
        facts=(facts.GroundsWereNotFound(**told),),
        stopped=FIRST,
    )
    refused = a_conclusion(outcome="negative", reasons=("other",))
    assert decide(a_case(PRESUMED), refused, CLOCKS) == Change(
        case=a_case(NotIdentified(**given)),
        facts=(facts.PersonWasNotIdentified(**told),),
        stopped=LAST,
    )


def test_who_is_identified_in_the_period_is_told_that_it_is_over_and_no_review_comes() -> None:
    reviewed = a_case(REFLECTING, record=CaseRecord(reflection_review_at=NOW + DAY))
    early = a_conclusion(person_asked_early=True)
    assert decide(reviewed, early, CLOCKS) == Change(
        case=a_case(Identified(decided_at=BEFORE)),
        facts=(
            facts.ReflectionWasOver(ended_at=BEFORE),
            facts.PersonWasIdentified(decided_at=BEFORE, counted_by=BORDER),
        ),
        stopped=LAST,
    )
    late = REFLECTING.ends_at + DAY
    after = accepted(decide(reviewed, a_conclusion(decided_at=late, now=late), CLOCKS))
    assert after.facts[0] == facts.ReflectionWasOver(ended_at=REFLECTING.ends_at)


def test_a_second_look_runs_the_clock_of_the_authority_anew() -> None:
    negative = NotPresumed(decided_at=BEFORE, reasons=("other",), reconsider_until=NOW)
    due = CLOCKS.reconsideration(NOW)
    told: dict[str, Any] = {
        "decision": "reasonable-grounds",
        "ground": "new-facts",
        "due_at": due.due_at,
    }
    assert reconsider(a_case(negative), "new-facts", NOW, CLOCKS) == Change(
        case=a_case(Reconsideration(asked_at=NOW, **told)),
        facts=(facts.ReconsiderationBegan(**told),),
        clocks=(due,),
    )


def test_a_status_that_is_taken_back_tells_on_what_ground_and_with_whom() -> None:
    told: dict[str, Any] = {
        "ground": "obtained-by-deception",
        "second_authority": "court-brest",
        "decided_at": BEFORE,
    }
    assert revoke(IDENTIFIED, REVOCATION, CLOCKS) == Change(
        case=a_case(Revoked(reconsider_until=NOW + 30 * DAY, **told)),
        facts=(facts.IdentificationWasRevoked(**told),),
    )


def test_an_extension_and_a_cut_tell_the_new_end() -> None:
    ends = CLOCKS.extension(REFLECTING.ends_at)
    due = CLOCKS.conclusive(ends.due_at)
    review = DueDate(kind=REFLECTION_REVIEW, due_at=BEFORE + 30 * DAY)
    longer = replace(
        REFLECTING, ends_at=ends.due_at, conclusive_due_at=due.due_at, extensions=("other",)
    )
    assert extend_reflection(a_case(REFLECTING), "other", NOW, CLOCKS) == Change(
        case=a_case(longer, record=CaseRecord(reflection_review_at=review.due_at)),
        facts=(
            facts.ReflectionWasExtended(
                reason="other", ends_at=ends.due_at, conclusive_due_at=due.due_at
            ),
        ),
        clocks=(ends, review, due),
    )
    reviewed = a_case(REFLECTING, record=CaseRecord(reflection_review_at=NOW + DAY))
    assert cut_reflection(reviewed, "person-asked", BEFORE, NOW) == Change(
        case=a_case(
            Presumed(
                presumed_at=BEFORE,
                reflection_ended_at=BEFORE,
                conclusive_due_at=REFLECTING.conclusive_due_at,
            )
        ),
        facts=(
            facts.ReflectionWasCut(reason="person-asked"),
            facts.ReflectionWasOver(ended_at=BEFORE),
        ),
        stopped=(REFLECTION_ENDS, REFLECTION_REVIEW),
    )


def test_a_review_to_come_stays_and_that_of_the_first_day_counts_once_it_lies_ahead() -> None:
    to_come = DueDate(kind=REFLECTION_REVIEW, due_at=NOW + DAY)
    reviewed = a_case(REFLECTING, record=CaseRecord(reflection_review_at=to_come.due_at))
    change = accepted(extend_reflection(reviewed, "other", NOW, CLOCKS))
    assert to_come in change.clocks
    today = a_case(replace(REFLECTING, starts_at=NOW - 30 * DAY))
    again = accepted(extend_reflection(today, "other", NOW, CLOCKS))
    assert again.case.record.reflection_review_at == NOW + 30 * DAY


def test_a_period_that_ends_before_any_review_has_none() -> None:
    soon_over = replace(REFLECTING, starts_at=NOW - 40 * DAY, ends_at=NOW - 10 * DAY)
    change = accepted(extend_reflection(a_case(soon_over), "other", NOW, CLOCKS))
    assert change.case.record.reflection_review_at is None
    assert [due.kind for due in change.clocks] == [REFLECTION_ENDS, CONCLUSIVE_DUE]


def test_a_review_is_noted_until_the_next_one_and_the_last_has_none() -> None:
    longer = a_case(replace(REFLECTING, ends_at=NOW + 45 * DAY))
    next_one = DueDate(kind=REFLECTION_REVIEW, due_at=NOW + 30 * DAY)
    noted = replace(longer, record=CaseRecord(reflection_review_at=next_one.due_at))
    came = facts.ReflectionReviewCame(due_at=NOW)
    assert review_reflection(longer, NOW, CLOCKS) == Change(
        case=noted, facts=(came,), clocks=(next_one,)
    )
    last = review_reflection(noted, next_one.due_at, CLOCKS)
    assert last == Change(case=longer, facts=(replace(came, due_at=next_one.due_at),))


def test_a_review_that_is_past_is_asked_for_again_from_now_on() -> None:
    longer = replace(REFLECTING, starts_at=NOW - 40 * DAY)
    past = a_case(longer, record=CaseRecord(reflection_review_at=NOW))
    change = accepted(extend_reflection(past, "other", NOW, CLOCKS))
    assert change.case.record.reflection_review_at == NOW + 30 * DAY
