"""A Bundle of another system becomes intake events; what cannot be held is listed, never guessed.

A ServiceRequest becomes a need of `referral-requested`, a Task that was answered `offer-answered`.
Who the person is may not be in it: a Patient resource, a narrative or a name beside a reference is
told, and nothing of it is read. The ids that must be ours (a case, a task) must be in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson
from pydantic import ValidationError

from contracts.catalogue import CATALOGUE
from contracts.intake import OfferAnswered, ReferralRequested
from contracts.vocabulary import code_lists
from doors.fhir import words
from doors.identifiers import DoorKey
from doors.node import Posting

_READ: Final = {
    "ServiceRequest": frozenset(
        {"resourceType", "id", "meta", "status", "intent", "priority", "code", "subject"}
        | {"requisition", "performer"}
    ),
    "Task": frozenset(
        {"resourceType", "id", "meta", "status", "businessStatus", "intent", "code", "focus"}
        | {"for", "statusReason"}
    ),
}
_ASKED: Final = ("draft", "requested", "ready", "received")
_LIVE: Final = ("active", "draft")
_TYPES: Final = {spec.model: spec for spec in CATALOGUE.values() if spec.topic == "intake"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBundle:
    """The events that a Bundle becomes, and what of it no event holds."""

    postings: tuple[Posting, ...]
    not_held: tuple[str, ...]
    """Places and reasons; no value."""


@dataclass(slots=True)
class _Reading:
    key: DoorKey
    source: str
    postings: list[Posting] = field(default_factory=list)
    not_held: list[str] = field(default_factory=list)

    def post(self, model: Any, case_id: UUID, body: Mapping[str, Any], place: str) -> None:
        """Keep an event if the contract takes it."""
        told = {name: value for name, value in body.items() if value is not None}
        document = orjson.dumps(told, option=orjson.OPT_SORT_KEYS)
        try:
            model.model_validate_json(document, strict=True)
        except ValidationError as error:
            found = error.errors(include_input=False, include_context=False, include_url=False)
            names = ", ".join(sorted({str(each["loc"][0]) for each in found if each["loc"]}))
            self.not_held.append(f"{place}: cannot be told ({names} is missing or wrong)")
            return
        spec = _TYPES[model]
        self.postings.append(
            Posting(
                id=self.key.id_of("fhir", spec.type, str(case_id), document.decode()),
                source=self.source,
                type=spec.type,
                dataschema=spec.dataschema,
                subject=case_id,
                body=told,
            )
        )


def read_bundle(bundle: Mapping[str, Any], source: str, key: DoorKey) -> ReadBundle:
    """Every event that the Bundle holds. It must have been judged sound before."""
    reading = _Reading(key, source)
    placed = [
        (f"entry.{number}", each["resource"])
        for number, each in enumerate(bundle.get("entry") or ())
        if each.get("resource")
    ]
    for place, resource in placed:
        kind = resource["resourceType"]
        if kind not in _READ:
            reading.not_held.append(f"{place}: {_why_not(kind)}")
            continue
        reading.not_held += [f"{place}.{name}" for name in resource if name not in _READ[kind]]
    answered = {
        each for place, task in _of(placed, "Task") if (each := _answer(reading, place, task))
    }
    _requests(reading, placed, answered)
    return ReadBundle(
        postings=tuple(reading.postings), not_held=tuple(dict.fromkeys(reading.not_held))
    )


def _why_not(kind: str) -> str:
    if kind in ("Patient", "RelatedPerson", "Person"):
        return f"{kind} says who somebody is; that goes by HTTP into the safe, never by this way"
    return f"{kind} is no kind of resource that becomes an event"


def _of(placed: list[tuple[str, Any]], kind: str) -> Iterator[tuple[str, Any]]:
    return ((place, each) for place, each in placed if each["resourceType"] == kind)


def _answer(reading: _Reading, place: str, task: Mapping[str, Any]) -> UUID | None:
    """The ServiceRequest that an answered Task is about: it asks for nothing new."""
    about = words.resource_of(task.get("focus"), "ServiceRequest")
    state = words.code_in(task.get("businessStatus"), "task-state")
    answer = _answer_of(str(task.get("status")), state)
    if answer is None:
        if task.get("status") not in _ASKED:
            reading.not_held.append(f"{place}.status: no event of intake says it")
            return about
        return about if state is not None else None
    case_id, task_id = words.case_of(task.get("for")), words.uuid_of(task.get("id"))
    if case_id is None or task_id is None:
        reading.not_held.append(f"{place}: no id of ours in `id` and in `for`")
        return about
    reason = words.code_in(task.get("statusReason"), "decline-reason")
    if task.get("statusReason") and reason is None:
        reading.not_held.append(f"{place}.statusReason: no code of our list decline-reason")
    if answer == "declined" and reason is None:
        reading.not_held.append(f"{place}: a decline needs a code of our list decline-reason")
        return about
    told = {"task_id": str(task_id), "answer": answer, "reason": reason}
    reading.post(OfferAnswered, case_id, told, place)
    return about


def _answer_of(status: str, state: str | None) -> str | None:
    """What a provider said; our own word goes before FHIR's, which says less."""
    if state == "seen":
        return "seen"
    if state is not None and state not in ("accepted", "declined"):
        return None
    return {"accepted": "accepted", "rejected": "declined"}.get(status)


def _requests(reading: _Reading, placed: list[tuple[str, Any]], answered: set[UUID]) -> None:
    """Needs of one person under one requisition are one request."""
    asked: dict[tuple[UUID, str, str], list[dict[str, str]]] = {}
    places: dict[tuple[UUID, str, str], str] = {}
    preferred: dict[tuple[UUID, str, str], list[str]] = {}
    for place, request in _of(placed, "ServiceRequest"):
        need_id = words.uuid_of(request.get("id"))
        if need_id in answered:
            continue
        group = _group(reading, place, request, need_id)
        service = words.code_in(request.get("code"), "service-type")
        if group is None or need_id is None:
            continue
        if service is None:
            reading.not_held.append(f"{place}.code: no code of our list service-type")
            continue
        places.setdefault(group, place)
        asked.setdefault(group, []).append({"need_id": str(need_id), "service_type": service})
        nodes = [words.agency_of(each) for each in request.get("performer") or ()]
        preferred.setdefault(group, []).extend(node for node in nodes if node)
        if not all(nodes):
            reading.not_held.append(f"{place}.performer: no agency of the registry")
    for group, needs in asked.items():
        case_id, request_id, urgency = group
        told = {
            "request_id": request_id,
            "needs": needs,
            "urgency": urgency,
            "preferred_providers": list(dict.fromkeys(preferred[group])) or None,
        }
        reading.post(ReferralRequested, case_id, told, places[group])


def _group(
    reading: _Reading, place: str, request: Mapping[str, Any], need_id: UUID | None
) -> tuple[UUID, str, str] | None:
    """Case, request and urgency; None, and said why, when it cannot be asked for."""
    case_id = words.case_of(request.get("subject"))
    if case_id is None or need_id is None:
        reading.not_held.append(f"{place}: no id of ours in `id` and in `subject`")
        return None
    if request.get("status") not in _LIVE:
        reading.not_held.append(f"{place}.status: it is not asked for any more")
        return None
    urgency = code_lists()["urgency"].maps["fhir"].inward.get(str(request.get("priority")))
    if urgency is None:
        reading.not_held.append(f"{place}.priority: say stat, urgent or routine")
        return None
    requisition = words.uuid_of((request.get("requisition") or {}).get("value"))
    request_id = requisition or reading.key.id_of("fhir", "request", str(need_id))
    return case_id, str(request_id), urgency
