"""What the door says: the answer to an agency's system, and the command to the service concerned.

An answer holds codes and places, never a value; a command holds the codes of the closed contract,
unknown ones already replaced. What an agency wrote instead may never be in either.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import UUID

from contracts.envelope import Contract
from contracts.intake import (
    IntakeAccepted,
    IntakeRefused,
    PersonDetected,
    Reason,
    RestrictionRecorded,
)
from services.gateway.domain.consent import Restriction
from services.gateway.domain.refusals import Objection, told

Command = TypeVar("Command", bound=Contract)
RESTRICTIONS_LIMIT: Final = 20
"""As many as a detection holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which intake event is answered: its id or, without one, its place."""

    intake_id: UUID | None
    case_id: UUID | None
    partition: int | None = None
    offset: int | None = None


def command_of(body: Command) -> Command:
    """The command for a service: the same codes, nothing beside what the contract lists."""
    fields = type(body).model_fields
    return type(body)(**{name: getattr(body, name) for name in fields})


def told_with(body: PersonDetected, forbidden: Iterable[tuple[Restriction, str]]) -> PersonDetected:
    """The detection with what is forbidden in another case of the person, and so in this one.

    As much as an event holds: the register knows all of it, and nothing leaves against that.
    """
    said = {each.restriction_id for each in body.restrictions}
    carried = tuple(
        RestrictionRecorded(
            restriction_id=found.restriction_id,
            recorded_for=author,
            agency=found.agency,
            agency_type=found.agency_type,
            oblast=found.oblast,
            valid_until=found.valid_until,
        )
        for found, author in forbidden
        if found.restriction_id not in said
    )
    together = (*body.restrictions, *carried)[:RESTRICTIONS_LIMIT]
    return body.model_copy(update={"restrictions": together})


def acceptance(intake_id: UUID, case_id: UUID) -> IntakeAccepted:
    """Done, and in which case."""
    return IntakeAccepted(intake_id=intake_id, case_id=case_id)


def refusal(asked: Asked, objections: Iterable[Objection]) -> IntakeRefused:
    """Not done, with every reason; the place only where there is no id."""
    nameless = asked.intake_id is None
    return IntakeRefused(
        reasons=tuple(
            Reason(code=objection.code, field=objection.field)
            for objection in told(tuple(objections))
        ),
        intake_id=asked.intake_id,
        case_id=asked.case_id,
        partition=asked.partition if nameless else None,
        offset=asked.offset if nameless else None,
    )
