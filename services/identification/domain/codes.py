"""The codes a case is described by, and what is still to be asked.

Codes only: nothing here can name a person, a day of birth or a place below the oblast.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from contracts.vocabulary import NOT_YET_KNOWN

ADULT_CODES: Final = frozenset({"adult", "believed-adult"})
CHILD_CODES: Final = frozenset({"child", "believed-child"})
BELIEVED_CHILD: Final = "believed-child"
SAFE_GUARDIAN: Final = "checked-and-safe"
OTHER_HARM: Final = frozenset({"domestic-violence", "sexual-violence-against-a-child"})
"""Types of case in which nobody decides who was trafficked."""
CODES_LIMIT: Final = 20
"""As many codes as one list of a case may hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCodes:
    """What is known about a case. Only the first three are known at once."""

    case_type: str
    majority: str
    immediate_danger: bool
    oblast: str = NOT_YET_KNOWN
    citizenship: str = NOT_YET_KNOWN
    country_of_exploitation: str = NOT_YET_KNOWN
    exploitation: tuple[str, ...] = ()
    industry: str = NOT_YET_KNOWN
    still_in_situation: str = NOT_YET_KNOWN
    consent_outcome: str = NOT_YET_KNOWN
    safe_channel: str = NOT_YET_KNOWN
    dependants: int | None = None
    language: str = NOT_YET_KNOWN
    audience_class: str = NOT_YET_KNOWN
    guardian_status: str = "unknown"
    means: tuple[str, ...] = ()
    majority_reasons: tuple[str, ...] = ()
    sexual_forms: tuple[str, ...] = ()
    recruiter_relation: str = NOT_YET_KNOWN

    @property
    def is_child(self) -> bool:
        """A child, or somebody believed to be one: treated as a child until known otherwise."""
        return self.majority in CHILD_CODES

    @property
    def is_adult(self) -> bool:
        """An adult, or believed to be one; not whoever's age nobody said anything about."""
        return self.majority in ADULT_CODES

    @property
    def may_be_trafficking(self) -> bool:
        """Trafficking, a migrant who may have been trafficked, or nobody knows yet."""
        return self.case_type not in OTHER_HARM

    def corrected(self, changes: Mapping[str, Any]) -> "CaseCodes":
        """The same codes with those in ``changes`` that are not ``None``."""
        return replace(
            self, **{name: value for name, value in changes.items() if value is not None}
        )

    def widened(
        self,
        exploitation: tuple[str, ...],
        means: tuple[str, ...],
        sexual_forms: tuple[str, ...] = (),
        recruiter_relation: str = NOT_YET_KNOWN,
    ) -> "CaseCodes":
        """With what a screening found added; nothing that was known is dropped.

        Who recruited is one answer: the newest that is one.
        """
        newest = recruiter_relation != NOT_YET_KNOWN
        return replace(
            self,
            exploitation=_known(self.exploitation, exploitation) or self.exploitation,
            means=_together(self.means, means),
            sexual_forms=_known(self.sexual_forms, sexual_forms),
            recruiter_relation=recruiter_relation if newest else self.recruiter_relation,
        )


def _known(*each: tuple[str, ...]) -> tuple[str, ...]:
    first, second = (tuple(code for code in codes if code != NOT_YET_KNOWN) for codes in each)
    return _together(first, second)


def _together(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))[:CODES_LIMIT]


CODE_NAMES: Final = tuple(field.name for field in fields(CaseCodes))

ASKED_ABOUT: Final = (
    "oblast",
    "citizenship",
    "country_of_exploitation",
    "exploitation",
    "industry",
    "still_in_situation",
    "consent_outcome",
    "safe_channel",
    "dependants",
    "language",
    "audience_class",
)
"""What opens a to-do while it is not known (codes of the list ``to-do``, with hyphens)."""


def open_to_dos(codes: CaseCodes) -> tuple[str, ...]:
    """What a worker still has to find out; for a child also who the safe guardian is."""
    unknown = [name.replace("_", "-") for name in ASKED_ABOUT if _unknown(getattr(codes, name))]
    if codes.is_child and codes.guardian_status != SAFE_GUARDIAN:
        unknown.append("guardian-status")
    if codes.majority == BELIEVED_CHILD and not codes.majority_reasons:
        unknown.append("majority-reasons")
    return tuple(unknown)


def _unknown(value: str | int | tuple[str, ...] | None) -> bool:
    if isinstance(value, tuple):
        return not [code for code in value if code != NOT_YET_KNOWN]
    return value is None or value == NOT_YET_KNOWN
