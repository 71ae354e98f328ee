"""Intake: examine, then refuse with every reason, decide what is the gateway's own, or command.

One function for Kafka and HTTP (``intake.py``), in the transaction that checked the event's id in.
What an agency wrote may leave this room only as the closed contract's codes.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, assert_never
from uuid import UUID

from contracts.envelope import Contract, source_of
from contracts.intake import (
    CaseUnlinked,
    ConsentRecorded,
    ConsentWithdrawn,
    IntakeAccepted,
    IntakeRefused,
    LegalHoldConfirmed,
    LegalHoldLifted,
    LegalHoldPlaced,
    PersonDetected,
    RestrictionRecorded,
)
from services.chassis.audit import record
from services.chassis.errors import NotYetReady
from services.chassis.messaging.work import Work
from services.gateway.access.routes import AGENCY_SYSTEM
from services.gateway.access.telling import may_tell
from services.gateway.disclosure.door import Asked, acceptance, command_of, refusal, told_with
from services.gateway.domain.refusals import Objection, second_person_objections
from services.gateway.handlers import originals
from services.gateway.handlers.beginning import Detection, begin
from services.gateway.handlers.consent import (
    record_consent,
    record_restriction,
    withdraw_consent,
)
from services.gateway.handlers.context import GatewayContext
from services.gateway.handlers.examining import Examined, Surroundings, examine, names_nodes
from services.gateway.handlers.form import Letter
from services.gateway.handlers.holds import confirm_hold, lift_hold, place_hold
from services.gateway.store import acts, consent, policy, stream

GATEWAY: Final = "gateway"
PASSED_ON: Final = "intake-passed-on"
LINKING: Final = ("", "case-linked", "person-detected", "screening-recorded")
"""What links two cases, as the audit tells it; before it told what was passed on, it may be any."""
MAY_RESTRICT: Final = "org.nrm.intake.restriction-recorded.v1"
MAY_LINK: Final = "org.nrm.intake.case-linked.v1"
ID_REUSED: Final = Objection("id-reused", "id")
Answer = IntakeAccepted | IntakeRefused
OwnBody = (
    ConsentRecorded
    | ConsentWithdrawn
    | RestrictionRecorded
    | LegalHoldPlaced
    | LegalHoldConfirmed
    | LegalHoldLifted
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where on the intake topic a record stood."""

    partition: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A letter at the door; ``id_reused`` when its id came before with another body."""

    letter: Letter
    id_reused: bool = False
    place: Place | None = None
    roles: frozenset[str] = frozenset()
    """Of whoever brings it; nobody in particular may tell nothing that asks for a role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """``answer`` is the final one, or None when the owner of the command will give it."""

    answer: Answer | None
    has_originals: bool
    """Somewhere stood no code of ours: the original is sealed, and it may be anybody's word."""


async def take(context: GatewayContext, arrival: Arrival, work: Work) -> Taken:
    """Examine a letter, and refuse it, decide it, or pass it on.

    Raises NotYetReady while it names nodes and no registry is known: it is not taken, and waits.
    """
    examined = examine(arrival.letter, await surroundings(context, arrival.letter, work))
    if examined.waits_for_registry and not arrival.id_reused:
        raise NotYetReady("no registry is known yet")
    answer = await _answered(context, arrival, examined, work)
    return Taken(answer=answer, has_originals=bool(examined.unmapped))


async def _answered(
    context: GatewayContext, arrival: Arrival, examined: Examined, work: Work
) -> Answer | None:
    letter = arrival.letter
    if arrival.id_reused:
        return _refuse(arrival, examined, (ID_REUSED, *examined.objections), work)
    if examined.objections or letter.intake_id is None or examined.subject is None:
        return _refuse(arrival, examined, examined.objections, work)
    await _keep_originals(context, examined, work)
    if examined.spec is not None and examined.spec.command_owner == GATEWAY:
        a_system = AGENCY_SYSTEM in arrival.roles
        telling = Telling(case_id=examined.subject, a_system=a_system)
        objections = await _decide_own(context, examined.body, telling, work)
        if objections:
            return _refuse(arrival, examined, objections, work)
        return _accept(letter.intake_id, examined.subject, work)
    command = command_of(examined.body)
    objections = await _one_person_alone(arrival, command, examined.subject, work)
    if isinstance(command, PersonDetected):
        detection = _detection(arrival, command, examined.subject)
        objections = await begin(detection, work, context.stop_sharing)
        command = await _with_what_is_forbidden(detection, work)
    if objections:
        return _refuse(arrival, examined, objections, work)
    stream.publish_command(
        work.transaction,
        command,
        subject=examined.subject,
        intake_id=letter.intake_id,
    )
    told = letter.type.rpartition(".v")[0].rpartition(".")[2]
    _audited(work, PASSED_ON, examined.subject, told)
    return None


