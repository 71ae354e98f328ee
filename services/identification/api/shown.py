"""What people see of a case: states, clocks, codes, records, links. No identity is in any of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from services.chassis.messaging.unfinished import Unfinished
from services.identification.domain import (
    Case,
    ChildProtection,
    Clocks,
    Closed,
    HelpedWithoutIdentification,
    Questionnaire,
    Reconsideration,
    Reflection,
)
from services.identification.domain.codes import CODE_NAMES, SAFE_GUARDIAN
from services.identification.domain.counting import counts_from
from services.identification.domain.decisions import AwaitingConclusion as Awaiting
from services.identification.domain.decisions import nobody_decides
from services.identification.domain.letters import Letter
from services.identification.domain.notices import ANONYMOUS
from services.identification.domain.second_look import Negative
from services.identification.domain.told_clock import SHOWN_DUE
from services.identification.handlers import CaseView, HandOverRow, NoticeRow


class HandOverShown(BaseModel):
    """One hand-over: to or from whom, and what became of it."""

    offer_id: UUID
    direction: str
    agency: str
    state: str
    reason: str | None
    hand_over_reference: UUID | None
    changed_at: datetime
    sender_not_told: bool
    """We have the case, but our word of it could not leave, for ``reason``: tell them."""
    decision_clock: str | None = None
    """The clock of the first decision, as both agencies know it (``clock-status``)."""
    decision_due_at: datetime | None = None
    """When that decision is due, while it is awaited. Of no other clock is anybody told."""


class ClocksShown(BaseModel):
    """What is due when."""

    reasonable_grounds_due_at: datetime | None
    reflection_review_at: datetime | None
    reflection_ends_at: datetime | None
    no_decision_before: datetime | None
    """For a child: the decision comes no sooner than for an adult."""
    conclusive_due_at: datetime | None
    reconsider_until: datetime | None
    reconsideration_due_at: datetime | None
    child_notification_due_at: datetime | None
    majority_review_at: datetime | None
    counts_from: dict[str, str]
    """Of each clock that is given, by its name: ``recorded`` or ``occurred``, the time from which
    it counts."""


class ChildShown(BaseModel):
    """What is on record about a child."""

    guardian_status: str
    guardian_may_be_told: bool
    guardian_notified_at: datetime | None
    best_interests: str | None
    best_interests_at: datetime | None
    childs_view: str | None
    childs_view_at: datetime | None
    measure: str | None
    measure_at: datetime | None
    authorities_told: tuple[str, ...]
    authorities_to_tell: tuple[str, ...]


class RecordShown(BaseModel):
    """What else is on record."""

    representative: str | None
    representative_at: datetime | None
    contact_lost_at: datetime | None
    missing_at: datetime | None
    officer_id: UUID | None
    return_channel: str | None
    majority_reached_at: datetime | None
    placement_outcome: str | None = None
    placement_reviewed_at: datetime | None = None


class LetterShown(BaseModel):
    """What a letter for the person says: codes and times, nobody's name."""

    kind: str
    says: str
    """`stay`, or what was decided: a code of ``identification-state``."""
    until: datetime | None
    decision_by: datetime | None
    reconsider_until: datetime | None
    reconsideration_working_days: int | None


class LinkShown(BaseModel):
    """Another case of this node."""

    case_id: UUID
    kind: str


class NoticeShown(BaseModel):
    """What was told to another agency by law or with consent, or what another one told here."""

    notification_id: UUID
    case_id: UUID | None
    """Nothing for numbers: there is no case behind them."""
    kind: str
    direction: str
    agency: str
    state: str
    changed_at: datetime
    counts: tuple[tuple[str, str, int], ...] = ()
    """Of an anonymous notification: own or foreign, group of exploitation, how many."""
    guardian_request: str | None = None
    """Of a notification of a child that came here: whom this agency is asked to appoint."""


class QuestionnaireShown(BaseModel):
    """A form with its answers, as codes."""

    form: str
    form_version: str
    recorded_at: datetime
    answers: dict[str, str]


class CaseShown(BaseModel):
    """One case. Of a frozen one only the first two properties are given; of one that is not there
    yet, because what opens it could not be finished, only that."""

    case_id: UUID
    frozen_at: datetime | None
    state: str | None = None
    help_reason: str | None = None
    """Why the person is helped without identification, while that is so (``help-reason``)."""
    origin: str | None = None
    close_reason: str | None = None
    """Why work on it is over; of a closed one only."""
    counted_by: str | None = None
    counted_by_type: str | None = None
    """The kind of agency that counts it, by the registry."""
    occurred_at: datetime | None = None
    recorded_at: datetime | None = None
    codes: dict[str, Any] | None = None
    to_dos: tuple[str, ...] = ()
    clocks: ClocksShown | None = None
    child: ChildShown | None = None
    record: RecordShown | None = None
    hand_overs: tuple[HandOverShown, ...] = ()
    links: tuple[LinkShown, ...] = ()
    notices: tuple[NoticeShown, ...] = ()
    questionnaires: tuple[QuestionnaireShown, ...] = ()
    not_of_trafficking: bool | None = None
    """Nobody decides in it who was trafficked: a first decision is refused."""
    unfinished: Unfinished | None = None
    """Events of this case that could not be finished here: counts; ``stuck`` asks for help."""


