"""What a Task tells of itself: an answer to the offer, help that began, was given, rests or ended.

A Task is a state, intake takes what happened. So each quantity in `Task.output` is one event under
its own place in the list: whoever sends a longer list tells what is new, the same again nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from contracts.intake import (
    HelpPaused,
    NeedCancelled,
    OfferAnswered,
    PersonArrived,
    ServiceDelivered,
    ServiceEndedEarly,
)
from contracts.vocabulary import PLACES_TO_LIVE
from doors.fhir import words
from doors.fhir.reading import MODIFIERS, Reading
from doors.fhir.urgency import URGENCY

Resource = Mapping[str, Any]
ASKED: Final = ("requested", "ready", "received")
INPUTS: Final = {
    "language": "language",
    "audience_class": "audience-class",
}
"""Properties of a request that a Task's input holds, and their lists; beside them `dependants` and
`urgency`, which the file of that name reads.
"""


@dataclass(frozen=True, slots=True)
class _Told:
    """One Task, where it stands, what it is about, and the ids that are ours."""

    place: str
    task: Resource
    request: Resource
    case_id: UUID
    task_id: UUID

    @property
    def body(self) -> dict[str, Any]:
        return {"task_id": str(self.task_id)}


def tell(reading: Reading, place: str, task: Resource, request: Resource) -> bool:
    """Keep what the Task tells; whether its ServiceRequest asks for nothing new any more."""
    status = str(task.get("status"))
    state = words.code_in(task.get("businessStatus"), "task-state")
    if any(task.get(each) for each in MODIFIERS):
        reading.lost(f"{place}: it has a modifier that this door does not know")
        return True
    if state is not None and status not in words.statuses_of(state):
        reading.lost(f"{place}.businessStatus: it says something else than `status`")
        return True
    if status == "draft":
        reading.lost(f"{place}.status: a draft is not complete, nothing is asked by it")
        return True
    if status in ASKED and state != "seen":
        if state is not None:
            reading.lost(f"{place}: nothing has happened yet that is told to a node")
        return state is not None
    case_id, task_id = words.case_of(task.get("for")), words.uuid_of(task.get("id"))
    if case_id is None or task_id is None:
        reading.lost(f"{place}: no id of ours in `id` and in `for`")
        return True
    told = _Told(place, task, request, case_id, task_id)
    if status in ASKED:
        reading.post(OfferAnswered, case_id, {**told.body, "answer": "seen"}, place)
    elif saying := _SAYINGS.get(status):
        saying(reading, told)
    else:
        reading.lost(f"{place}.status: no event of intake says it")
    return True


def inputs_of(reading: Reading, place: str, task: Resource) -> dict[str, Any]:
    """What a Task that asks says of whom it asks for: properties of the request."""
    found: dict[str, Any] = {}
    for name, part in words.parts_in(task, "input"):
        if name == URGENCY:
            continue
        listed = INPUTS.get(name)
        if listed is not None:
            value = words.code_in(part.get("valueCodeableConcept"), listed)
        else:
            value = part.get("valueUnsignedInt") if name == "dependants" else None
        if value is None or found.get(name, value) != value:
            reading.lost(f"{place}.input: {name or 'a part that is not of ours'}")
        else:
            found[name] = value
    return found


def _accepted(reading: Reading, told: _Told) -> None:
    reading.post(OfferAnswered, told.case_id, {**told.body, "answer": "accepted"}, told.place)
    _without_reason(reading, told)


def _declined(reading: Reading, told: _Told) -> None:
    reason = _reason(told, "decline-reason")
    if reason is None:
        reading.lost(f"{told.place}: a decline needs a code of our list decline-reason")
        return
    body = {**told.body, "answer": "declined", "reason": reason}
    reading.post(OfferAnswered, told.case_id, body, told.place)


def _begun(reading: Reading, told: _Told) -> None:
    """Help runs: an arrival where somebody lives, and whatever was given so far."""
    _without_reason(reading, told)
    if not _given_by_us(reading, told):
        return
    service = words.code_in(told.request.get("code"), "service-type")
    if service in PLACES_TO_LIVE:
        at = _begins_at(reading, told)
        body = {**told.body, "occurred_at": at}
        reading.post(PersonArrived, told.case_id, body, told.place, ("arrived", str(told.task_id)))
    elif not _counted(reading, told):
        reading.lost(f"{told.place}: help begins with the first `quantity` in `output`")
        return
    _delivered(reading, told)


def _completed(reading: Reading, told: _Told) -> None:
    """All that was given, then what came of it."""
    _without_reason(reading, told)
    if not _given_by_us(reading, told):
        return
    unit = _delivered(reading, told)
    outcomes = [each for name, each in words.parts_in(told.task, "output") if name == "outcome"]
    codes = [words.code_in(each.get("valueCodeableConcept"), "outcome") for each in outcomes]
    outcome = codes[0] if len(codes) == 1 else None
    if outcome is None or unit is None:
        reading.lost(f"{told.place}.output: an end needs one `outcome` and a `quantity` of ours")
        return
    body = {**told.body, "unit": unit, "quantity": 0, "outcome": outcome}
    mark = ("outcome", str(told.task_id))
    reading.post(ServiceDelivered, told.case_id, body, told.place, mark)


def _delivered(reading: Reading, told: _Told) -> str | None:
    """An event for each quantity; the unit of the last."""
    unit = None
    for number, unit, quantity in _counted(reading, told):
        body = {**told.body, "unit": unit, "quantity": quantity}
        mark = ("quantity", str(told.task_id), str(number))
        reading.post(ServiceDelivered, told.case_id, body, told.place, mark)
    return unit


def _counted(reading: Reading, told: _Told) -> list[tuple[int, str, int]]:
    """The quantities in `output`, each with its place among them."""
    given = [each for name, each in words.parts_in(told.task, "output") if name == "quantity"]
    found = [(number, words.counted_in(each)) for number, each in enumerate(given)]
    if any(counted is None for _, counted in found):
        reading.lost(f"{told.place}.output: no whole number with a code of our list unit")
    return [(number, *counted) for number, counted in found if counted is not None]


def _rests(reading: Reading, told: _Told) -> None:
    reason = _reason(told, "pause-reason")
    if reason is None:
        _without_reason(reading, told)
    reading.post(HelpPaused, told.case_id, {**told.body, "reason": reason}, told.place)


def _ended(reading: Reading, told: _Told) -> None:
    """By who helps or by who asked: the list that the reason is of says which."""
    if reason := _reason(told, "end-reason"):
        body = {**told.body, "reason": reason}
        reading.post(ServiceEndedEarly, told.case_id, body, told.place)
        return
    reason = _reason(told, "cancel-reason")
    request_id = words.uuid_of((told.request.get("requisition") or {}).get("value"))
    need_id = words.uuid_of(told.request.get("id"))
    if reason is None:
        lists = "end-reason (who helps) or cancel-reason (who asked)"
        reading.lost(f"{told.place}.statusReason: an end needs a code of our list {lists}")
    elif request_id is None or need_id is None:
        reading.lost(f"{told.place}.focus: no ServiceRequest with `requisition` in the Bundle")
    else:
        body = {"request_id": str(request_id), "need_id": str(need_id), "reason": reason}
        reading.post(NeedCancelled, told.case_id, body, told.place)


def _given_by_us(reading: Reading, told: _Told) -> bool:
    """Only who helps counts what was given; the sender hears of it from there."""
    owner = words.agency_of(told.task.get("owner"))
    if owner is None or reading.source.startswith(f"urn:nrm:{owner}:"):
        return True
    reading.lost(f"{told.place}.owner: another agency helps, and tells of it")
    return False


def _begins_at(reading: Reading, told: _Told) -> str | None:
    start = (told.task.get("executionPeriod") or {}).get("start")
    if start is not None and "T" not in str(start):
        reading.lost(f"{told.place}.executionPeriod: say the time of the day, too")
        return None
    return start


def _reason(told: _Told, name: str) -> str | None:
    return words.code_in(told.task.get("statusReason"), name)


def _without_reason(reading: Reading, told: _Told) -> None:
    if told.task.get("statusReason"):
        reading.lost(f"{told.place}.statusReason: nothing asks for it here")


_SAYINGS: Final = {
    "accepted": _accepted,
    "rejected": _declined,
    "in-progress": _begun,
    "on-hold": _rests,
    "completed": _completed,
    "cancelled": _ended,
    "failed": _ended,
}
