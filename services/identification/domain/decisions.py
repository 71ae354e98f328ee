"""Screening, reasonable grounds, the conclusive decision: what may be decided, when, and why not.

One function per rule; every objection is collected. A negative decision needs reasons.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeAlias

from contracts.vocabulary import NOT_YET_KNOWN
from services.identification.domain.case import (
    Case,
    Change,
    ChildProtection,
    Detected,
    HelpedWithoutIdentification,
    Identified,
    NotIdentified,
    NotPresumed,
    Objection,
    Presumed,
    Reconsideration,
    Reflection,
    Refusal,
    Screening,
    it_happened_by_now,
    told_anew,
)
from services.identification.domain.clocks import (
    CONCLUSIVE_DUE,
    REASONABLE_GROUNDS_DUE,
    RECONSIDERATION_DUE,
    REFLECTION_ENDS,
    REFLECTION_REVIEW,
    Clocks,
)
from services.identification.domain.facts import (
    ChildProtectionBegan,
    Fact,
    GroundsWereFound,
    GroundsWereNotFound,
    PersonWasIdentified,
    PersonWasNotIdentified,
    ReflectionBegan,
    ReflectionWasOver,
    ScreeningWasRecorded,
)

REASONABLE_GROUNDS: Final = "reasonable-grounds"
CONCLUSIVE: Final = "conclusive"
POSITIVE: Final = "positive"
NEGATIVE: Final = "negative"
MEANS_NOT_SHOWN: Final = "means-not-shown"
PERSON_AGREED: Final = "person-agreed"
FIRST_DECISION_CLOCKS: Final = (REASONABLE_GROUNDS_DUE, RECONSIDERATION_DUE)
CONCLUSION_CLOCKS: Final = (REFLECTION_ENDS, REFLECTION_REVIEW, CONCLUSIVE_DUE, RECONSIDERATION_DUE)

Undecided: TypeAlias = Detected | HelpedWithoutIdentification | Screening
AwaitingConclusion: TypeAlias = Reflection | ChildProtection | Presumed


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningAsked:
    """A screening as it was reported."""

    result: str
    occurred_at: datetime
    now: datetime
    exploitation: tuple[str, ...] = ()
    means: tuple[str, ...] = ()
    sexual_forms: tuple[str, ...] = ()
    recruiter_relation: str = NOT_YET_KNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionAsked:
    """A decision as it was reported."""

    decision: str
    outcome: str
    reasons: tuple[str, ...]
    person_asked_early: bool
    decided_at: datetime
    now: datetime


def it_did_not_happen_in_the_future(
    case: Case, asked: DecisionAsked | ScreeningAsked
) -> Objection | None:
    """A time later than now is a mistake (a small difference of clocks is not).

    Project: clocks count from it.
    """
    at = asked.decided_at if isinstance(asked, DecisionAsked) else asked.occurred_at
    return it_happened_by_now(at, asked.now)


def the_case_is_undecided(case: Case, asked: ScreeningAsked) -> Objection | None:
    """Screening comes before the first decision (project: what is decided gets a second look)."""
    return None if isinstance(case.state, Undecided) else Objection(code="wrong-state")


def the_state_awaits_this_decision(case: Case, asked: DecisionAsked) -> Objection | None:
    """Reasonable grounds first, then the conclusive decision; again only when looked at anew.

    Convention, Art. 10(2) and 13(1).
    """
    if isinstance(case.state, Reconsideration):
        return None if case.state.decision == asked.decision else Objection(code="wrong-state")
    awaited = Undecided if asked.decision == REASONABLE_GROUNDS else AwaitingConclusion
    return None if isinstance(case.state, awaited) else Objection(code="wrong-state")


def the_decision_is_known(case: Case, asked: DecisionAsked) -> Objection | None:
    """A decision under a code that we do not know cannot be guessed.

    Code list: ``decision-kind``.
    """
    known = asked.decision in (REASONABLE_GROUNDS, CONCLUSIVE)
    return None if known else Objection(code="out-of-range", field="decision")


def the_outcome_is_known(case: Case, asked: DecisionAsked) -> Objection | None:
    """Nor can its outcome (code list: ``decision-outcome``)."""
    known = asked.outcome in (POSITIVE, NEGATIVE)
    return None if known else Objection(code="out-of-range", field="outcome")


def a_negative_decision_has_reasons(case: Case, asked: DecisionAsked) -> Objection | None:
    """A person is told why not (project: nobody can ask for a second look without them)."""
    if asked.outcome == NEGATIVE and not asked.reasons:
        return Objection(code="reason-missing", field="reasons")
    return None


def reflection_is_over_or_the_person_asked(case: Case, asked: DecisionAsked) -> Objection | None:
    """No conclusive decision before the end of reflection unless the person wants it.

    A child has a measure instead of the period, and no less time (Convention, Art. 13(1); UK
    statutory guidance: a decision after the period).
    """
    if asked.decision != CONCLUSIVE or not isinstance(case.state, Reflection | ChildProtection):
        return None
    if asked.decided_at >= case.state.ends_at or asked.person_asked_early:
        return None
    return Objection(code="too-early")


def a_child_needs_no_means(case: Case, asked: DecisionAsked) -> Objection | None:
    """For a child the act and the purpose are enough (Palermo Protocol, Art. 3(c))."""
    if case.codes.is_child and MEANS_NOT_SHOWN in asked.reasons:
        return Objection(code="means-not-needed", field="reasons")
    return None


def agreement_counts_for_nothing_once_a_means_is_there(
    case: Case, asked: DecisionAsked
) -> Objection | None:
    """Consent of the person to exploitation is irrelevant then (Palermo Protocol, Art. 3(b))."""
    if PERSON_AGREED in asked.reasons and (case.codes.is_child or case.codes.means):
        return Objection(code="consent-irrelevant", field="reasons")
    return None


def only_who_may_have_been_trafficked_is_presumed(
    case: Case, asked: DecisionAsked
) -> Objection | None:
    """A first decision, and the period that it begins, is of trafficking (Convention, Art. 10, 13).

    What was decided before a correction of the type is still concluded.
    """
    if asked.decision == REASONABLE_GROUNDS and nobody_decides(case):
        return Objection(code="not-of-trafficking")
    return None


def nobody_decides(case: Case) -> bool:
    """Another harm than trafficking, and nothing was decided before it turned out to be one."""
    return isinstance(case.state, Undecided) and not case.codes.may_be_trafficking


SCREENING_RULES: Final[tuple[Callable[[Case, ScreeningAsked], Objection | None], ...]] = (
    it_did_not_happen_in_the_future,
    the_case_is_undecided,
)
DECISION_RULES: Final[tuple[Callable[[Case, DecisionAsked], Objection | None], ...]] = (
    the_decision_is_known,
    the_outcome_is_known,
    it_did_not_happen_in_the_future,
    the_state_awaits_this_decision,
    only_who_may_have_been_trafficked_is_presumed,
    a_negative_decision_has_reasons,
    reflection_is_over_or_the_person_asked,
    a_child_needs_no_means,
    agreement_counts_for_nothing_once_a_means_is_there,
)


def screen(case: Case, asked: ScreeningAsked) -> Change | Refusal:
    """Record a screening; what it found widens the case's codes."""
    objections = [rule(case, asked) for rule in SCREENING_RULES]
    if against := tuple(objection for objection in objections if objection):
        return Refusal(objections=against)
    codes = case.codes.widened(
        asked.exploitation, asked.means, asked.sexual_forms, asked.recruiter_relation
    )
    facts: list[Fact] = [ScreeningWasRecorded(result=asked.result, occurred_at=asked.occurred_at)]
    if codes.exploitation != case.codes.exploitation:
        facts.append(told_anew(replace(case, codes=codes)))
    state = Screening(result=asked.result, screened_at=asked.occurred_at)
    return Change(case=replace(case, codes=codes, state=state), facts=tuple(facts))


