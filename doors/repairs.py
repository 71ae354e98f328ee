"""An unknown code that an agency sent, and the correction that a known one makes of it.

Which property of a case it was is told by its place; a property that no correction may change is
repaired by hand. What somebody has corrected since is left as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from contracts.catalogue import CATALOGUE
from contracts.intake import CaseCorrected
from contracts.vocabulary import code_lists
from doors.failures import DoorFailure
from doors.tables.words import shapes_of

CORRECTION: Final = next(
    spec for spec in CATALOGUE.values() if spec.topic == "intake" and spec.model is CaseCorrected
)
CASES: Final = "identification"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a code stood: the property, its list if a correction knows it, one of many or not."""

    name: str
    codelist: str
    many: bool

    @property
    def correctable(self) -> bool:
        """Whether a case can be corrected there."""
        return bool(self.codelist)


def place_of(place: str, event_type: str = "") -> Place:
    """Out of a path like `exploitation.0`, in an event of this type ("": of a case's own)."""
    name = place.partition(".")[0]
    shape = shapes_of(CaseCorrected).get(name)
    if shape is None or not shape.codelist or not _tells_a_case(event_type):
        return Place(name=name, codelist="", many=False)
    return Place(name=name, codelist=shape.codelist, many=shape.many)


def _tells_a_case(event_type: str) -> bool:
    """Whether identification has a case with what the event says: a task's case is not here."""
    spec = CATALOGUE.get(event_type)
    return spec is None or not spec.travels or spec.owner == CASES


def checked_code(place: Place, code: str) -> str:
    """The code, if it is one that the place may hold; DoorFailure says which there are."""
    if not place.correctable:
        return code
    listed = code_lists()[place.codelist]
    if code not in listed or code == listed.fallback:
        known = ", ".join(each for each in listed.codes[:40] if each != listed.fallback)
        raise DoorFailure(f"{place.codelist} has no such code to map to. There are: {known}.")
    return code


def correction(place: Place, code: str, codes: Mapping[str, Any]) -> dict[str, Any] | None:
    """The body of a correction of a case that has these codes now; None: there is nothing to do."""
    if not place.correctable:
        return None
    fallback = code_lists()[place.codelist].fallback
    now = codes.get(place.name)
    if not place.many:
        return {place.name: code} if now in (fallback, None) else None
    known = list(now or ())
    if code in known:
        return None
    return {place.name: [*(each for each in known if each != fallback), code]}
