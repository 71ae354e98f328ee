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
from contracts.vocabulary import code_lists
from doors.fhir import words
from doors.fhir.progress import inputs_of, tell
from doors.fhir.reading import MODIFIERS, Reading
from doors.identifiers import DoorKey
from doors.node import Posting

_READ: Final = {
    "ServiceRequest": frozenset(
        {"resourceType", "id", "meta", "status", "intent", "priority", "code", "subject"}
        | {"requisition", "performer", "doNotPerform", *MODIFIERS}
    ),
    "Task": frozenset(
        {"resourceType", "id", "meta", "status", "businessStatus", "intent", "code", "focus"}
        | {"for", "owner", "statusReason", "executionPeriod", "input", "output", *MODIFIERS}
    ),
}
_ORDERS: Final = ("order", "original-order", "reflex-order", "filler-order", "instance-order")
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
    answered, inputs = set(), {}
    for place, task in _of(placed, "Task"):
        about = words.resource_of(task.get("focus"), "ServiceRequest")
        if tell(reading, place, task, requests.get(about, {}) if about else {}):
            answered.add(about)
        elif about is not None:
            inputs[about] = inputs_of(reading, place, task)
    _requests(reading, list(_of(placed, "ServiceRequest")), answered, inputs)
    return ReadBundle(
        postings=tuple(reading.postings), not_held=tuple(dict.fromkeys(reading.not_held))
    )


def _why_not(kind: str) -> str:
    if kind in ("Patient", "RelatedPerson", "Person"):
        return f"{kind} says who somebody is; that goes by HTTP into the safe, never by this way"
    return f"{kind} is no kind of resource that becomes an event"


def _of(placed: list[tuple[str, Any]], kind: str) -> Iterator[tuple[str, Any]]:
    return ((place, each) for place, each in placed if each["resourceType"] == kind)


def _requests(
    reading: Reading,
    placed: list[tuple[str, Any]],
    answered: set[UUID | None],
    inputs: Mapping[UUID, dict[str, Any]],
) -> None:
    """Needs of one person under one requisition are one request."""
    asked: dict[tuple[UUID, str, str], _Asked] = {}
    for place, request in placed:
        need_id = words.uuid_of(request.get("id"))
        if need_id is not None and need_id in answered:
            continue
        given = dict(inputs.get(need_id, {})) if need_id else {}
        group = _group(reading, place, request, need_id, given.pop("urgency", None))
        service = words.code_in(request.get("code"), "service-type")
        if group is None or need_id is None:
            continue
        if service is None:
            reading.lost(f"{place}.code: no code of our list service-type")
            continue
        found = asked.setdefault(group, _Asked(place))
        found.needs.append({"need_id": str(need_id), "service_type": service})
        _add(reading, found, place, request, given)
    for (case_id, request_id, urgency), found in asked.items():
        told = {
            "request_id": request_id,
            "needs": found.needs,
            "urgency": urgency,
            "preferred_providers": list(dict.fromkeys(found.preferred)) or None,
            **found.inputs,
        }
        reading.post(ReferralRequested, case_id, told, found.place)


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
    urgency: str | None,
) -> tuple[UUID, str, str] | None:
    """Case, request and urgency; None, and said why, when it cannot be asked for.

    An urgency that a Task says by our own list goes before the request's priority.
    """
    case_id = words.case_of(request.get("subject"))
    if case_id is None or need_id is None:
        reading.lost(f"{place}: no id of ours in `id` and in `subject`")
        return None
    if why := _why_it_asks_for_nothing(request):
        reading.lost(f"{place}.{why}")
        return None
    priorities = code_lists()["urgency"].maps["fhir"].inward
    urgency = urgency or priorities.get(str(request.get("priority")))
    if urgency is None:
        reading.lost(f"{place}.priority: say stat, urgent or routine")
        return None
    requisition = words.uuid_of((request.get("requisition") or {}).get("value"))
    request_id = requisition or reading.key.id_of("fhir", "request", str(need_id))
    return case_id, str(request_id), urgency


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
