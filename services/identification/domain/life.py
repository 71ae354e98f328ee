"""How a case begins, is corrected, ends, and what a clock that runs out means for it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.identification.domain.case import (
    Case,
    Change,
    ChildProtection,
    Closed,
    Detected,
    EnteredInError,
    HelpedWithoutIdentification,
    Presumed,
    Reflection,
    Refusal,
    Screening,
    is_over,
    it_happened_by_now,
    refused,
    told_anew,
)
from services.identification.domain.child import (
    DETECTED_HERE,
    begin_looking,
    begin_route,
    follow_majority,
    notification_overdue,
    review_majority,
)
from services.identification.domain.clocks import (
    CHILD_NOTIFICATION_DUE,
    CONCLUSIVE_DUE,
    KINDS,
    MAJORITY_REVIEW,
    REASONABLE_GROUNDS_DUE,
    RECONSIDERATION_DUE,
    REFLECTION_ENDS,
    REFLECTION_REVIEW,
    Clocks,
    DueDate,
)
from services.identification.domain.codes import CaseCodes
from services.identification.domain.decisions import CONCLUSIVE, REASONABLE_GROUNDS
from services.identification.domain.facts import (
    CaseWasClosed,
    CaseWasOpened,
    CaseWasVoided,
    DecisionFellOverdue,
    Fact,
    HelpedWithout,
    MajorityWasReached,
    ReflectionWasOver,
)
from services.identification.domain.period import review_reflection
from services.identification.domain.record import CaseRecord
from services.identification.domain.second_look import reconsideration_overdue

TAKEN_OVER: Final = "hand-over"
TOLD_OF_CHILD: Final = "child-notification"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Somebody was met here, or taken over from the agency that met them."""

    case_id: UUID
    origin: str
    counted_by: str
    codes: CaseCodes
    occurred_at: datetime
    now: datetime
    guardian_asked: str | None = None
    """Whom the agency that told of a child asks for."""


def open_case(opening: Opening, clocks: Clocks, *, identifies: bool) -> Change:
    """A case is never refused for what is not yet known. Where we identify, the clock starts."""
    case = Case(
        case_id=opening.case_id,
        origin=opening.origin,
        counted_by=opening.counted_by,
        codes=opening.codes,
        state=Detected(),
        occurred_at=opening.occurred_at,
        recorded_at=opening.now,
        record=CaseRecord(guardian_asked=opening.guardian_asked),
    )
    started: tuple[DueDate, ...] = ()
    if case.origin == DETECTED_HERE:
        start = clocks.start(recorded_at=opening.now, occurred_at=opening.occurred_at)
        case, started = begin_route(case, start, clocks)
    elif case.origin == TAKEN_OVER:
        case, started = begin_looking(case, opening.now, clocks)
    fact = CaseWasOpened(
        origin=case.origin,
        counted_by=case.counted_by,
        codes=case.codes,
        to_dos=case.to_dos,
        occurred_at=case.occurred_at,
    )
    first = start_clock(case, clocks) if identifies else None
    if first is None:
        return Change(case=case, facts=(fact,), clocks=started)
    return replace(first, facts=(fact,), clocks=(*first.clocks, *started))


def somebody_has_to_decide(case: Case) -> bool:
    """Nobody decides who is trafficked in a case of violence at home, or of sexual violence
    against a child that is no trafficking.

    Identification and the period are for victims of trafficking alone (Convention, Art. 10 and 13,
    with the definition of Art. 4); such a child is protected by the child route, which runs for
    each, and by other conventions (Lanzarote Convention, Art. 11 to 14). If it was trafficked, too,
    that is another type, or a linked case. A migrant in a vulnerable situation, and whoever's type
    is not yet known, may have been trafficked: there the clock runs. Nor does anybody decide about
    a child that this node was only told of: somebody else identifies it.
    """
    return case.origin != TOLD_OF_CHILD and case.codes.may_be_trafficking


def start_clock(case: Case, clocks: Clocks, since: datetime | None = None) -> Change | None:
    """The authority's first clock, once; nothing when it ran already or a decision was made.

    It begins with the case; ``since`` a time where the person wanted nothing decided before.
    """
    if not somebody_has_to_decide(case) or case.grounds_due_at is not None:
        return None
    if not isinstance(case.state, Detected | Screening):
        return None
    start = since or clocks.start(recorded_at=case.recorded_at, occurred_at=case.occurred_at)
    due = clocks.reasonable_grounds(start)
    return Change(case=replace(case, grounds_due_at=due.due_at), facts=(), clocks=(due,))


