"""A second look: a negative decision is reconsidered, a status is taken back.

Taking back needs a ground and a second authority, and is never for non-cooperation: no code for
that exists, and a code that we do not know is no ground.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from contracts.vocabulary import is_a_reason
from services.identification.domain.case import (
    Case,
    Change,
    Identified,
    NotIdentified,
    NotPresumed,
    Objection,
    Reconsideration,
    Refusal,
    Revoked,
    it_happened_by_now,
    refused,
)
from services.identification.domain.clocks import Clocks
from services.identification.domain.decisions import CONCLUSIVE, REASONABLE_GROUNDS
from services.identification.domain.facts import (
    DecisionFellOverdue,
    IdentificationWasRevoked,
    ReconsiderationBegan,
)

Negative: TypeAlias = NotPresumed | NotIdentified | Revoked


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationAsked:
    """A revocation as it was reported."""

    ground: str
    second_authority: str
    may_agree: bool
    """Whether the profile lets that authority be the second one, and it is not this node."""
    decided_at: datetime
    now: datetime


def a_negative_decision_stands(case: Case) -> Objection | None:
    """Only what was decided against the person is looked at again.

    Project: nobody asks against what helps them.
    """
    return None if isinstance(case.state, Negative) else Objection(code="wrong-state")


def the_window_is_open(case: Case, now: datetime) -> Objection | None:
    """Another look is asked for within the days of the profile.

    Profile: ``reconsideration_days``.
    """
    until = case.state.reconsider_until if isinstance(case.state, Negative) else None
    return Objection(code="deadline-passed") if until is not None and now > until else None


def the_person_was_identified(case: Case) -> Objection | None:
    """Only a status that was given is taken back (project: whoever has no status loses none)."""
    return None if isinstance(case.state, Identified) else Objection(code="wrong-state")


def the_ground_is_accepted(asked: RevocationAsked) -> Objection | None:
    """Deception, wrong facts, no power: nothing about how somebody behaved afterwards.

    Code list: ``revocation-ground``.
    """
    known = is_a_reason("revocation-ground", asked.ground)
    return None if known else Objection(code="ground-not-accepted", field="ground")


def a_second_authority_agreed(asked: RevocationAsked) -> Objection | None:
    """No agency takes a status back alone (profile: ``revocation_authority_types``)."""
    if asked.may_agree:
        return None
    return Objection(code="second-authority-missing", field="second_authority")


def reconsider(case: Case, ground: str, now: datetime, clocks: Clocks) -> Change | Refusal:
    """Look at a negative decision again; the authority's clock runs anew."""
    against = refused(a_negative_decision_stands(case), the_window_is_open(case, now))
    if against is not None:
        return against
    decision = REASONABLE_GROUNDS if isinstance(case.state, NotPresumed) else CONCLUSIVE
    due = clocks.reconsideration(now)
    state = Reconsideration(decision=decision, ground=ground, asked_at=now, due_at=due.due_at)
    return Change(
        case=replace(case, state=state),
        facts=(ReconsiderationBegan(decision=decision, ground=ground, due_at=due.due_at),),
        clocks=(due,),
    )


def reconsideration_overdue(case: Case, due_at: datetime) -> Change | None:
    """The authority did not look again in time; no right changes."""
    if not isinstance(case.state, Reconsideration):
        return None
    return Change(
        case=case, facts=(DecisionFellOverdue(decision=case.state.decision, due_at=due_at),)
    )


def revoke(case: Case, asked: RevocationAsked, clocks: Clocks) -> Change | Refusal:
    """Take the status back; the person can ask for another look at that."""
    against = refused(
        the_person_was_identified(case),
        the_ground_is_accepted(asked),
        a_second_authority_agreed(asked),
        it_happened_by_now(asked.decided_at, asked.now),
    )
    if against is not None:
        return against
    state = Revoked(
        ground=asked.ground,
        second_authority=asked.second_authority,
        decided_at=asked.decided_at,
        reconsider_until=clocks.reconsider_until(asked.now),
    )
    return Change(
        case=replace(case, state=state),
        facts=(
            IdentificationWasRevoked(
                ground=asked.ground,
                second_authority=asked.second_authority,
                decided_at=asked.decided_at,
            ),
        ),
    )
