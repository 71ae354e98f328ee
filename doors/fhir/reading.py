"""What the reading of one Bundle has come to: events for intake, and what no event holds.

An event is kept only if the contract takes it; what is not held is told by its place, no value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson
from pydantic import ValidationError

from contracts.catalogue import CATALOGUE
from doors.identifiers import DoorKey
from doors.node import Posting

MODIFIERS: Final = ("modifierExtension", "implicitRules")
"""FHIR: whoever does not know what stands there must not go by the rest of the resource."""
_TYPES: Final = {spec.model: spec for spec in CATALOGUE.values() if spec.topic == "intake"}


@dataclass(slots=True)
class Reading:
    """The Bundle's postings so far, in order, and the places of what is not held."""

    key: DoorKey
    source: str
    postings: list[Posting] = field(default_factory=list)
    not_held: list[str] = field(default_factory=list)

    def lost(self, place: str) -> None:
        """Say what no event holds: a place and a reason, never a value."""
        self.not_held.append(place)

    def post(
        self,
        model: Any,
        case_id: UUID,
        body: Mapping[str, Any],
        place: str,
        mark: tuple[str, ...] = (),
    ) -> None:
        """Keep an event if the contract takes it.

        The same content is the same event; with a mark the same mark is, so that another content
        under it is refused by the node (`id-reused`) and not counted again.
        """
        told = {name: value for name, value in body.items() if value is not None}
        document = orjson.dumps(told, option=orjson.OPT_SORT_KEYS)
        try:
            model.model_validate_json(document, strict=True)
        except ValidationError as error:
            found = error.errors(include_input=False, include_context=False, include_url=False)
            names = ", ".join(sorted({str(each["loc"][0]) for each in found if each["loc"]}))
            self.lost(f"{place}: cannot be told ({names} is missing or wrong)")
            return
        spec = _TYPES[model]
        self.postings.append(
            Posting(
                id=self.key.id_of("fhir", spec.type, str(case_id), *(mark or (document.decode(),))),
                source=self.source,
                type=spec.type,
                dataschema=spec.dataschema,
                subject=case_id,
                body=told,
            )
        )
