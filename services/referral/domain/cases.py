"""What referral knows about a case of its node: codes only, and whether anything may still happen.

The case belongs to identification (or to the agency that sent it); this is a copy.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from uuid import UUID

from contracts.vocabulary import NOT_YET_KNOWN
from services.referral.domain.refusals import Refusal

UNKNOWN_MAJORITY: Final = "believed-child"
"""Who is not known to be an adult is treated as a child."""


class CaseStatus(StrEnum):
    """Whether work on the case goes on."""

    OPEN = "open"
    MERGED = "merged"
    """Entered twice: nothing new begins under this id, what began goes on as the other case."""
    CLOSED = "closed"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where an event stands in its stream: used so that nothing old undoes a withdrawal."""

    epoch: int = 0
    sequence: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The copy. ``known`` is False while only a withdrawal or a stop was heard about it."""

    case_id: UUID
    known: bool = False
    counted_by: str = ""
    majority: str = UNKNOWN_MAJORITY
    audience_class: str = NOT_YET_KNOWN
    oblast: str = NOT_YET_KNOWN
    language: str = NOT_YET_KNOWN
    dependants: int | None = None
    best_interests_open: bool = False
    """A child, and nobody has recorded yet what is best for it."""
    referred: bool = False
    """Another agency referred the person to us; no record of this node's own says more."""
    status: CaseStatus = CaseStatus.OPEN
    frozen: bool = False
    withdrawn: Position = Position()

    def with_status(self, status: CaseStatus) -> "Case":
        """The same case, closed or voided."""
        return replace(self, status=status)


def case_is_not_closed(case: Case) -> Refusal | None:
    """Nothing new begins on a case that was closed or entered in error.

    Project: who comes back has a new, linked case.
    """
    return None if case.status is CaseStatus.OPEN else Refusal("case-closed")


def case_is_not_frozen(case: Case) -> Refusal | None:
    """Sharing was stopped: nothing happens with the case here any more.

    Convention, Art. 11: private life.
    """
    return Refusal("case-frozen") if case.frozen else None


def as_it_goes_on(case: Case, goes_on: Case | None) -> Case:
    """How a case stands: of a duplicate, as the case that it was merged into.

    One that nobody here has heard of yet ended nothing, nor do cases that were merged into each
    other: help is never called off over a mistake; what froze the duplicate holds for it.
    """
    if case.status is not CaseStatus.MERGED:
        return case
    if goes_on is None or not goes_on.known:
        return case.with_status(CaseStatus.OPEN)
    if goes_on.status is CaseStatus.MERGED:
        goes_on = goes_on.with_status(CaseStatus.OPEN)
    return replace(goes_on, frozen=goes_on.frozen or case.frozen)


CASE_RULES: Final = (case_is_not_closed, case_is_not_frozen)


def objections_to_work_on(case: Case) -> tuple[Refusal, ...]:
    """Every reason why nothing new may happen on the case."""
    return tuple(found for rule in CASE_RULES if (found := rule(case)) is not None)
