"""A refusal is a value: codes of the list ``refusal-reason`` and the name of a field, no value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """One objection to what was asked."""

    code: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """What was asked is refused, with every objection."""

    reasons: tuple[Refusal, ...]
