"""Whether a document is sound FHIR R4: judged by `fhir.resources`, told by places alone.

R4B is R4 with other medication resources; Bundle, Task and ServiceRequest are the same in both.
"""

from typing import Any, Final

import orjson
from pydantic import ValidationError

from doors.failures import DoorFailure

DOCUMENT_BYTES: Final = 2_000_000
ENTRIES: Final = 200
TOLD: Final = 20


def sound_bundle(document: bytes) -> dict[str, Any]:
    """The Bundle, as FHIR reads it; DoorFailure says where it is none."""
    if len(document) > DOCUMENT_BYTES:
        raise DoorFailure("The Bundle is too large: send fewer resources in one file.")
    try:
        content = orjson.loads(document)
    except orjson.JSONDecodeError as error:
        raise DoorFailure("The file is no JSON: export it as FHIR JSON, not as XML.") from error
    if not isinstance(content, dict) or content.get("resourceType") != "Bundle":
        raise DoorFailure("The file holds no Bundle: put the resources into one.")
    if len(content.get("entry") or ()) > ENTRIES:
        raise DoorFailure("The Bundle has too many entries: send fewer resources in one file.")
    from fhir.resources.R4B.bundle import Bundle  # noqa: PLC0415 - slow to load

    try:
        bundle = Bundle.model_validate(content)
    except ValidationError as error:
        raise DoorFailure(f"This is no sound FHIR R4: {_places(error)}.") from error
    told: dict[str, Any] = orjson.loads(bundle.model_dump_json())
    return told


def _places(error: ValidationError) -> str:
    """Where, without what stood there; a name of a property that FHIR has not is not repeated."""
    found = error.errors(include_input=False, include_context=False, include_url=False)
    return "; ".join(
        ".".join(map(str, each["loc"][:-1] if each["type"] == "extra_forbidden" else each["loc"]))
        or "Bundle"
        for each in found[:TOLD]
    )
