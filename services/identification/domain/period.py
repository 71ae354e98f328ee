"""The recovery and reflection period while it runs: made longer, looked at, ended before its time.

It never ends because somebody does not co-operate (Council of Europe Convention, Art. 13).
"""

from dataclasses import replace
from datetime import datetime

from contracts.vocabulary import is_a_reason
from services.identification.domain.case import (
    Case,
    Change,
    Objection,
    Presumed,
    Reflection,
    Refusal,
    it_happened_by_now,
    refused,
)
from services.identification.domain.clocks import (
    REFLECTION_ENDS,
    REFLECTION_REVIEW,
    Clocks,
    DueDate,
)
from services.identification.domain.facts import (
    ReflectionReviewCame,
    ReflectionWasCut,
    ReflectionWasExtended,
    ReflectionWasOver,
)


def the_period_runs(case: Case) -> Objection | None:
    """Only a period that runs can become longer or shorter.

    Convention, Art. 13(1): it begins with reasonable grounds.
    """
    return None if isinstance(case.state, Reflection) else Objection(code="wrong-state")


def another_extension_is_left(case: Case, clocks: Clocks) -> Objection | None:
    """As often as the profile lets it (profile: ``reflection_extensions``)."""
    most = clocks.profile.number("reflection_extensions")
    if isinstance(case.state, Reflection) and len(case.state.extensions) >= most:
        return Objection(code="limit-reached")
    return None


def a_reason_ends_it(reason: str) -> Objection | None:
    """Only the person's wish, public order or an improper claim; an unknown code is none.

    Convention, Art. 13(3); code list: ``reflection-end-reason``.
    """
    if is_a_reason("reflection-end-reason", reason):
        return None
    return Objection(code="reason-missing", field="reason")


def extend_reflection(case: Case, reason: str, now: datetime, clocks: Clocks) -> Change | Refusal:
    """More time; the end, the decision and the next review move with it."""
    against = refused(the_period_runs(case), another_extension_is_left(case, clocks))
    if against is not None or not isinstance(case.state, Reflection):
        return against or Refusal(objections=())
    end = clocks.extension(case.state.ends_at)
    conclusive = clocks.conclusive(end.due_at)
    state = replace(
        case.state,
        ends_at=end.due_at,
        conclusive_due_at=conclusive.due_at,
        extensions=(*case.state.extensions, reason),
    )
    review = _next_review(case, state, now, clocks)
    record = replace(case.record, reflection_review_at=review.due_at if review else None)
    return Change(
        case=replace(case, state=state, record=record),
        facts=(
            ReflectionWasExtended(
                reason=reason, ends_at=end.due_at, conclusive_due_at=conclusive.due_at
            ),
        ),
        clocks=(end, *([review] if review else []), conclusive),
    )


def _next_review(case: Case, state: Reflection, now: datetime, clocks: Clocks) -> DueDate | None:
    """The one that is still to come; else that of the first day, or another one from now on."""
    coming = case.record.reflection_review_at
    if coming is not None and coming > now:
        return DueDate(kind=REFLECTION_REVIEW, due_at=coming)
    first = clocks.review(state.starts_at, state.ends_at)
    if first is not None and first.due_at > now:
        return first
    return clocks.review(now, state.ends_at)


def cut_reflection(case: Case, reason: str, ended_at: datetime, now: datetime) -> Change | Refusal:
    """The period is over now; the clock of the decision does not change."""
    against = refused(
        the_period_runs(case), a_reason_ends_it(reason), it_happened_by_now(ended_at, now)
    )
    if against is not None or not isinstance(case.state, Reflection):
        return against or Refusal(objections=())
    state = Presumed(
        presumed_at=case.state.presumed_at,
        reflection_ended_at=ended_at,
        conclusive_due_at=case.state.conclusive_due_at,
    )
    return Change(
        case=replace(case, state=state, record=replace(case.record, reflection_review_at=None)),
        facts=(ReflectionWasCut(reason=reason), ReflectionWasOver(ended_at=ended_at)),
        stopped=(REFLECTION_ENDS, REFLECTION_REVIEW),
    )


def review_reflection(case: Case, due_at: datetime, clocks: Clocks) -> Change | None:
    """Time to ask whether more is needed; the next review follows while the period runs."""
    if not isinstance(case.state, Reflection):
        return None
    again = clocks.review(due_at, case.state.ends_at)
    record = replace(case.record, reflection_review_at=again.due_at if again else None)
    return Change(
        case=replace(case, record=record),
        facts=(ReflectionReviewCame(due_at=due_at),),
        clocks=(again,) if again else (),
    )
