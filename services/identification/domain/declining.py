"""Whoever wants help and no identification, and how identification is open again.

Help is given with consent and is no reward for co-operation (Convention, Art. 12(6) and (7)), so
whoever wants no decision loses nothing: the case stays workable, and a screening or a later consent
has it decided after all. A child is not asked: somebody has to find out what happened to it
(Art. 10(3) and (4)).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from services.identification.domain.case import (
    Case,
    Change,
    Detected,
    HelpedWithoutIdentification,
    Objection,
    Refusal,
    it_happened_by_now,
    refused,
)
from services.identification.domain.clocks import REASONABLE_GROUNDS_DUE, Clocks
from services.identification.domain.decisions import Undecided
from services.identification.domain.facts import IdentificationWasResumed
from services.identification.domain.hand_over import (
    HAND_OVER,
    IDENTIFICATION,
    NO_IDENTIFYING_AGENCY,
    PERSON_CHOSE,
    Situation,
    consents_that_count,
    ground_of_law,
    names,
)
from services.identification.domain.life import help_without_identification, start_clock

HANDED_OVER: Final = "handed-over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declining:
    """The person wants help alone, as it was reported."""

    declined_at: datetime
    said_at: datetime
    """When the gateway took it: a consent that it took later is the last word."""
    now: datetime
    handed_over: bool
    """Another agency was offered the case, or has it (``another_agency_has_it``)."""


def nothing_was_decided_and_it_is_news(case: Case) -> Objection | None:
    """A decision is not undone by this (project: reconsideration and revocation are commands of
    their own); nor is the same choice made twice.
    """
    if not isinstance(case.state, Undecided) or chose_help_alone(case):
        return Objection(code="wrong-state")
    return None


def chose_help_alone(case: Case) -> bool:
    """Whether the person's wish is that nobody decides."""
    state = case.state
    return isinstance(state, HelpedWithoutIdentification) and state.reason == PERSON_CHOSE


def it_is_not_about_a_child(case: Case) -> Objection | None:
    """For a child, also a believed one, the child route runs (Convention, Art. 10(3))."""
    return Objection(code="is-a-child") if case.codes.is_child else None


def no_other_agency_has_the_case(asked: Declining) -> Objection | None:
    """Else an identifying authority would hold it while the case says that none does (project: the
    consent under which it went is taken back first).
    """
    return Objection(code=HANDED_OVER) if asked.handed_over else None


def decline_identification(case: Case, asked: Declining) -> Change | Refusal:
    """Help goes on, nobody decides, and no authority is late with it."""
    against = refused(
        nothing_was_decided_and_it_is_news(case),
        it_is_not_about_a_child(case),
        no_other_agency_has_the_case(asked),
        it_happened_by_now(asked.declined_at, asked.now),
    )
    if against is not None:
        return against
    change = help_without_identification(case, PERSON_CHOSE, asked.said_at)
    if case.grounds_due_at is None:
        return change
    stopped = replace(change.case, grounds_due_at=None)
    return replace(change, case=stopped, stopped=(REASONABLE_GROUNDS_DUE,))


def is_open_again(case: Case, situation: Situation) -> bool:
    """Whether the ground is gone on which nobody identifies.

    Somebody takes part who may; or this node may, and the person agreed later that it decides, or
    is a child after all. Whom another agency is to identify is offered to it in this state; that
    one of them decides is no consent that this one does.
    """
    state = case.state
    if not isinstance(state, HelpedWithoutIdentification) or situation.frozen:
        return False
    if state.reason == NO_IDENTIFYING_AGENCY:
        return any(found.identifies for found in situation.policy.participants)
    if not situation.policy.identifies(situation.node):
        return False
    agreed = consents_that_count(case, situation, IDENTIFICATION)
    ours = [each for each in situation.policy.participants if each.node == situation.node]
    return case.codes.is_child or any(names(consent, each) for consent in agreed for each in ours)


def agreed_elsewhere_since(case: Case, elsewhere: Situation) -> bool:
    """Whether what was said in another case of the person opens identification again, or hands it
    over, as it would in this one; so does a law that asks for a hand-over, whatever was said.
    """
    if elsewhere.policy.identifies(elsewhere.node):
        return is_open_again(case, elsewhere)
    by_law = ground_of_law(case, elsewhere) is not None
    return by_law or bool(consents_that_count(case, elsewhere, HAND_OVER))


def resume_identification(case: Case, situation: Situation, clocks: Clocks) -> Change:
    """Nothing is decided, as before. Where this node decides its first clock runs: from the
    beginning where nobody was there to decide, from now where the person did not want it.
    """
    state = case.state
    nobody_was_there = (
        isinstance(state, HelpedWithoutIdentification) and state.reason == NO_IDENTIFYING_AGENCY
    )
    again = Change(
        case=replace(case, state=Detected()),
        facts=(IdentificationWasResumed(resumed_at=situation.now),),
    )
    if not situation.policy.identifies(situation.node):
        return again
    return _with_its_clock(again, clocks, None if nobody_was_there else situation.now)


def screened_after_all(
    before: Case, screened: Change | Refusal, clocks: Clocks, now: datetime
) -> Change | Refusal:
    """Whoever wanted no identification and is screened wants it: the first clock runs from now."""
    helped = isinstance(before.state, HelpedWithoutIdentification)
    if isinstance(screened, Refusal) or not helped:
        return screened
    return _with_its_clock(screened, clocks, now)


def _with_its_clock(change: Change, clocks: Clocks, since: datetime | None) -> Change:
    started = start_clock(change.case, clocks, since=since)
    if started is None:
        return change
    return replace(change, case=started.case, clocks=(*change.clocks, *started.clocks))