def case_shown(view: CaseView, clocks: Clocks) -> CaseShown:
    """One case as people see it."""
    case = view.case
    if case is None:
        return CaseShown(case_id=view.case_id, frozen_at=view.frozen_at, unfinished=view.unfinished)
    return CaseShown(
        case_id=case.case_id,
        frozen_at=view.frozen_at,
        state=case.state.code,
        help_reason=_help_reason(case),
        origin=case.origin,
        close_reason=case.state.reason if isinstance(case.state, Closed) else None,
        counted_by=case.counted_by,
        counted_by_type=view.counted_by_type,
        occurred_at=case.occurred_at,
        recorded_at=case.recorded_at,
        codes={name: getattr(case.codes, name) for name in CODE_NAMES},
        to_dos=case.to_dos,
        clocks=_clocks(case, clocks),
        child=_child(case) if case.codes.is_child else None,
        record=_record(case),
        hand_overs=tuple(_hand_over(row) for row in view.hand_overs),
        links=tuple(LinkShown(case_id=other, kind=kind) for other, kind in view.links),
        notices=tuple(notice_shown(row) for row in view.notices),
        questionnaires=tuple(_questionnaire(filled) for filled in view.questionnaires),
        not_of_trafficking=nobody_decides(case),
        unfinished=view.unfinished,
    )


def _help_reason(case: Case) -> str | None:
    state = case.state
    return state.reason if isinstance(state, HelpedWithoutIdentification) else None


def _clocks(case: Case, clocks: Clocks) -> ClocksShown:
    due = _due(case)
    starts = counts_from(case, clocks)
    return ClocksShown(
        **due, counts_from={name: starts[name] for name, at in due.items() if at is not None}
    )


def _due(case: Case) -> dict[str, datetime | None]:
    state, record = case.state, case.record
    return {
        "reasonable_grounds_due_at": case.grounds_due_at,
        "reflection_review_at": record.reflection_review_at,
        "reflection_ends_at": state.ends_at if isinstance(state, Reflection) else None,
        "no_decision_before": state.ends_at if isinstance(state, ChildProtection) else None,
        "conclusive_due_at": state.conclusive_due_at if isinstance(state, Awaiting) else None,
        "reconsider_until": state.reconsider_until if isinstance(state, Negative) else None,
        "reconsideration_due_at": state.due_at if isinstance(state, Reconsideration) else None,
        "child_notification_due_at": record.child_notification_due_at,
        "majority_review_at": record.majority_review_at,
    }


def _child(case: Case) -> ChildShown:
    record = case.record
    return ChildShown(
        guardian_status=case.codes.guardian_status,
        guardian_may_be_told=case.codes.guardian_status == SAFE_GUARDIAN,
        guardian_notified_at=record.guardian_notified_at,
        best_interests=record.best_interests,
        best_interests_at=record.best_interests_at,
        childs_view=record.childs_view,
        childs_view_at=record.childs_view_at,
        measure=record.measure,
        measure_at=record.measure_at,
        authorities_told=record.authorities_told,
        authorities_to_tell=record.authorities_to_tell,
    )


def _record(case: Case) -> RecordShown:
    record = case.record
    return RecordShown(
        representative=record.representative,
        representative_at=record.representative_at,
        contact_lost_at=record.contact_lost_at,
        missing_at=record.missing_at,
        officer_id=None if record.officer_id is None else UUID(record.officer_id),
        return_channel=record.return_channel,
        majority_reached_at=record.majority_reached_at,
        placement_outcome=record.placement_outcome,
        placement_reviewed_at=record.placement_reviewed_at,
    )


def letter_shown(letter: Letter) -> LetterShown:
    """One letter."""
    return LetterShown(
        kind=letter.kind,
        says=letter.says,
        until=letter.until,
        decision_by=letter.decision_by,
        reconsider_until=letter.reconsider_until,
        reconsideration_working_days=letter.reconsideration_working_days,
    )


def notice_shown(row: NoticeRow) -> NoticeShown:
    """One notice as people see it."""
    return NoticeShown(
        notification_id=row.notification_id,
        case_id=None if row.kind == ANONYMOUS else row.case_id,
        kind=row.kind,
        direction=row.direction,
        agency=row.agency,
        state=row.state,
        changed_at=row.changed_at,
        counts=tuple(tuple(each) for each in row.detail.get("counts", ())),
        guardian_request=row.detail.get("guardian_request"),
    )


def _questionnaire(filled: Questionnaire) -> QuestionnaireShown:
    return QuestionnaireShown(
        form=filled.form,
        form_version=filled.form_version,
        recorded_at=filled.recorded_at,
        answers=dict(filled.answers),
    )


def _hand_over(row: HandOverRow) -> HandOverShown:
    return HandOverShown(
        offer_id=row.offer_id,
        direction=row.direction,
        agency=row.agency,
        state=row.state,
        reason=row.reason,
        hand_over_reference=row.hand_over_reference,
        changed_at=row.changed_at,
        sender_not_told=row.sender_not_told,
        decision_clock=row.decision_clock,
        decision_due_at=row.decision_due_at if row.decision_clock in SHOWN_DUE else None,
    )
