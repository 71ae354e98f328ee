"""A Bundle of another system becomes intake events; what cannot be held is listed, never guessed.

A ServiceRequest that is an active order becomes a need of `referral-requested`; `progress` knows
what a Task tells. Who the person is may not be in it: a Patient resource, a narrative or a name
beside a reference is told, and nothing of it is read. The ids that must be ours (a case, a task)
must be in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from contracts.intake import ReferralRequested
from doors.fhir import words
from doors.fhir.progress import inputs_of, tell
from doors.fhir.reading import MODIFIERS, Reading
from doors.fhir.urgency import SAY, Said, most_urgent, said_by_request, said_by_task
from doors.identifiers import DoorKey
from doors.node import Posting

_READ: Final = {
    "ServiceRequest": frozenset(
        {"resourceType", "id", "meta", "status", "intent", "priority", "code", "subject"}
        | {"requisition", "performer", "doNotPerform", *MODIFIERS}
    ),
    "Task": frozenset(
        {"resourceType", "id", "meta", "status", "businessStatus", "intent", "code", "focus"}
        | {"for", "owner", "statusReason", "executionPeriod", "input", "output", "priority"}
        | {*MODIFIERS}
    ),
}
_ORDERS: Final = ("order", "original-order", "reflex-order", "filler-order", "instance-order")
OF_THE_REQUEST: Final = "another place says that it is more urgent, and so it is asked for"
OF_THE_REQUISITION: Final = (
    "another need of the requisition is more urgent, and so all of it is asked for"
)
_NOT_LIVE: Final = {
    "draft": "a draft is not complete; send it when it is active",
    "on-hold": "it rests; send it when it is active",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBundle:
    """The events that a Bundle becomes, and what of it no event holds."""

    postings: tuple[Posting, ...]
    not_held: tuple[str, ...]
    """Places and reasons; no value."""


@dataclass(slots=True)
class _Asked:
    """One request: the needs of one person under one requisition."""

    place: str
    needs: list[dict[str, str]] = field(default_factory=list)
    preferred: list[str] = field(default_factory=list)
    inputs: dict[str, Any] = field(default_factory=dict)
    urgencies: list[Said] = field(default_factory=list)


@dataclass(slots=True)
class _Tasks:
    """What the Tasks that ask say of one ServiceRequest."""

    inputs: dict[str, Any] = field(default_factory=dict)
    urgencies: list[Said] = field(default_factory=list)


def read_bundle(bundle: Mapping[str, Any], source: str, key: DoorKey) -> ReadBundle:
    """Every event that the Bundle holds. It must have been judged sound before."""
    reading = Reading(key, source)
    placed = [
        (f"entry.{number}", each["resource"])
        for number, each in enumerate(bundle.get("entry") or ())
        if each.get("resource")
    ]
    for place, resource in placed:
        kind = resource["resourceType"]
        if kind not in _READ:
            reading.lost(f"{place}: {_why_not(kind)}")
            continue
        reading.not_held += [f"{place}.{name}" for name in resource if name not in _READ[kind]]
    requests = {words.uuid_of(each.get("id")): each for _, each in _of(placed, "ServiceRequest")}
    answered: set[UUID | None] = set()
    tasks: dict[UUID, _Tasks] = {}
    for place, task in _of(placed, "Task"):
        about = words.resource_of(task.get("focus"), "ServiceRequest")
        answers = tell(reading, place, task, requests.get(about, {}) if about else {})
        if answers:
            answered.add(about)
        elif about is not None:
            _asked_by(reading, place, task, tasks.setdefault(about, _Tasks()))
        if "priority" in task and (answers or about is None):
            reading.lost(f"{place}.priority")
    _requests(reading, list(_of(placed, "ServiceRequest")), answered, tasks)
    return ReadBundle(
        postings=tuple(reading.postings), not_held=tuple(dict.fromkeys(reading.not_held))
    )


def _why_not(kind: str) -> str:
    if kind in ("Patient", "RelatedPerson", "Person"):
        return f"{kind} says who somebody is; that goes by HTTP into the safe, never by this way"
    return f"{kind} is no kind of resource that becomes an event"


def _of(placed: list[tuple[str, Any]], kind: str) -> Iterator[tuple[str, Any]]:
    return ((place, each) for place, each in placed if each["resourceType"] == kind)


def _asked_by(reading: Reading, place: str, task: Mapping[str, Any], known: _Tasks) -> None:
    """Of one request one thing is said once, but for its urgency: there the most urgent counts."""
    known.urgencies += said_by_task(reading, place, task)
    for name, value in inputs_of(reading, place, task).items():
        if known.inputs.setdefault(name, value) != value:
            reading.lost(f"{place}.input: another Task of the request says another {name}")


def _requests(
    reading: Reading,
    placed: list[tuple[str, Any]],
    answered: set[UUID | None],
    tasks: Mapping[UUID, _Tasks],
) -> None:
    """Needs of one person under one requisition are one request, as urgent as the most urgent."""
    asked: dict[tuple[UUID, str], _Asked] = {}
    for place, request in placed:
        need_id = words.uuid_of(request.get("id"))
        if need_id is not None and need_id in answered:
            continue
        told = tasks.get(need_id, _Tasks()) if need_id else _Tasks()
        group = _group(reading, place, request, need_id)
        service = words.code_in(request.get("code"), "service-type")
        if group is None or need_id is None:
            continue
        urgency = _urgency(reading, place, request, told)
        if urgency is None:
            continue
        if service is None:
            reading.lost(f"{place}.code: no code of our list service-type")
            continue
        found = asked.setdefault(group, _Asked(place))
        found.needs.append({"need_id": str(need_id), "service_type": service})
        found.urgencies.append(Said(place, urgency, frozenset({urgency})))
        _add(reading, found, place, request, told.inputs)
    for (case_id, request_id), found in asked.items():
        body = {
            "request_id": request_id,
            "needs": found.needs,
            "urgency": most_urgent(reading, found.urgencies, OF_THE_REQUISITION),
            "preferred_providers": list(dict.fromkeys(found.preferred)) or None,
            **found.inputs,
        }
        reading.post(ReferralRequested, case_id, body, found.place)


def _urgency(reading: Reading, place: str, request: Mapping[str, Any], told: _Tasks) -> str | None:
    """What the request and its Tasks say together; None, and said why, where none says it."""
    said = [*said_by_request(reading, place, request), *told.urgencies]
    urgency = most_urgent(reading, said, OF_THE_REQUEST)
    if urgency is None:
        reading.lost(f"{place}.priority: {SAY}")
    return urgency


def _add(
    reading: Reading,
    found: _Asked,
    place: str,
    request: Mapping[str, Any],
    inputs: Mapping[str, Any],
) -> None:
    """Whom it should go to, and for whom it is: of one request one thing is said once."""
    nodes = [words.agency_of(each) for each in request.get("performer") or ()]
    found.preferred.extend(node for node in nodes if node)
    if not all(nodes):
        reading.lost(f"{place}.performer: no agency of the registry")
    for name, value in inputs.items():
        if found.inputs.setdefault(name, value) != value:
            reading.lost(f"{place}: another Task of the requisition says another {name}")


def _group(
    reading: Reading,
    place: str,
    request: Mapping[str, Any],
    need_id: UUID | None,
) -> tuple[UUID, str] | None:
    """Case and request; None, and said why, when it cannot be asked for."""
    case_id = words.case_of(request.get("subject"))
    if case_id is None or need_id is None:
        reading.lost(f"{place}: no id of ours in `id` and in `subject`")
        return None
    if why := _why_it_asks_for_nothing(request):
        reading.lost(f"{place}.{why}")
        return None
    requisition = words.uuid_of((request.get("requisition") or {}).get("value"))
    request_id = requisition or reading.key.id_of("fhir", "request", str(need_id))
    return case_id, str(request_id)


def _why_it_asks_for_nothing(request: Mapping[str, Any]) -> str | None:
    """R4: only an active order asks, and not one that says *do not perform*."""
    status = str(request.get("status"))
    if status != "active":
        return f"status: {_NOT_LIVE.get(status, 'it is not asked for any more')}"
    if request.get("intent") not in _ORDERS:
        return "intent: a proposal, plan or option is no order"
    if request.get("doNotPerform"):
        return "doNotPerform: it asks that this is not done"
    if any(request.get(each) for each in MODIFIERS):
        return "modifierExtension: it changes what is asked for in a way that is not known here"
    return None
