"""The one final answer to what an agency told: accepted, or refused with every reason."""

from typing import Annotated

from pydantic import Field

from contracts.envelope import Contract, Count, Reference, code


class Reason(Contract):
    """Why something was refused: a code and where. Never a value."""

    code: Annotated[str, code("refusal-reason")]
    field: (
        Annotated[
            str,
            Field(pattern=r"^[a-z0-9_./-]{1,120}$", json_schema_extra={"x-nrm-class": "code"}),
        ]
        | None
    ) = None


class IntakeAccepted(Contract):
    """The owner of the event did what it asked."""

    intake_id: Reference
    case_id: Reference | None = None


class IntakeRefused(Contract):
    """The event was refused, with every reason. Without an id, partition and offset name it."""

    reasons: Annotated[tuple[Reason, ...], Field(min_length=1, max_length=40)]
    intake_id: Reference | None = None
    case_id: Reference | None = None
    partition: Count | None = None
    offset: Annotated[int, Field(ge=0, json_schema_extra={"x-nrm-class": "count"})] | None = None
