"""Every event type: its body, topic, publisher, and who answers it. The reader starts here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from contracts import intake
from contracts.catalogue import assistance, exchange, gateway, identification, referral, statistics
from contracts.catalogue.rows import ADDRESSED, CASE, Fact, Told
from contracts.envelope import SCHEMA_ROOT, Classification, Contract

MINOR: Final = 0
"""Minor version of every schema today; an optional addition to one raises that schema's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSpec:
    """One event type.

    ``topic`` is the suffix of a node's local topic (``commands`` of
    ``nrm.local.<node>.commands.v1``) or, when it begins with ``nrm.``, a topic of the hub.
    ``command_owner``: the service that gives the one final answer. ``never_waits``: handled at
    once, even on a blocked key. ``gives_up``: stops waiting after a bounded time and is refused.
    ``travels``: crosses between nodes by the gateways, under the same type.
    """

    model: type[Contract]
    type: str
    topic: str
    owner: str
    classification: Classification
    command_owner: str | None = None
    never_waits: bool = False
    gives_up: bool = False
    travels: bool = False
    minor: int = MINOR

    @property
    def dataschema(self) -> str:
        """Immutable name of the schema, with its minor version."""
        return f"{SCHEMA_ROOT}{self.type}.{self.minor}"

    @property
    def major(self) -> int:
        """The number after ``.v`` at the end of the type."""
        return int(self.type.rsplit(".v", 1)[1])


DOORS: Final[Mapping[str, tuple[Told, ...]]] = MappingProxyType(
    {
        "gateway": gateway.DOOR,
        "identification": identification.DOOR,
        "referral": referral.DOOR,
        "assistance": assistance.DOOR,
    }
)
"""Who gives the one final answer -> what it is told."""
ANSWERERS: Final = tuple(DOORS)
FACTS: Final[Mapping[str, tuple[Fact, ...]]] = MappingProxyType(
    {
        "gateway": gateway.FACTS,
        "identification": identification.FACTS,
        "referral": referral.FACTS,
        "assistance": assistance.FACTS,
        "contributor": statistics.CONTRIBUTOR,
        "publisher": statistics.PUBLISHER,
        "custodian": statistics.CUSTODIAN,
        "exchange": exchange.FACTS,
    }
)
"""Publisher -> what it tells."""


def _door_specs() -> list[EventSpec]:
    """What agencies' systems tell, and the commands that it becomes."""
    told = [
        EventSpec(
            type=f"org.nrm.intake.{happened}.v1",
            model=model,
            topic="intake",
            owner="intake",
            classification=CASE,
            command_owner=owner,
        )
        for owner, rows in DOORS.items()
        for happened, _, model in rows
    ]
    commands = [
        EventSpec(
            type=f"org.nrm.gateway.{command}.v1",
            model=model,
            topic="commands",
            owner="gateway",
            classification=CASE,
            command_owner=owner,
            gives_up=True,
        )
        for owner, rows in DOORS.items()
        for _, command, model in rows
        if command
    ]
    return told + commands


def _answer_specs() -> list[EventSpec]:
    """The one final answer, by whoever owns the event."""
    answers: dict[str, type[Contract]] = {
        "intake-accepted": intake.IntakeAccepted,
        "intake-refused": intake.IntakeRefused,
    }
    return [
        EventSpec(
            type=f"org.nrm.{answerer}.{name}.v1",
            model=model,
            topic="answers",
            owner=answerer,
            classification=CASE,
        )
        for answerer in ANSWERERS
        for name, model in answers.items()
    ]


def _fact_specs() -> list[EventSpec]:
    """What services say to each other, within a node and between them."""
    return [
        EventSpec(
            type=f"org.nrm.{owner}.{fact.happened}.v1",
            model=fact.model,
            topic=fact.topic,
            owner=owner,
            classification=fact.classification,
            never_waits=fact.never_waits,
            travels=fact.classification is ADDRESSED,
        )
        for owner, facts in FACTS.items()
        for fact in facts
    ]


def _specs() -> dict[str, EventSpec]:
    return {spec.type: spec for spec in [*_door_specs(), *_answer_specs(), *_fact_specs()]}


CATALOGUE: Final[Mapping[str, EventSpec]] = MappingProxyType(_specs())
_BY_MODEL: Final = MappingProxyType({(spec.owner, spec.model): spec for spec in CATALOGUE.values()})
COMMAND_FOR: Final[Mapping[str, str]] = MappingProxyType(
    {
        f"org.nrm.intake.{happened}.v1": f"org.nrm.gateway.{command}.v1"
        for rows in DOORS.values()
        for happened, command, _ in rows
        if command
    }
)
"""Intake type -> the command the gateway puts on the node's bus for it."""

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
UPCASTERS: Final[Mapping[str, tuple[str, Upcaster]]] = MappingProxyType({})
"""Old type -> (newer type, pure function from the old body to the newer one)."""


def spec_for(publisher: str, model: type[Contract]) -> EventSpec:
    """The one type under which ``publisher`` publishes ``model``; KeyError if it does not."""
    return _BY_MODEL[publisher, model]


def type_of(publisher: str, model: type[Contract]) -> str:
    """Shorthand for ``spec_for(...).type``, for subscription tables."""
    return _BY_MODEL[publisher, model].type
