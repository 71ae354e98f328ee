"""An intake letter against the contracts and the door's rules: what it asks for, or objections.

Nothing is written here and nothing asked of the database. No value of the letter may be in an
objection.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel

from contracts.catalogue import CATALOGUE, EventSpec
from contracts.intake import (
    BestInterestsRecorded,
    CapacityReported,
    ConsentRecorded,
    ConsentWithdrawn,
    DecisionRecorded,
    PersonDetected,
    ProviderChosen,
    ReferralRequested,
    RestrictionRecorded,
)
from contracts.nodes import node_places, nodes_named
from services.chassis.errors import ContractBroken
from services.chassis.messaging.reading import Contracts, read_body, stem_of
from services.gateway.domain.door import IntakeFacts, intake_objections
from services.gateway.domain.refusals import Objection
from services.gateway.handlers.closed import UNREADABLE, canonical, closed_reading
from services.gateway.handlers.form import Letter, as_uuid

INTAKE: Final[Mapping[str, EventSpec]] = MappingProxyType(
    {name: spec for name, spec in CATALOGUE.items() if spec.topic == "intake"}
)
_STEMS: Final = frozenset(map(stem_of, INTAKE))
_NARROWING: Final = ("recipient_class", "agency_type", "oblast", "given_by")
"""Where an unknown code may not be taken as another one: it says whom something is for, or who
agreed.
"""
_OPENING: Final[Mapping[type[BaseModel], frozenset[str]]] = MappingProxyType(
    {
        ReferralRequested: frozenset({"separation_reason", "best_interests"}),
        ProviderChosen: frozenset({"reason"}),
        BestInterestsRecorded: frozenset({"outcome"}),
    }
)
"""Nor here: what is refused without it would be opened, and people choose *other*, too. Of the
reasons of a decision one that is known is enough, and of a withdrawal the consent that it names.
"""
_URGENCY: Final = "urgency"
"""Of a draft: an emergency is none, and a word that nobody here knows may mean one. Of a request
that is sent it is taken for urgent, and somebody is asked.
"""
_REASONS: Final = "reasons"
_KIND: Final = "kind"
"""Of a withdrawal: without the consent that it means, an unknown one would end every one."""
_POSITIVE: Final = "positive"
_RESTRICTIONS: Final = "restrictions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the examination depends on beside the letter."""

    contracts: Contracts
    sources: frozenset[str]
    """What this node's own systems call themselves."""
    participants: frozenset[str] | None
    """Every node of the registry; None while this node has none."""
    node_services: frozenset[str]
    clock_skew: timedelta
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What a letter asks for; ``body`` is None when there are objections."""

    spec: EventSpec | None
    subject: UUID | None
    body: Any
    unmapped: Mapping[str, str]
    objections: tuple[Objection, ...]
    waits_for_registry: bool = False
    """It names nodes, nothing else is wrong, and nobody knows yet who takes part."""

    @property
    def case_id(self) -> UUID | None:
        """The case that it is about; a capacity report is about none."""
        pool = self.spec is not None and self.spec.model is CapacityReported
        return None if pool else self.subject


def examine(letter: Letter, surroundings: Surroundings) -> Examined:
    """Every objection there is, or what is asked for."""
    spec = INTAKE.get(letter.type)
    objections = [*letter.objections, *_type_objections(letter.type)]
    body: Any = None
    unmapped: Mapping[str, str] = {}
    if spec is not None:
        if letter.body is not UNREADABLE:
            body, unmapped, found = _read(spec, letter.body, surroundings.contracts)
            objections += found
        objections += intake_objections(_facts(letter, spec, body, surroundings))
    return Examined(
        spec=spec,
        subject=as_uuid(letter.subject),
        body=None if objections else body,
        unmapped=unmapped,
        objections=tuple(objections),
        waits_for_registry=not objections
        and surroundings.participants is None
        and any(nodes_named(body)),
    )


def names_nodes(event_type: str) -> bool:
    """Whether an intake event of this type may name nodes: then the registry must be asked."""
    spec = INTAKE.get(event_type)
    return spec is not None and bool(node_places(spec.model))


def _type_objections(event_type: str) -> list[Objection]:
    if not event_type or event_type in INTAKE:
        return []
    if event_type in CATALOGUE:
        return [Objection("type-not-intake", "type")]
    stem, _, major = event_type.rpartition(".v")
    newer = stem in _STEMS and major.isascii() and major.isdigit()
    return [Objection("schema-newer-major" if newer else "type-unknown", "type")]


def _read(
    spec: EventSpec, content: Any, contracts: Contracts
) -> tuple[Any, Mapping[str, str], list[Objection]]:
    model, objections = closed_reading(spec.model, content)
    if model is None:
        return None, {}, [_named_for(spec, objection) for objection in objections]
    try:
        reading = read_body(contracts, spec.type, canonical(content))
    except ContractBroken:
        return None, {}, [Objection("wrong-format")]
    return reading.model, reading.unmapped, _guessing_objections(reading.model, reading.unmapped)


def _named_for(spec: EventSpec, objection: Objection) -> Objection:
    if spec.model is ConsentRecorded and objection == Objection("required", "expires_at"):
        return Objection("expiry-missing", "expires_at")
    return objection


def _guessing_objections(body: BaseModel, unmapped: Mapping[str, str]) -> list[Objection]:
    model = type(body)
    opening = _OPENING.get(model, frozenset())
    if isinstance(body, ReferralRequested) and body.draft:
        opening |= {_URGENCY}
    if isinstance(body, DecisionRecorded) and not _has_a_known_reason(body, unmapped):
        opening = frozenset({_REASONS})
    if isinstance(body, ConsentWithdrawn) and body.consent_id is None:
        opening = frozenset({_KIND})
    return [
        Objection("out-of-range", place.replace(".", "/"))
        for place in unmapped
        if _says_whom(model, place.split(".")) or place.split(".")[0] in opening
    ]


def _has_a_known_reason(body: DecisionRecorded, unmapped: Mapping[str, str]) -> bool:
    """Whether it keeps a reason without the words that nobody here knows; a positive decision needs
    none.
    """
    unknown = sum(place.split(".")[0] == _REASONS for place in unmapped)
    return body.outcome == _POSITIVE or len(body.reasons) > unknown


def _says_whom(model: type[BaseModel], place: list[str]) -> bool:
    if model is PersonDetected:
        return place[0] == _RESTRICTIONS and place[-1] in _NARROWING
    return model in (ConsentRecorded, RestrictionRecorded) and place[0] in _NARROWING


def _times(body: BaseModel, above: str = "") -> Iterator[tuple[str, datetime]]:
    """Every time of a body with its place, those inside its parts too."""
    for name in type(body).model_fields:
        value = getattr(body, name)
        if isinstance(value, datetime):
            yield above + name, value
        parts = enumerate(value) if isinstance(value, tuple) else ()
        for position, part in parts:
            if isinstance(part, BaseModel):
                yield from _times(part, f"{above}{name}/{position}/")


def _facts(letter: Letter, spec: EventSpec, body: Any, surroundings: Surroundings) -> IntakeFacts:
    known = surroundings.participants
    return IntakeFacts(
        now=surroundings.now,
        clock_skew=surroundings.clock_skew,
        source_is_known=not letter.source or letter.source in surroundings.sources,
        subject_is_a_uuid=as_uuid(letter.subject) is not None,
        command_owner=spec.command_owner or "",
        node_services=surroundings.node_services,
        times=dict(_times(body)) if body is not None else {},
        strangers=tuple(
            place
            for place, node in (nodes_named(body) if body is not None else ())
            if known is not None and node not in known
        ),
    )
