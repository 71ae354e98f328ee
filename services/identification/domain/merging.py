"""A case that was entered twice: which of the two may end, so that nothing that protects the
person ends with it.

What is on record in a case is never carried over: whoever merges has it recorded in the other one
first, or merges the other way. Nothing here looks at who the person is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from services.identification.domain.case import (
    Case,
    Change,
    ChildProtection,
    Closed,
    Detected,
    EnteredInError,
    HelpedWithoutIdentification,
    Identified,
    NotIdentified,
    NotPresumed,
    Objection,
    Presumed,
    Reconsideration,
    Reflection,
    Refusal,
    Revoked,
    Screening,
    State,
    is_over,
)
from services.identification.domain.clocks import KINDS
from services.identification.domain.codes import SAFE_GUARDIAN
from services.identification.domain.decisions import Undecided
from services.identification.domain.declining import chose_help_alone
from services.identification.domain.facts import CaseWasMerged, CaseWasVoided

DUPLICATE: Final = "duplicate"
UNSEEN: Final = "case-frozen"
NO_PERIOD: Final = datetime(1, 1, 1, tzinfo=UTC)
WEIGHT: Final[Mapping[type[State], int]] = MappingProxyType(
    {
        EnteredInError: 0,
        Closed: 0,
        Detected: 1,
        HelpedWithoutIdentification: 1,
        Screening: 2,
        NotPresumed: 3,
        NotIdentified: 3,
        Revoked: 3,
        Reconsideration: 4,
        Presumed: 5,
        Reflection: 6,
        ChildProtection: 6,
        Identified: 7,
    }
)
"""How much would be lost with a case in this state: a decision, a running look, a period, a status.

A period that still runs weighs more than one that is over: the person would lose the rest of it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherCase:
    """A case of this node that another one names; of a frozen one nothing but its id is known."""

    case_id: UUID
    case: Case | None
    agreed_since: bool = False
    """Whether there, later than the wish for help alone in the case that names it, the person
    agreed that somebody decides (``agreed_elsewhere_since``).
    """


LOST: Final[Mapping[str, Callable[[Case], bool]]] = MappingProxyType(
    {
        "majority": lambda case: case.codes.is_child,
        "guardian_status": lambda case: (
            case.codes.is_child and case.codes.guardian_status == SAFE_GUARDIAN
        ),
        "missing": lambda case: case.record.missing_at is not None,
        "best_interests": lambda case: case.record.best_interests_at is not None,
        "protection_measure": lambda case: case.record.measure_at is not None,
        "guardian_request": lambda case: case.record.somebody_is_asked_for,
        "no_removal": lambda case: case.record.no_removal_told,
    }
)
"""What stands in a case for the person, by the word that an answer names it with."""


def the_other_case_goes_on(other: OtherCase | None) -> Objection | None:
    """A duplicate is merged into a case that can be worked.

    Project: help never ends with a mistake.
    """
    if other is None:
        return None
    if other.case is None:
        return Objection(code=UNSEEN, field="into_case")
    return Objection(code="wrong-state") if is_over(other.case.state) else None


def the_other_case_is_as_far_along(case: Case, other: OtherCase | None) -> Objection | None:
    """Who was presumed or identified keeps time, status and protection (Convention, Art. 10(2),
    13(1) and 14): the case that has them goes on, and the other one is the duplicate. So does one
    whose first decision somebody owes, not one about which nobody decides.
    """
    if other is None or other.case is None or is_over(other.case.state):
        return None
    if _weight(case) <= _weight(other.case):
        return None
    return Objection(code="merge-other-way", field="into_case")


def nothing_that_protects_is_here_alone(
    case: Case, other: OtherCase | None
) -> tuple[Objection, ...]:
    """An alarm, a safe guardian, what is best for the child, who was told of no removal: each stays
    in force only in the case that goes on (Convention, Art. 10(4); Rights of the Child, Art. 3).

    Who is identified needs no notice of no removal any more: the status itself protects.
    """
    if other is None or other.case is None or is_over(other.case.state):
        return ()
    there = other.case
    needless = {"no_removal"} if isinstance(there.state, Identified) else set()
    return tuple(
        Objection(code="only-in-this-case", field=name)
        for name, stands in LOST.items()
        if name not in needless and stands(case) and not stands(there)
    )


def no_wish_for_help_alone_ends(case: Case, other: OtherCase | None) -> Objection | None:
    """Where the wish is not on record somebody would decide against it, or be late with that
    (Convention, Art. 12(6) and (7)): it is recorded there first, unless what the person said there
    is the later word, or a child's route runs there.
    """
    if other is None or other.case is None or other.agreed_since:
        return None
    there = other.case
    wished, wished_there = chose_help_alone(case), chose_help_alone(there)
    undecided = isinstance(there.state, Undecided) and not there.codes.is_child
    if not wished or wished_there or not undecided:
        return None
    return Objection(code="only-in-this-case", field="help_reason")


def merge(case: Case, other: OtherCase | None, now: datetime) -> Change | Refusal:
    """Entered twice: this one is void, the other one goes on."""
    found = (
        the_other_case_is_known(case.case_id, other, "into_case"),
        the_other_case_goes_on(other),
        the_other_case_is_as_far_along(case, other),
        *nothing_that_protects_is_here_alone(case, other),
        no_wish_for_help_alone_ends(case, other),
    )
    against = tuple(objection for objection in found if objection is not None)
    if against or other is None:
        return Refusal(objections=against)
    return Change(
        case=replace(case, state=EnteredInError(reason=DUPLICATE, voided_at=now)),
        facts=(CaseWasMerged(into_case=other.case_id), CaseWasVoided(reason=DUPLICATE)),
        stopped=KINDS,
    )


def the_other_case_is_known(case_id: UUID, other: OtherCase | None, field: str) -> Objection | None:
    """A reference to nothing, or to itself, links nothing.

    Project: only cases of this node are linked.
    """
    if other is None or other.case_id == case_id:
        return Objection(code="unknown-linked-case", field=field)
    return None


def _weight(case: Case) -> tuple[int, bool, datetime]:
    """Of two undecided ones that whose clock runs weighs more, of two periods that ends later."""
    state = case.state
    clock_runs = isinstance(state, Undecided) and case.grounds_due_at is not None
    ends_at = state.ends_at if isinstance(state, Reflection | ChildProtection) else NO_PERIOD
    return WEIGHT[type(state)], clock_runs, ends_at
