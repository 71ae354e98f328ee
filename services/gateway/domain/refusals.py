"""A refusal is a value: codes and places, every one of them. Never a value of the sender's."""

from dataclasses import dataclass
from typing import Final

REASONS_LIMIT: Final = 40
"""As many as an answer can carry; what is wrong in more places is said in the first."""


@dataclass(frozen=True, slots=True)
class Objection:
    """One reason: a code of the list ``refusal-reason`` and, where there is one, the place."""

    code: str
    field: str | None = None


def told(objections: tuple[Objection, ...]) -> tuple[Objection, ...]:
    """What an answer says: each once, in order, within the limit."""
    return tuple(dict.fromkeys(objections))[:REASONS_LIMIT]


def second_person_objections(
    caller: str, before: frozenset[str], *, a_system: bool
) -> tuple[Objection, ...]:
    """Nobody takes back alone what they did: whoever linked two cases does not unlink them.

    A system is no second person, whatever its name is: nobody knows who sits before it (project:
    one person alone could hide a mistake).
    """
    return (Objection("second-person-needed"),) if a_system or caller in before else ()
