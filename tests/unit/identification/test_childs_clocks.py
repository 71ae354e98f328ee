"""Of age, a child after all, authorities to tell: each as a whole, and what each clock means."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.identification.disclosure import event_of
from services.identification.domain import (
    CONCLUSIVE_DUE,
    REASONABLE_GROUNDS_DUE,
    REFLECTION_ENDS,
    CaseRecord,
    Change,
    ChildProtection,
    Closed,
    Presumed,
    Reconsideration,
    Reflection,
    correct,
    end_reflection,
    facts,
    open_case,
    run_out,
)
from services.identification.domain import child as children
from services.identification.domain.case import told_anew
from services.identification.domain.clocks import (
    CHILD_NOTIFICATION_DUE,
    KINDS,
    MAJORITY_REVIEW,
    RECONSIDERATION_DUE,
    REFLECTION_REVIEW,
    DueDate,
)
from tests.unit.identification.builders import (
    CLOCKS,
    NOW,
    PERIOD,
    a_case,
    a_child,
    accepted,
    an_opening,
    some_codes,
)

DAY = timedelta(days=1)
BEFORE = NOW - DAY
REFLECTING, PROTECTED = Reflection(**PERIOD), ChildProtection(**PERIOD)
CHILD = a_child()


def test_of_age_in_time_the_period_goes_on_with_its_clocks() -> None:
    route = CaseRecord(child_notification_due_at=NOW, majority_review_at=NOW)
    codes = some_codes(majority="child", consent_outcome="given")
    change = accepted(
        children.reach_majority(
            a_case(PROTECTED, codes=codes, record=route), BEFORE, NOW, NOW, CLOCKS
        )
    )
    adult = a_case(
        REFLECTING,
        codes=some_codes(majority="adult"),
        record=CaseRecord(majority_reached_at=NOW, placement_review=True),
    )
    assert change == Change(
        case=adult,
        facts=(
            facts.MajorityWasReached(reached_at=BEFORE),
            facts.ReflectionBegan(starts_at=BEFORE, ends_at=REFLECTING.ends_at),
            told_anew(adult),
        ),
        clocks=(DueDate(kind=REFLECTION_ENDS, due_at=REFLECTING.ends_at),),
        stopped=(CHILD_NOTIFICATION_DUE, MAJORITY_REVIEW),
    )


def test_of_age_a_review_comes_while_the_period_lasts_longer_than_it() -> None:
    longer = replace(PROTECTED, ends_at=NOW + 45 * DAY)
    change = accepted(
        children.reach_majority(
            a_case(longer, codes=some_codes(majority="child")), NOW, NOW, NOW, CLOCKS
        )
    )
    review = DueDate(kind=REFLECTION_REVIEW, due_at=NOW + 30 * DAY)
    assert change.clocks[1:] == (review,)
    assert change.case.record.reflection_review_at == review.due_at


def test_of_age_after_the_period_the_decision_is_awaited() -> None:
    past = replace(PROTECTED, ends_at=NOW)
    child = a_case(past, codes=some_codes(majority="child"))
    change = accepted(children.reach_majority(child, NOW, NOW, NOW, CLOCKS))
    assert change.case.state == Presumed(
        presumed_at=BEFORE, reflection_ended_at=NOW, conclusive_due_at=PROTECTED.conclusive_due_at
    )
    assert change.facts == (
        facts.MajorityWasReached(reached_at=NOW),
        facts.ReflectionWasOver(ended_at=NOW),
        told_anew(change.case),
    )
    assert (change.clocks, change.stopped) == ((), (CHILD_NOTIFICATION_DUE, MAJORITY_REVIEW))


def test_a_child_that_is_none_stops_the_childs_clocks_and_nothing_else() -> None:
    route = CaseRecord(child_notification_due_at=NOW, majority_review_at=NOW)
    believed = a_case(codes=some_codes(majority="believed-child"), record=route)
    change = correct(believed, {"majority": "adult"}, NOW, CLOCKS)
    assert change == Change(
        case=a_case(),
        facts=(facts.MajorityWasReached(reached_at=NOW), told_anew(a_case())),
        stopped=(CHILD_NOTIFICATION_DUE, MAJORITY_REVIEW),
    )
    still = correct(believed, {"majority": "child"}, NOW, CLOCKS)
    assert facts.MajorityWasReached(reached_at=NOW) not in still.facts


def test_an_adult_who_is_a_child_after_all_is_protected_from_then_on() -> None:
    reviewed = a_case(REFLECTING, record=CaseRecord(reflection_review_at=NOW + DAY))
    change = correct(reviewed, {"majority": "child"}, NOW, CLOCKS)
    told = CLOCKS.child_notification(NOW)
    protected = replace(
        CHILD, state=PROTECTED, record=CaseRecord(child_notification_due_at=told.due_at)
    )
    assert change == Change(
        case=protected,
        facts=(
            facts.ChildProtectionBegan(
                starts_at=REFLECTING.starts_at, no_decision_before=REFLECTING.ends_at
            ),
            replace(told_anew(protected), child_after_all=True),
        ),
        clocks=(told,),
        stopped=(REFLECTION_ENDS, REFLECTION_REVIEW),
    )
    plain = correct(a_case(), {"majority": "child"}, NOW, CLOCKS)
    assert (plain.clocks, plain.stopped) == ((told,), ())
    assert plain.case == replace(protected, state=plain.case.state)


@pytest.mark.parametrize(
    ("was", "said", "after_all"),
    [
        ("adult", "child", True),
        ("adult", "believed-child", True),
        ("believed-adult", "child", True),
        ("believed-child", "child", False),
        ("child", "child", False),
        ("not-yet-known", "child", False),
        ("child", "adult", False),
        ("adult", None, False),
    ],
)
def test_only_a_correction_that_makes_an_adult_a_child_says_so(
    was: str, said: str | None, after_all: bool
) -> None:
    case = a_case(codes=some_codes(majority=was))
    fact = correct(case, {"majority": said, "oblast": "BY-BR"}, NOW, CLOCKS).facts[-1]
    assert isinstance(fact, facts.CodesWereChanged)
    assert fact.child_after_all is after_all
    assert event_of(fact).model_dump()["child_after_all"] is after_all


def test_a_child_is_believed_to_be_one_only_from_the_correction_on() -> None:
    change = correct(CHILD, {"majority": "believed-child"}, NOW, CLOCKS)
    told, review = CLOCKS.child_notification(NOW), CLOCKS.majority_review(NOW)
    assert change.clocks == (told, review)
    known = correct(change.case, {"majority": "child"}, NOW, CLOCKS)
    assert known.case.record == CaseRecord(child_notification_due_at=told.due_at)
    assert (known.clocks, known.stopped) == ((), (MAJORITY_REVIEW,))
    assert known.facts == (told_anew(known.case),)


def test_whoever_takes_over_somebody_believed_to_be_a_child_looks_again_from_that_day_on() -> None:
    met_before = an_opening(origin="hand-over", occurred_at=NOW - 90 * DAY)
    taken = open_case(met_before, CLOCKS, identifies=False)
    review = CLOCKS.majority_review(NOW)
    assert taken.clocks == (review,)
    assert taken.case.record == CaseRecord(majority_review_at=review.due_at)
    rung = accepted(run_out(taken.case, MAJORITY_REVIEW, review.due_at, CLOCKS))
    assert rung.clocks == (CLOCKS.majority_review(review.due_at),)
    same = correct(taken.case, {"oblast": "BY-BR"}, NOW + DAY, CLOCKS)
    assert (same.clocks, same.case.record) == ((), taken.case.record)
    child = open_case(replace(met_before, codes=CHILD.codes), CLOCKS, identifies=True)
    assert MAJORITY_REVIEW not in {clock.kind for clock in child.clocks}
    believed = correct(child.case, {"majority": "believed-child"}, NOW + DAY, CLOCKS)
    assert believed.clocks == (CLOCKS.majority_review(NOW + DAY),)


def test_what_runs_already_is_not_begun_again() -> None:
    begun = open_case(an_opening(), CLOCKS, identifies=False).case
    change = correct(begun, {"oblast": "BY-BR"}, NOW + DAY, CLOCKS)
    assert (change.clocks, change.stopped) == ((), ())
    assert change.case.record == begun.record


def test_a_belief_that_stands_is_looked_at_once_more() -> None:
    believed = a_case(codes=some_codes(majority="believed-child"))
    again = CLOCKS.majority_review(BEFORE)
    assert run_out(believed, MAJORITY_REVIEW, BEFORE, CLOCKS) == Change(
        case=replace(believed, record=CaseRecord(majority_review_at=again.due_at)),
        facts=(facts.MajorityReviewCame(due_at=BEFORE),),
        clocks=(again,),
    )


def test_who_told_a_child_authority_and_when_is_told_once_and_ends_the_call() -> None:
    asked = replace(CHILD, record=CaseRecord(authorities_to_tell=("education", "other")))
    change = children.authority_told(asked, "education", BEFORE, CLOCKS, recipient="school")
    assert change.case.record == CaseRecord(
        authorities_told=("education",), authorities_to_tell=("other",)
    )
    fact = facts.ChildAuthorityWasNotified(
        agency_type="education", notified_at=BEFORE, recipient="school"
    )
    assert (change.facts, change.stopped) == ((fact,), ())
    last = replace(CHILD, record=CaseRecord(authorities_to_tell=("education",)))
    ended = children.authority_told(last, "education", BEFORE, CLOCKS)
    assert ended.facts == (replace(fact, recipient=None), told_anew(ended.case))
    again = children.authority_told(ended.case, "education", BEFORE, CLOCKS)
    assert again.case == ended.case
    by_phone = accepted(children.record_authority_told(last, "education", BEFORE, NOW, CLOCKS))
    assert by_phone == ended


def test_whoever_has_to_be_phoned_is_listed_once() -> None:
    asked = children.ask_to_tell(CHILD, ("education", "local-executive"))
    assert asked.case.record.authorities_to_tell == ("education", "local-executive")
    assert asked.facts == (told_anew(asked.case),)
    failed = children.authority_not_told(asked.case, "education", "school", "no-consent")
    assert failed.case == asked.case


def test_an_overdue_notification_tells_which_authorities_are_left() -> None:
    late = run_out(CHILD, CHILD_NOTIFICATION_DUE, NOW, CLOCKS)
    both = ("education", "local-executive")
    listed = replace(CHILD, record=CaseRecord(authorities_to_tell=both))
    overdue = facts.ChildNotificationFellOverdue(due_at=NOW, agency_types=both)
    assert late == Change(case=listed, facts=(overdue, told_anew(listed)))
    assert run_out(a_case(), CHILD_NOTIFICATION_DUE, NOW, CLOCKS) is None


OVER = a_case(Closed(reason="other", closed_at=NOW), codes=some_codes(majority="believed-child"))


@pytest.mark.parametrize("kind", KINDS)
def test_no_clock_of_a_case_that_is_over_means_anything(kind: str) -> None:
    assert run_out(OVER, kind, NOW, CLOCKS) is None


def test_each_clock_that_runs_out_means_what_its_kind_says() -> None:
    looked_at = a_case(
        Reconsideration(decision="conclusive", ground="new-facts", asked_at=NOW, due_at=NOW)
    )
    believed = a_case(codes=some_codes(majority="believed-child"))
    overdue = facts.DecisionFellOverdue
    for case, kind, told in (
        (a_case(REFLECTING), REFLECTION_ENDS, facts.ReflectionWasOver(ended_at=NOW + 30 * DAY)),
        (a_case(REFLECTING), REFLECTION_REVIEW, facts.ReflectionReviewCame(due_at=NOW)),
        (looked_at, RECONSIDERATION_DUE, overdue(decision="conclusive", due_at=NOW)),
        (believed, MAJORITY_REVIEW, facts.MajorityReviewCame(due_at=NOW)),
        (a_case(), REASONABLE_GROUNDS_DUE, overdue(decision="reasonable-grounds", due_at=NOW)),
        (a_case(PROTECTED), CONCLUSIVE_DUE, overdue(decision="conclusive", due_at=NOW)),
    ):
        change = run_out(case, kind, NOW, CLOCKS)
        assert change is not None
        assert change.facts == (told,)


def test_the_end_of_the_period_is_told_with_its_own_time() -> None:
    change = end_reflection(a_case(REFLECTING))
    assert change == Change(
        case=a_case(
            Presumed(
                presumed_at=BEFORE,
                reflection_ended_at=REFLECTING.ends_at,
                conclusive_due_at=REFLECTING.conclusive_due_at,
            )
        ),
        facts=(facts.ReflectionWasOver(ended_at=REFLECTING.ends_at),),
    )
