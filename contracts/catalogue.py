"""Every event type: its body, topic, publisher, and who answers it. The reader starts here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from contracts import (
    assistance,
    exchange,
    gateway,
    identification,
    intake,
    referral,
    statistics,
)
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


CASE, ADDRESSED = Classification.CASE_CODED, Classification.ADDRESSED
NODE, AGGREGATE = Classification.NODE_CODED, Classification.AGGREGATE

# intake type -> (command type, body, owner of the command)
_DOOR: Final[tuple[tuple[str, str, type[Contract], str], ...]] = (
    ("person-detected", "detect-person", intake.PersonDetected, "identification"),
    ("consent-recorded", "", intake.ConsentRecorded, "gateway"),
    ("consent-withdrawn", "", intake.ConsentWithdrawn, "gateway"),
    ("restriction-recorded", "", intake.RestrictionRecorded, "gateway"),
    ("screening-recorded", "record-screening", intake.ScreeningRecorded, "identification"),
    ("decision-recorded", "record-decision", intake.DecisionRecorded, "identification"),
    ("referral-requested", "request-referral", intake.ReferralRequested, "referral"),
    ("offer-answered", "answer-offer", intake.OfferAnswered, "referral"),
    ("capacity-reported", "report-capacity", intake.CapacityReported, "assistance"),
    ("service-delivered", "record-service", intake.ServiceDelivered, "assistance"),
    ("case-corrected", "correct-case", intake.CaseCorrected, "identification"),
    ("case-entered-in-error", "void-case", intake.CaseEnteredInError, "identification"),
    ("case-closed", "close-case", intake.CaseClosed, "identification"),
)
ANSWERERS: Final = ("gateway", "identification", "referral", "assistance")

_FACTS: Final[tuple[tuple[str, str, str, type[Contract], Classification], ...]] = (
    # publisher, what happened, topic, body, classification
    ("gateway", "consent-granted", "consent", gateway.ConsentGranted, CASE),
    ("gateway", "consent-ended", "consent", gateway.ConsentEnded, CASE),
    ("gateway", "restriction-set", "consent", gateway.RestrictionSet, CASE),
    ("gateway", "sending-delivered", "incoming", gateway.SendingDelivered, CASE),
    ("gateway", "sending-refused", "incoming", gateway.SendingRefused, CASE),
    ("gateway", "sending-delayed", "incoming", gateway.SendingDelayed, CASE),
    ("gateway", "sharing-stopped", "incoming", gateway.SharingStopped, CASE),
    ("gateway", "feedback-ended", "incoming", gateway.FeedbackEnded, CASE),
    ("gateway", "notice-queued", "incoming", gateway.NoticeQueued, CASE),
    ("gateway", "policy-copied", "registry", gateway.PolicyCopied, NODE),
    ("identification", "case-opened", "identification", identification.CaseOpened, CASE),
    ("identification", "case-changed", "identification", identification.CaseChanged, CASE),
    ("identification", "hand-over-started", "identification", identification.HandOverStarted, CASE),
    (
        "identification",
        "hand-over-confirmed",
        "identification",
        identification.HandOverConfirmed,
        CASE,
    ),
    ("identification", "hand-over-failed", "identification", identification.HandOverFailed, CASE),
    (
        "identification",
        "person-helped-without-identification",
        "identification",
        identification.PersonHelpedWithoutIdentification,
        CASE,
    ),
    ("identification", "person-screened", "identification", identification.PersonScreened, CASE),
    ("identification", "person-presumed", "identification", identification.PersonPresumed, CASE),
    (
        "identification",
        "person-not-presumed",
        "identification",
        identification.PersonNotPresumed,
        CASE,
    ),
    (
        "identification",
        "reflection-started",
        "identification",
        identification.ReflectionStarted,
        CASE,
    ),
    ("identification", "reflection-ended", "identification", identification.ReflectionEnded, CASE),
    (
        "identification",
        "person-identified",
        "identification",
        identification.PersonIdentified,
        CASE,
    ),
    (
        "identification",
        "person-not-identified",
        "identification",
        identification.PersonNotIdentified,
        CASE,
    ),
    ("identification", "decision-overdue", "identification", identification.DecisionOverdue, CASE),
    ("identification", "case-frozen", "identification", identification.CaseFrozen, CASE),
    ("identification", "case-ended", "identification", identification.CaseEnded, CASE),
    ("identification", "case-voided", "identification", identification.CaseVoided, CASE),
    ("identification", "hand-over-offered", "outgoing", identification.HandOverOffered, ADDRESSED),
    (
        "identification",
        "hand-over-received",
        "outgoing",
        identification.HandOverReceived,
        ADDRESSED,
    ),
    ("referral", "request-opened", "referral", referral.RequestOpened, CASE),
    ("referral", "offer-made", "referral", referral.OfferMade, CASE),
    ("referral", "offer-received", "referral", referral.OfferReceived, CASE),
    ("referral", "task-delivered", "referral", referral.TaskDelivered, CASE),
    ("referral", "task-seen", "referral", referral.TaskSeen, CASE),
    ("referral", "offer-unseen", "referral", referral.OfferUnseen, CASE),
    ("referral", "hold-requested", "referral", referral.HoldRequested, CASE),
    ("referral", "hold-abandoned", "referral", referral.HoldAbandoned, CASE),
    ("referral", "task-accepted", "referral", referral.TaskAccepted, CASE),
    ("referral", "task-declined", "referral", referral.TaskDeclined, CASE),
    ("referral", "task-expired", "referral", referral.TaskExpired, CASE),
    ("referral", "task-started", "referral", referral.TaskStarted, CASE),
    ("referral", "task-completed", "referral", referral.TaskCompleted, CASE),
    ("referral", "task-cancelled", "referral", referral.TaskCancelled, CASE),
    ("referral", "task-stopped", "referral", referral.TaskStopped, CASE),
    ("referral", "task-not-sent", "referral", referral.TaskNotSent, CASE),
    ("referral", "loop-closed", "referral", referral.LoopClosed, CASE),
    ("referral", "provider-not-found", "referral", referral.ProviderNotFound, CASE),
    ("referral", "capacity-queried", "outgoing", referral.CapacityQueried, ADDRESSED),
    ("referral", "capacity-answered", "outgoing", referral.CapacityAnswered, ADDRESSED),
    ("referral", "task-offered", "outgoing", referral.TaskOffered, ADDRESSED),
    ("referral", "task-progressed", "outgoing", referral.TaskProgressed, ADDRESSED),
    ("referral", "offer-withdrawn", "outgoing", referral.OfferWithdrawn, ADDRESSED),
    ("assistance", "pool-changed", "capacity", assistance.PoolChanged, NODE),
    ("assistance", "hold-placed", "capacity", assistance.HoldPlaced, CASE),
    ("assistance", "hold-refused", "capacity", assistance.HoldRefused, CASE),
    ("assistance", "hold-released", "capacity", assistance.HoldReleased, CASE),
    ("assistance", "episode-planned", "assistance", assistance.EpisodePlanned, CASE),
    ("assistance", "episode-started", "assistance", assistance.EpisodeStarted, CASE),
    ("assistance", "units-delivered", "assistance", assistance.UnitsDelivered, CASE),
    ("assistance", "episode-completed", "assistance", assistance.EpisodeCompleted, CASE),
    ("assistance", "episode-stopped", "assistance", assistance.EpisodeStopped, CASE),
    ("contributor", "counts-contributed", "outgoing", statistics.CountsContributed, AGGREGATE),
    ("publisher", "plan-published", "nrm.statistics.plan.v1", statistics.PlanPublished, AGGREGATE),
    (
        "custodian",
        "manifest-closed",
        "nrm.statistics.manifest.v1",
        statistics.ManifestClosed,
        AGGREGATE,
    ),
    (
        "custodian",
        "partial-summed",
        "nrm.statistics.partial.v1",
        statistics.PartialSummed,
        AGGREGATE,
    ),
    (
        "publisher",
        "release-published",
        "nrm.statistics.release.v1",
        statistics.ReleasePublished,
        AGGREGATE,
    ),
    ("publisher", "release-held", "nrm.statistics.release.v1", statistics.ReleaseHeld, AGGREGATE),
    ("exchange", "receipt", "nrm.exchange", exchange.Receipt, ADDRESSED),
    ("exchange", "sharing-withdrawn", "nrm.exchange", exchange.SharingWithdrawn, ADDRESSED),
)
_NEVER_WAITS: Final = frozenset({"consent-ended", "restriction-set", "sharing-stopped"})


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
        for happened, _, model, owner in _DOOR
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
        for _, command, model, owner in _DOOR
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
            type=f"org.nrm.{owner}.{happened}.v1",
            model=model,
            topic=topic,
            owner=owner,
            classification=classification,
            never_waits=happened in _NEVER_WAITS,
            travels=classification is ADDRESSED,
        )
        for owner, happened, topic, model, classification in _FACTS
    ]


def _specs() -> dict[str, EventSpec]:
    return {spec.type: spec for spec in [*_door_specs(), *_answer_specs(), *_fact_specs()]}


CATALOGUE: Final[Mapping[str, EventSpec]] = MappingProxyType(_specs())
_BY_MODEL: Final = MappingProxyType({(spec.owner, spec.model): spec for spec in CATALOGUE.values()})
COMMAND_FOR: Final[Mapping[str, str]] = MappingProxyType(
    {
        f"org.nrm.intake.{happened}.v1": f"org.nrm.gateway.{command}.v1"
        for happened, command, _, _ in _DOOR
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