def decide(case: Case, asked: DecisionAsked, clocks: Clocks) -> Change | Refusal:
    """Record a decision, with everything that follows from it."""
    objections = [rule(case, asked) for rule in DECISION_RULES]
    if against := tuple(objection for objection in objections if objection):
        return Refusal(objections=against)
    if asked.decision == REASONABLE_GROUNDS:
        return _presume(case, asked, clocks)
    return _conclude(case, asked, clocks)


def _presume(case: Case, asked: DecisionAsked, clocks: Clocks) -> Change:
    if asked.outcome == NEGATIVE:
        state = NotPresumed(
            decided_at=asked.decided_at,
            reasons=asked.reasons,
            reconsider_until=clocks.reconsider_until(asked.now),
        )
        return Change(
            case=replace(case, state=state),
            facts=(GroundsWereNotFound(decided_at=asked.decided_at, reasons=asked.reasons),),
            stopped=FIRST_DECISION_CLOCKS,
        )
    if case.codes.is_child:
        return _protect(case, asked, clocks)
    return _reflect(case, asked, clocks)


def _reflect(case: Case, asked: DecisionAsked, clocks: Clocks) -> Change:
    starts_at = clocks.start(recorded_at=asked.now, occurred_at=asked.decided_at)
    reflection = clocks.reflection(starts_at)
    review = clocks.review(starts_at, reflection.due_at)
    conclusive = clocks.conclusive(reflection.due_at)
    state = Reflection(
        presumed_at=asked.decided_at,
        starts_at=starts_at,
        ends_at=reflection.due_at,
        conclusive_due_at=conclusive.due_at,
    )
    record = replace(case.record, reflection_review_at=review.due_at if review else None)
    return Change(
        case=replace(case, state=state, record=record),
        facts=(
            GroundsWereFound(decided_at=asked.decided_at),
            ReflectionBegan(starts_at=starts_at, ends_at=reflection.due_at),
        ),
        clocks=(reflection, *([review] if review else []), conclusive),
        stopped=FIRST_DECISION_CLOCKS,
    )