async def surroundings(context: GatewayContext, letter: Letter, work: Work) -> Surroundings:
    """What an examination depends on, now; the registry is read only for who may name nodes."""
    settings = context.settings
    asked = names_nodes(letter.type)
    return Surroundings(
        contracts=context.contracts,
        sources=frozenset(source_of(settings.node, each) for each in settings.systems),
        participants=await policy.read_participants(work.transaction) if asked else frozenset(),
        node_services=frozenset(settings.services),
        clock_skew=timedelta(seconds=settings.clock_skew_seconds),
        now=work.now,
    )


def _refuse(
    arrival: Arrival, examined: Examined, objections: tuple[Objection, ...], work: Work
) -> IntakeRefused:
    letter, place = arrival.letter, arrival.place
    answer = refusal(
        Asked(
            intake_id=letter.intake_id,
            case_id=examined.case_id,
            partition=place.partition if place else None,
            offset=place.offset if place else None,
        ),
        objections,
    )
    stream.publish_answer(work.transaction, answer, subject=examined.subject)
    _audited(work, "intake-refused", examined.subject, answer.reasons[0].code)
    return answer


def _accept(intake_id: UUID, case_id: UUID, work: Work) -> IntakeAccepted:
    answer = acceptance(intake_id, case_id)
    stream.publish_answer(work.transaction, answer, subject=case_id)
    _audited(work, "intake-accepted", case_id)
    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Of which case something is told that the gateway decides itself, and whether by a system."""

    case_id: UUID
    a_system: bool


async def _decide_own(
    context: GatewayContext, body: OwnBody, telling: Telling, work: Work
) -> tuple[Objection, ...]:
    case_id = telling.case_id
    match body:
        case ConsentRecorded():
            return await record_consent(body, case_id, work)
        case ConsentWithdrawn():
            return await withdraw_consent(body, case_id, work, context.stop_sharing)
        case RestrictionRecorded():
            return await record_restriction(body, case_id, work, context.stop_sharing)
        case LegalHoldPlaced():
            return await place_hold(context, body, case_id, work, a_system=telling.a_system)
        case LegalHoldConfirmed():
            return await confirm_hold(body, case_id, work, a_system=telling.a_system)
        case LegalHoldLifted():
            return await lift_hold(body, case_id, work, a_system=telling.a_system)
        case _:
            assert_never(body)


def _detection(arrival: Arrival, body: PersonDetected, case_id: UUID) -> Detection:
    return Detection(
        body=body,
        case_id=case_id,
        may_restrict=may_tell(arrival.roles, MAY_RESTRICT),
        may_link=may_tell(arrival.roles, MAY_LINK),
    )


async def _with_what_is_forbidden(detection: Detection, work: Work) -> PersonDetected:
    """Identification hears with the case what another one of the person forbids."""
    if detection.goes_on_from is None:
        return detection.body
    forbidden = await consent.read_recorded(work.transaction, detection.case_id, work.now)
    return told_with(detection.body, forbidden)


async def _one_person_alone(
    arrival: Arrival, body: Contract, case_id: UUID, work: Work
) -> tuple[Objection, ...]:
    """What needs a second person is not done by whoever did the first half."""
    if not isinstance(body, CaseUnlinked):
        return ()
    linkers = await acts.who_did(work.transaction, PASSED_ON, (case_id, body.linked_case), LINKING)
    a_system = AGENCY_SYSTEM in arrival.roles
    return second_person_objections(work.caller, linkers, a_system=a_system)


async def _keep_originals(context: GatewayContext, examined: Examined, work: Work) -> None:
    if not examined.unmapped or examined.subject is None or examined.spec is None:
        return
    found = originals.Found(
        cause_id=work.cause.id,
        subject=examined.subject,
        event_type=examined.spec.type,
        unmapped=examined.unmapped,
    )
    await originals.keep(work.transaction, context.keys, found, work.now)


def _audited(work: Work, action: str, subject: UUID | None, reason: str = "") -> None:
    record(
        work.transaction,
        actor=work.caller,
        action=action,
        subject=str(subject or work.cause.id),
        reason=reason,
    )
