"""The systems and profiles that our resources name, and how codes stand in them.

A person is a local reference (`Patient/<case id>`), never a resource; an agency is an identifier.
Source: FHIR R4 (4.0.1) Task and ServiceRequest; SDOH Clinical Care (Gravity), whose profiles these
resources claim; its own value sets are of the United States, so codes of services stay ours.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from contracts.envelope import NODE_PATTERN
from contracts.vocabulary import code_lists

GRAVITY: Final = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/"
TASK_PROFILE: Final = f"{GRAVITY}SDOHCC-TaskForReferralManagement"
REQUEST_PROFILE: Final = f"{GRAVITY}SDOHCC-ServiceRequest"
TASK_CODES: Final = "http://hl7.org/fhir/CodeSystem/task-code"
FULFIL: Final = "fulfill"
LIST: Final = "urn:nrm:codelist:"
PROPERTY: Final = "urn:nrm:property"
PROPERTIES: Final = frozenset(
    {"majority", "audience_class", "language", "urgency", "dependants", "outcome", "quantity"}
    | {"seen_by", "hold_until", "start_by", "arrive_by", "starts_at"}
)
"""What parts of a Task's input and output may be called."""
NODE: Final = "urn:nrm:node"
REQUEST: Final = "urn:nrm:request"
_NODE: Final = re.compile(NODE_PATTERN)


def coded(name: str, code: str) -> dict[str, Any]:
    """One of our codes as a CodeableConcept, with its English label."""
    listed = code_lists()[name]
    label = listed.label(code, "en")
    return {"coding": [{"system": LIST + name, "code": code, "display": label}], "text": label}


def code_in(concept: Any, name: str) -> str | None:
    """The code of our list in a CodeableConcept; None where it holds none that we know."""
    for coding in (concept or {}).get("coding") or ():
        if coding.get("system") == LIST + name and coding.get("code") in code_lists()[name]:
            return str(coding["code"])
    return None


def parts_in(task: Mapping[str, Any], where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each part of `Task.input` or `Task.output` with its property; "" where it is not of ours."""
    for part in task.get(where) or ():
        codings = (part.get("type") or {}).get("coding") or ()
        names = [each.get("code") for each in codings if each.get("system") == PROPERTY]
        name = names[0] if len(names) == 1 else None
        yield (name if name in PROPERTIES else ""), part


def counted_in(part: Mapping[str, Any]) -> tuple[str, int] | None:
    """Unit and number of a quantity; None where it is no whole number of a unit of our list."""
    given = part.get("valueQuantity") or {}
    unit = given.get("code") if given.get("system") == f"{LIST}unit" else None
    try:
        number = Decimal(str(given.get("value")))
    except InvalidOperation:
        return None
    whole = number.is_finite() and number >= 0 and number == number.to_integral_value()
    if not whole or given.get("comparator") or unit not in code_lists()["unit"]:
        return None
    return str(unit), int(number)


def statuses_of(state: str) -> frozenset[str]:
    """What `Task.status` may be beside this state of ours: by FHIR's mapping, or by Gravity's."""
    maps = code_lists()["task-state"].maps
    found = (maps[name].outward.get(state) for name in ("fhir", "gravity"))
    return frozenset(each for each in found if each)


def person(case_id: UUID) -> dict[str, Any]:
    """Whom it is about: a reference that only the node can follow."""
    return {"reference": f"Patient/{case_id}"}


def case_of(reference: Any) -> UUID | None:
    """The case that a local reference names; None for any other."""
    return _uuid(str((reference or {}).get("reference", "")), "Patient/")


def resource_of(reference: Any, kind: str) -> UUID | None:
    """The id in a reference to a resource of this kind."""
    return _uuid(str((reference or {}).get("reference", "")), f"{kind}/")


def agency(node: str) -> dict[str, Any]:
    """An agency, as an identifier of the registry."""
    return {"type": "Organization", "identifier": {"system": NODE, "value": node}}


def agency_of(reference: Any) -> str | None:
    """The node that a reference identifies; None for any other."""
    identifier = (reference or {}).get("identifier") or {}
    value = str(identifier.get("value", ""))
    known = identifier.get("system") == NODE and _NODE.fullmatch(value)
    return value if known else None


def uuid_of(value: Any) -> UUID | None:
    """An id of a resource, where it is a UUID."""
    return _uuid(str(value or ""), "")


def _uuid(text: str, prefix: str) -> UUID | None:
    if not text.startswith(prefix):
        return None
    try:
        found = UUID(text.removeprefix(prefix))
    except ValueError:
        return None
    return found if str(found) == text.removeprefix(prefix) else None