def _protect(case: Case, asked: DecisionAsked, clocks: Clocks) -> Change:
    """A measure instead of the period; the clock of the decision runs as for an adult."""
    starts_at = clocks.start(recorded_at=asked.now, occurred_at=asked.decided_at)
    ends_at = clocks.reflection(starts_at).due_at
    conclusive = clocks.conclusive(ends_at)
    state = ChildProtection(
        presumed_at=asked.decided_at,
        starts_at=starts_at,
        ends_at=ends_at,
        conclusive_due_at=conclusive.due_at,
    )
    protected = replace(case, state=state)
    return Change(
        case=protected,
        facts=(
            GroundsWereFound(decided_at=asked.decided_at),
            ChildProtectionBegan(starts_at=starts_at, no_decision_before=ends_at),
            told_anew(protected),
        ),
        clocks=(conclusive,),
        stopped=FIRST_DECISION_CLOCKS,
    )


def _conclude(case: Case, asked: DecisionAsked, clocks: Clocks) -> Change:
    facts: list[Fact] = []
    if isinstance(case.state, Reflection):
        facts.append(ReflectionWasOver(ended_at=min(asked.decided_at, case.state.ends_at)))
    state: Identified | NotIdentified
    if asked.outcome == POSITIVE:
        state = Identified(decided_at=asked.decided_at)
        facts.append(PersonWasIdentified(decided_at=asked.decided_at, counted_by=case.counted_by))
    else:
        state = NotIdentified(
            decided_at=asked.decided_at,
            reasons=asked.reasons,
            reconsider_until=clocks.reconsider_until(asked.now),
        )
        facts.append(PersonWasNotIdentified(decided_at=asked.decided_at, reasons=asked.reasons))
    record = replace(case.record, reflection_review_at=None)
    return Change(
        case=replace(case, state=state, record=record),
        facts=tuple(facts),
        stopped=CONCLUSION_CLOCKS,
    )
