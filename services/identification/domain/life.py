"""How a case begins, is corrected, ends, and what a clock that runs out means for it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.identification.domain.case import (
    Case,
    Change,
    Closed,
    Detected,
    EnteredInError,
    HelpedWithoutIdentification,
    Objection,
    Presumed,
    Reflection,
    Refusal,
    Screening,
)
from services.identification.domain.clocks import (
    CONCLUSIVE_DUE,
    KINDS,
    REASONABLE_GROUNDS_DUE,
    Clocks,
)
from services.identification.domain.codes import CaseCodes
from services.identification.domain.decisions import CLOCK_TOLERANCE, CONCLUSIVE, REASONABLE_GROUNDS
from services.identification.domain.facts import (
    CaseWasClosed,
    CaseWasOpened,
    CaseWasVoided,
    CodesWereChanged,
    DecisionFellOverdue,
    HelpedWithout,
    ReflectionWasOver,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Somebody was met here, or taken over from the agency that met them."""

    case_id: UUID
    origin: str
    counted_by: str
    codes: CaseCodes
    occurred_at: datetime
    now: datetime


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
    )
    fact = CaseWasOpened(
        origin=case.origin,
        counted_by=case.counted_by,
        codes=case.codes,
        occurred_at=case.occurred_at,
    )
    started = start_clock(case, clocks) if identifies else None
    if started is None:
        return Change(case=case, facts=(fact,))
    return replace(started, facts=(fact,))


def start_clock(case: Case, clocks: Clocks) -> Change | None:
    """The authority's first clock, once; nothing when it ran already or a decision was made."""
    if case.grounds_due_at is not None or not isinstance(case.state, Detected | Screening):
        return None
    start = clocks.start(recorded_at=case.recorded_at, occurred_at=case.occurred_at)
    due = clocks.reasonable_grounds(start)
    return Change(case=replace(case, grounds_due_at=due.due_at), facts=(), clocks=(due,))


def correct(case: Case, changes: Mapping[str, Any]) -> Change:
    """Replace codes that were wrong or not yet known."""
    codes = case.codes.corrected(changes)
    return Change(case=replace(case, codes=codes), facts=(CodesWereChanged(codes=codes),))


def void(case: Case, reason: str, now: datetime) -> Change:
    """The case should not have been entered."""
    state = EnteredInError(reason=reason, voided_at=now)
    return Change(
        case=replace(case, state=state), facts=(CaseWasVoided(reason=reason),), stopped=KINDS
    )


def close(case: Case, reason: str, *, closed_at: datetime, now: datetime) -> Change | Refusal:
    """Work on the case is over."""
    if closed_at > now + CLOCK_TOLERANCE:
        return Refusal(objections=(Objection(code="in-the-future", field="occurred_at"),))
    return Change(
        case=replace(case, state=Closed(reason=reason, closed_at=closed_at)),
        facts=(CaseWasClosed(reason=reason, closed_at=closed_at),),
        stopped=KINDS,
    )


def help_without_identification(case: Case, reason: str, now: datetime) -> Change:
    """No identifying authority is told; help goes on."""
    state = HelpedWithoutIdentification(reason=reason, since=now)
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
    if kind == REASONABLE_GROUNDS_DUE and isinstance(
        case.state, Detected | HelpedWithoutIdentification | Screening
    ):
        return Change(
            case=case, facts=(DecisionFellOverdue(decision=REASONABLE_GROUNDS, due_at=due_at),)
        )
    if kind == CONCLUSIVE_DUE and isinstance(case.state, Reflection | Presumed):
        return Change(case=case, facts=(DecisionFellOverdue(decision=CONCLUSIVE, due_at=due_at),))
    return None
