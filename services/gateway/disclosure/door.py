"""What the door says: the answer to an agency's system, and the command to the service concerned.

An answer holds codes and places, never a value; a command holds the codes of the closed contract,
unknown ones already replaced. What an agency wrote instead may never be in either.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from contracts.envelope import Contract
from contracts.intake import IntakeAccepted, IntakeRefused, Reason
from services.gateway.domain.refusals import Objection, told

Command = TypeVar("Command", bound=Contract)


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
