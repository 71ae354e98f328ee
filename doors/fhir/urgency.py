"""How urgent a request is: the most urgent of all that is said of it; whatever says less is listed.

`ServiceRequest.priority` and `Task.priority` are words of FHIR, `Task.input` holds a code of ours.
An emergency that is read as less comes too late; one that was none costs a call.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from contracts.vocabulary import code_lists
from doors.fhir import words
from doors.fhir.reading import Reading

URGENCY: Final = "urgency"
BETWEEN: Final = {"asap": "urgent"}
"""FHIR R4: *asap* is above *urgent* and below *stat*. No word of ours, but never less than this."""
SAY: Final = "say stat, urgent or routine"


@dataclass(frozen=True, slots=True)
class Said:
    """What one place says: at least how urgent, and which codes of ours it may mean."""

    place: str
    code: str
    fits: frozenset[str]


def said_by_request(reading: Reading, place: str, request: Mapping[str, Any]) -> list[Said]:
    """Of a ServiceRequest: its priority."""
    return _by_priority(reading, place, request, frozenset({"fhir"}))


def said_by_task(reading: Reading, place: str, task: Mapping[str, Any]) -> list[Said]:
    """Of a Task that asks: its priority, where Gravity's word *urgent* may mean an emergency, and
    each urgency in its input.
    """
    found = _by_priority(reading, place, task, frozenset({"fhir", "gravity"}))
    for name, part in words.parts_in(task, "input"):
        if name != URGENCY:
            continue
        code = words.code_in(part.get("valueCodeableConcept"), URGENCY)
        if code is None:
            reading.lost(f"{place}.input: {URGENCY}")
        else:
            found.append(Said(f"{place}.input: {URGENCY}", code, frozenset({code})))
    return found


def most_urgent(reading: Reading, said: Iterable[Said], why: str) -> str | None:
    """The most urgent code that is said; every place that says another one is told, with ``why``.

    None where nothing is said for certain.
    """
    said = list(said)
    if not any(each.fits for each in said):
        return None
    code = min((each.code for each in said), key=code_lists()[URGENCY].codes.index)
    for each in said:
        if each.fits and code not in each.fits:
            reading.lost(f"{each.place}: {why}")
    return code


def _by_priority(
    reading: Reading, place: str, resource: Mapping[str, Any], standards: frozenset[str]
) -> list[Said]:
    if "priority" not in resource:
        return []
    word, maps = str(resource["priority"]), code_lists()[URGENCY].maps
    meant = {
        code
        for standard in standards
        for code, theirs in maps[standard].outward.items()
        if theirs == word
    }
    code = maps["fhir"].inward.get(word)
    if code is None:
        reading.lost(f"{place}.priority: {SAY}")
        code = BETWEEN.get(word)
        return [] if code is None else [Said(f"{place}.priority", code, frozenset())]
    return [Said(f"{place}.priority", code, frozenset(meant))]
