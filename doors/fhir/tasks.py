"""A task of the node's own referral as a Bundle of ServiceRequest and Task, and back again.

FHIR says less than we do: `Task.status` is the vocabulary's mapping of the state and
`Task.businessStatus` the state itself, so whoever knows our list loses nothing; so with the urgency
in the two priorities and `Task.input`. What a reader that knows FHIR alone does not learn is listed
with every export. Duty phone, hand-over reference and the counts of stuck events stay in the node:
the first two would outlive their use in a file.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from contracts.vocabulary import NOT_YET_KNOWN, StandardMapping, code_lists
from doors.failures import DoorFailure
from doors.fhir import words

SENDER: Final = "sender"
_CODED: Final = {
    "majority": "majority",
    "audience_class": "audience-class",
    "language": "language",
    "urgency": "urgency",
}
"""Properties in `Task.input`, and their lists."""
_REASONS: Final = {
    "declined": "decline-reason",
    "on-hold": "pause-reason",
    "not-sent": "not-sent-reason",
}
"""State -> the list that its reason is of; a task in any other state keeps none."""
_FINAL: Final = {"completed": "completed", "cancelled": "revoked", "rejected": "active"}
STAYS: Final = ("duty_phone", "hand_over_reference", "unfinished")
"""Of a task in the node: never in a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTold:
    """A task as the node's HTTP tells it, without what stays."""

    task_id: UUID
    side: str
    case_id: UUID
    own_agency: str
    other_agency: str
    service_type: str
    urgency: str
    majority: str
    audience_class: str
    language: str
    state: str
    answer_by: datetime
    offered_at: datetime
    changed_at: datetime
    reason: str | None
    outcome: str | None
    unit: str | None
    quantity: int | None
    request_id: UUID | None
    need_id: UUID | None
    seen_by: datetime | None = None
    hold_until: datetime | None = None
    start_by: datetime | None = None
    arrive_by: datetime | None = None
    starts_at: datetime | None = None
    dependants: int | None = None

    @property
    def sender(self) -> str:
        """Who asks."""
        return self.own_agency if self.side == SENDER else self.other_agency

    @property
    def provider(self) -> str:
        """Who is asked."""
        return self.other_agency if self.side == SENDER else self.own_agency


def task_told(row: Mapping[str, Any], node: str) -> TaskTold:
    """Out of what `GET /v1/tasks/…` of the node answers."""
    told: dict[str, Any] = {name: row[name] for name in _PLAIN}
    told |= {name: datetime.fromisoformat(row[name]) for name in _TIMES}
    clocks = {name: row.get(name) for name in _CLOCKS}
    told |= {name: datetime.fromisoformat(at) if at else None for name, at in clocks.items()}
    told["dependants"] = row.get("dependants")
    told |= {name: UUID(row[name]) if row[name] else None for name in ("request_id", "need_id")}
    return TaskTold(
        own_agency=node, task_id=UUID(row["task_id"]), case_id=UUID(row["case_id"]), **told
    )


def not_told(row: Mapping[str, Any]) -> list[str]:
    """Properties that the node shows of a task and this door does not know."""
    known = {each.name for each in fields(TaskTold)} | set(STAYS)
    return sorted(f"{name}: this version exports it not" for name in row.keys() - known)


_CLOCKS: Final = ("seen_by", "hold_until", "start_by", "arrive_by", "starts_at")
_TIMES: Final = ("answer_by", "offered_at", "changed_at")
_PLAIN: Final = (
    *("side", "other_agency", "service_type", "state"),
    *("reason", "outcome", "unit", "quantity", *_CODED),
)


# ---------------------------------------------------------------- out