def correct(case: Case, changes: Mapping[str, Any], now: datetime, clocks: Clocks) -> Change:
    """Replace codes that were wrong or not yet known; a child that is none, or one after all.

    Whoever was treated as a child and is none is of age for everybody who was told so; what they
    agreed to themselves they agreed to as an adult. That an adult is a child after all is told by
    name, too: codes that never said otherwise are no news of it.
    """
    corrected = replace(case, codes=case.codes.corrected(changes))
    no_child = case.codes.is_child and not corrected.codes.is_child
    change = follow_majority(case, corrected, now, clocks)
    after = change.case
    after_all = case.codes.is_adult and corrected.codes.is_child
    told: tuple[Fact, ...] = (
        *change.facts,
        replace(told_anew(after), child_after_all=after_all),
    )
    facts = (MajorityWasReached(reached_at=now), *told) if no_child else told
    if after.grounds_due_at is None or somebody_has_to_decide(after):
        return replace(change, facts=facts)
    stopped = (*change.stopped, REASONABLE_GROUNDS_DUE)
    return replace(change, case=replace(after, grounds_due_at=None), facts=facts, stopped=stopped)


def void(case: Case, reason: str, now: datetime) -> Change:
    """The case should not have been entered."""
    state = EnteredInError(reason=reason, voided_at=now)
    return Change(
        case=replace(case, state=state), facts=(CaseWasVoided(reason=reason),), stopped=KINDS
    )


def close(case: Case, reason: str, *, closed_at: datetime, now: datetime) -> Change | Refusal:
    """Work on the case is over."""
    against = refused(it_happened_by_now(closed_at, now))
    return against or Change(
        case=replace(case, state=Closed(reason=reason, closed_at=closed_at)),
        facts=(CaseWasClosed(reason=reason, closed_at=closed_at),),
        stopped=KINDS,
    )


def help_without_identification(case: Case, reason: str, since: datetime) -> Change:
    """Nobody decides, and no other authority is told; help goes on. Only what the person said after
    ``since`` changes it: the time of what was told, not that at which it was read here.
    """
    state = HelpedWithoutIdentification(reason=reason, since=since)
    return Change(case=replace(case, state=state), facts=(HelpedWithout(reason=reason),))


def end_reflection(case: Case) -> Change | None:
    """The period is over; nothing when the decision came first."""
    if not isinstance(case.state, Reflection):
        return None
    ended_at = case.state.ends_at
    state = Presumed(
        presumed_at=case.state.presumed_at,
        reflection_ended_at=ended_at,
        conclusive_due_at=case.state.conclusive_due_at,
    )
    return Change(case=replace(case, state=state), facts=(ReflectionWasOver(ended_at=ended_at),))


def fall_overdue(case: Case, kind: str, due_at: datetime) -> Change | None:
    """An authority missed its clock: a fact for its supervisor, no change of any right."""
    awaited: dict[str, tuple[Any, str]] = {
        REASONABLE_GROUNDS_DUE: (
            Detected | HelpedWithoutIdentification | Screening,
            REASONABLE_GROUNDS,
        ),
        CONCLUSIVE_DUE: (Reflection | ChildProtection | Presumed, CONCLUSIVE),
    }
    states, decision = awaited[kind]
    if not isinstance(case.state, states):
        return None
    return Change(case=case, facts=(DecisionFellOverdue(decision=decision, due_at=due_at),))


def run_out(case: Case, kind: str, due_at: datetime, clocks: Clocks) -> Change | None:
    """What it means that a clock of the case runs out; nothing when it no longer matters."""
    if is_over(case.state):
        return None
    if kind == REFLECTION_ENDS:
        return end_reflection(case)
    if kind == RECONSIDERATION_DUE:
        return reconsideration_overdue(case, due_at)
    looked_at = {
        REFLECTION_REVIEW: review_reflection,
        CHILD_NOTIFICATION_DUE: notification_overdue,
        MAJORITY_REVIEW: review_majority,
    }
    if kind in looked_at:
        return looked_at[kind](case, due_at, clocks)
    return fall_overdue(case, kind, due_at)