def bundle_of(task: TaskTold) -> dict[str, Any]:
    """The task and its request; raises DoorFailure for a state that FHIR has no word for."""
    resources = [_request(task), _task(task)]
    entries = [{"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def losses_of(task: TaskTold) -> list[str]:
    """What a reader does not learn who knows FHIR and not our lists."""
    found = [*_shared_words(task)]
    found += [
        f"{name} {code}: of our own list; no code of FHIR or Gravity says it"
        for name, code in _own_words(task).items()
        if code is not None and code != NOT_YET_KNOWN
    ]
    found += [
        f"{name}: in Task.input under our own name; no element of FHIR or Gravity says it"
        for name in (*_CLOCKS, "dependants")
        if getattr(task, name) is not None
    ]
    found.append("answer_by: reads as the end of the time in which help is sought")
    return found + [f"{name}: stays in the node" for name in STAYS]


def _shared_words(task: TaskTold) -> Iterator[str]:
    """Codes that share their word with another one of our list."""
    stat = _request_priority().outward[task.urgency]
    for name, code, mapped, kept in (
        ("state", task.state, _status(), "businessStatus says"),
        (
            *("urgency", task.urgency, _task_priority()),
            f"ServiceRequest.priority says {stat}, Task.input",
        ),
    ):
        if code in mapped.losses:
            read = mapped.inward[mapped.outward[code]]
            yield f"{name} {code}: {mapped.field} reads as {read}, {kept} {code}"


def _own_words(task: TaskTold) -> dict[str, str | None]:
    """Every code of ours that stands in the Bundle under a list of ours alone."""
    coded = {name: getattr(task, name) for name in _CODED if name != "urgency"}
    given = {name: getattr(task, name) for name in ("service_type", "reason", "outcome", "unit")}
    return {**given, **coded}


def _status() -> StandardMapping:
    return code_lists()["task-state"].maps["gravity"]


def _task_priority() -> StandardMapping:
    """Of the Task, which claims Gravity's profile: that knows routine and urgent alone."""
    return code_lists()["urgency"].maps["gravity"]


def _request_priority() -> StandardMapping:
    """Of the ServiceRequest, whose profile leaves all of FHIR's words."""
    return code_lists()["urgency"].maps["fhir"]


def _request(task: TaskTold) -> dict[str, Any]:
    told: dict[str, Any] = {
        "resourceType": "ServiceRequest",
        "id": str(task.need_id or task.task_id),
        "meta": {"profile": [words.REQUEST_PROFILE]},
        "status": _FINAL.get(_status_of(task), "active"),
        "intent": "order",
        "priority": _request_priority().outward[task.urgency],
        "code": words.coded("service-type", task.service_type),
        "subject": words.person(task.case_id),
        "authoredOn": task.offered_at.isoformat(),
        "requester": words.agency(task.sender),
        "performer": [words.agency(task.provider)],
    }
    if task.request_id is not None:
        told["requisition"] = {"system": words.REQUEST, "value": str(task.request_id)}
    return told


def _task(task: TaskTold) -> dict[str, Any]:
    told: dict[str, Any] = {
        "resourceType": "Task",
        "id": str(task.task_id),
        "meta": {"profile": [words.TASK_PROFILE]},
        "status": _status_of(task),
        "businessStatus": words.coded("task-state", task.state),
        "intent": "order",
        "priority": _task_priority().outward[task.urgency],
        "code": {"coding": [{"system": words.TASK_CODES, "code": words.FULFIL}]},
        "focus": {"reference": f"ServiceRequest/{task.need_id or task.task_id}"},
        "for": words.person(task.case_id),
        "authoredOn": task.offered_at.isoformat(),
        "lastModified": task.changed_at.isoformat(),
        "requester": words.agency(task.sender),
        "owner": words.agency(task.provider),
        "restriction": {"period": {"end": task.answer_by.isoformat()}},
        "input": _input(task),
    }
    if task.reason is not None and task.state in _REASONS:
        told["statusReason"] = words.coded(_REASONS[task.state], task.reason)
    if output := _output(task):
        told["output"] = output
    return told


def _input(task: TaskTold) -> list[dict[str, Any]]:
    told = [
        _part(name, "valueCodeableConcept", words.coded(listed, getattr(task, name)))
        for name, listed in _CODED.items()
    ]
    told += [
        _part(name, "valueDateTime", at.isoformat())
        for name in _CLOCKS
        if (at := getattr(task, name)) is not None
    ]
    if task.dependants is not None:
        told.append(_part("dependants", "valueUnsignedInt", task.dependants))
    return told


def _status_of(task: TaskTold) -> str:
    status = _status().outward.get(task.state)
    if status is None:
        raise DoorFailure(
            f"A task that is {task.state} has no word in FHIR: there is nothing to export."
        )
    return status


def _part(name: str, kind: str, value: Any) -> dict[str, Any]:
    return {
        "type": {"coding": [{"system": words.PROPERTY, "code": name}], "text": name},
        kind: value,
    }


def _output(task: TaskTold) -> list[dict[str, Any]]:
    told = []
    if task.outcome is not None:
        told.append(_part("outcome", "valueCodeableConcept", words.coded("outcome", task.outcome)))
    if task.quantity is not None and task.unit is not None:
        quantity = {"value": task.quantity, "system": f"{words.LIST}unit", "code": task.unit}
        told.append(_part("quantity", "valueQuantity", quantity))
    return told


# ---------------------------------------------------------------- back


def task_in(bundle: Mapping[str, Any], node: str) -> TaskTold:
    """The task in a Bundle that ``bundle_of`` made at this node; equal to what it was made of."""
    resources = {each["resource"]["resourceType"]: each["resource"] for each in bundle["entry"]}
    request, task = resources["ServiceRequest"], resources["Task"]
    outputs = dict(words.parts_in(task, "output"))
    unit, quantity = words.counted_in(outputs.get("quantity", {})) or (None, None)
    sender, provider = words.agency_of(task["requester"]), words.agency_of(task["owner"])
    task_id, case_id = words.uuid_of(task["id"]), words.case_of(task["for"])
    state = words.code_in(task["businessStatus"], "task-state") or NOT_YET_KNOWN
    if task_id is None or case_id is None or not sender or not provider:
        raise DoorFailure("This Task was not exported by a node: it lacks our ids.")
    requisition = words.uuid_of((request.get("requisition") or {}).get("value"))
    return TaskTold(
        task_id=task_id,
        side=SENDER if sender == node else "provider",
        case_id=case_id,
        own_agency=node,
        other_agency=provider if sender == node else sender,
        service_type=words.code_in(request["code"], "service-type") or "other",
        state=state,
        answer_by=datetime.fromisoformat(task["restriction"]["period"]["end"]),
        offered_at=datetime.fromisoformat(task["authoredOn"]),
        changed_at=datetime.fromisoformat(task["lastModified"]),
        reason=_reason_in(task, state),
        outcome=words.code_in(outputs.get("outcome", {}).get("valueCodeableConcept"), "outcome"),
        unit=unit,
        quantity=quantity,
        request_id=requisition,
        need_id=words.uuid_of(request["id"]) if requisition else None,
        **_inputs_in(task),
    )


def _reason_in(task: Mapping[str, Any], state: str) -> str | None:
    listed = _REASONS.get(state)
    return words.code_in(task.get("statusReason"), listed) if listed else None


def _inputs_in(task: Mapping[str, Any]) -> dict[str, Any]:
    """What `Task.input` holds: codes, clocks, dependants."""
    inputs = dict(words.parts_in(task, "input"))
    clocks = {name: inputs.get(name, {}).get("valueDateTime") for name in _CLOCKS}
    told: dict[str, Any] = {
        name: words.code_in(inputs[name]["valueCodeableConcept"], listed) or NOT_YET_KNOWN
        for name, listed in _CODED.items()
    }
    told |= {name: datetime.fromisoformat(at) if at else None for name, at in clocks.items()}
    return {**told, "dependants": inputs.get("dependants", {}).get("valueUnsignedInt")}


def differences(before: TaskTold, after: TaskTold) -> list[str]:
    """Properties that did not come back as they went out; their names alone."""
    return [name for name, value in asdict(before).items() if asdict(after)[name] != value]
