"""Commands that need nothing but the case: one row each, one way for all of them.

Load, allow, decide, record, answer; then whatever follows from the case as it is now.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from contracts import intake
from contracts.envelope import Contract
from services.chassis.clock import derived_id
from services.chassis.messaging.work import Received, Waits, Work
from services.identification.domain import (
    Appointment,
    Case,
    Change,
    Clocks,
    Declining,
    Measure,
    Policy,
    Questionnaire,
    Refusal,
    RevocationAsked,
    child,
    decline_identification,
    everyday,
    merging,
    period,
    second_look,
)
from services.identification.domain.declining import agreed_elsewhere_since
from services.identification.domain.everyday import Unlinking
from services.identification.domain.hand_over import another_agency_has_it
from services.identification.domain.law import may_agree_to_revoke
from services.identification.domain.merging import OtherCase
from services.identification.handlers.following import follow_up
from services.identification.handlers.linking import keep_link, keep_merge, other_case
from services.identification.handlers.needs import lock_family
from services.identification.handlers.recording import (
    Context,
    allowed,
    case_id_of,
    case_missing,
    settle,
    standing_of,
)
from services.identification.handlers.situation import situation_of
from services.identification.settings import SERVICE
from services.identification.store import cases, links, policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A command with all that its decision may look at."""

    body: Any
    case: Case
    now: datetime
    said_at: datetime
    """When the gateway took the command: what it took of consent has times of the same clock."""
    node: str
    clocks: Clocks
    policy: Policy
    other: OtherCase | None
    links: frozenset[tuple[UUID, str]] = frozenset()
    """Of a command that takes a link back: every link of the case."""
    made_in: tuple[UUID, ...] = ()
    """Of such a command, too: in which of the two cases it was told."""
    handed_over: bool = False
    """Of the wish for help alone: whether another agency was offered the case, or has it."""

    @property
    def at(self) -> datetime:
        """When it happened; when nobody said, now."""
        return self.body.occurred_at or self.now


async def _keep_nothing(work: Work, asked: Asked) -> None:
    """Most commands change only the case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """One command: its name, what it decides, who may give it, and what else it keeps."""

    action: str
    decide: Callable[[Asked], Change | Refusal]
    needs_power: bool = False
    keep: Callable[[Work, Asked], Awaitable[None]] = _keep_nothing


async def do(plain: Plain, context: Context, received: Received, work: Work) -> Waits | None:
    """Do what a row of the table says.

    Two cases that one command names stay as they are read until it is done, both locked in the
    order of their ids: two that merge into each other at once would otherwise both end.
    """
    body, case_id = received.body, case_id_of(received)
    named = _named(body)
    if named is not None:
        await cases.lock_cases(work.transaction, (case_id, named))
    family = await _family(work, case_id, body)
    standing = await standing_of(work, case_id)
    if standing is None:
        return await case_missing(received, work, plain.action)
    asked = Asked(
        body=body,
        case=standing.case,
        now=work.now,
        said_at=received.envelope.time,
        node=work.node,
        clocks=context.clocks,
        policy=await policy.policy_in_force(work.transaction),
        other=await _other(context, work, standing.case, body),
        links=await _links(work, case_id, body),
        made_in=await _makers(work, case_id, body),
        handed_over=await _handed_over(context, work, family),
    )
    decided = allowed(standing, plain.decide(asked), needs_power=plain.needs_power)
    if await settle(work, standing.case, plain.action, decided) and isinstance(decided, Change):
        await plain.keep(work, asked)
        await follow_up(context, work, decided.case, asked.said_at)
    return None


def _named(body: Any) -> UUID | None:
    named: UUID | None = getattr(body, "linked_case", None) or getattr(body, "into_case", None)
    return named


async def _family(work: Work, case_id: UUID, body: Any) -> tuple[UUID, ...]:
    """Of the wish for help alone: the case and all that are the same one, locked in the order of
    their ids.
    """
    wants_help_alone = isinstance(body, intake.IdentificationDeclined)
    return await lock_family(work, case_id) if wants_help_alone else ()


async def _other(context: Context, work: Work, case: Case, body: Any) -> OtherCase | None:
    """The case that the command names; of a merge, too, whether its person spoke later there."""
    other = await other_case(work, _named(body))
    if other is None or not isinstance(body, intake.DuplicateFound):
        return other
    there = await situation_of(context, work, other.case_id)
    return replace(other, agreed_since=agreed_elsewhere_since(case, there))


async def _handed_over(context: Context, work: Work, family: tuple[UUID, ...]) -> bool:
    """Another agency has the person's case also when it was given a duplicate of it, under what was
    agreed to in that one.
    """
    for each in family:
        found = await cases.read_case(work.transaction, each)
        situation = await situation_of(context, work, each)
        if found is not None and another_agency_has_it(found[0], situation):
            return True
    return False


def _decline(asked: Asked) -> Change | Refusal:
    declining = Declining(
        declined_at=asked.at,
        said_at=asked.said_at,
        now=asked.now,
        handed_over=asked.handed_over,
    )
    return decline_identification(asked.case, declining)


def _revoke(asked: Asked) -> Change | Refusal:
    second = asked.body.second_authority
    return second_look.revoke(
        asked.case,
        RevocationAsked(
            ground=asked.body.ground,
            second_authority=second,
            may_agree=may_agree_to_revoke(asked.policy, asked.node, second, asked.clocks.profile),
            decided_at=asked.at,
            now=asked.now,
        ),
        asked.clocks,
    )


def _take_measure(asked: Asked) -> Change | Refusal:
    measure = Measure(
        measure=asked.body.measure,
        emergency=asked.body.emergency,
        taken_at=asked.at,
        now=asked.now,
    )
    return child.take_measure(asked.case, measure)


def _appoint(asked: Asked) -> Change | Refusal:
    appointment = Appointment(
        kind=asked.body.kind,
        guardian_status=asked.body.guardian_status,
        appointed_at=asked.at,
        now=asked.now,
    )
    return everyday.appoint(asked.case, appointment)


def _questionnaire(asked: Asked) -> Questionnaire:
    return Questionnaire(
        form=asked.body.form,
        form_version=asked.body.form_version,
        answers=tuple((each.question, each.answer) for each in asked.body.answers),
        recorded_at=asked.at,
    )


async def _keep_link(work: Work, asked: Asked) -> None:
    if asked.other is not None:
        await keep_link(work, asked.case.case_id, asked.other.case_id, asked.body.kind)


async def _links(work: Work, case_id: UUID, body: Any) -> frozenset[tuple[UUID, str]]:
    if not isinstance(body, intake.CaseUnlinked):
        return frozenset()
    return frozenset(await links.links_of(work.transaction, case_id))


async def _makers(work: Work, case_id: UUID, body: Any) -> tuple[UUID, ...]:
    if not isinstance(body, intake.CaseUnlinked):
        return ()
    return await links.makers_of(work.transaction, case_id, body.linked_case, body.kind)


def _unlink(asked: Asked) -> Change | Refusal:
    unlinking = Unlinking(
        linked_case=asked.body.linked_case,
        kind=asked.body.kind,
        reason=asked.body.reason,
        links=asked.links,
        made_in=asked.made_in,
    )
    return everyday.unlink(asked.case, unlinking)


async def _drop_link(work: Work, asked: Asked) -> None:
    body = asked.body
    await links.remove_link(work.transaction, asked.case.case_id, body.linked_case, body.kind)


async def _keep_merge(work: Work, asked: Asked) -> None:
    if asked.other is not None:
        await keep_merge(work, asked.case.case_id, asked.other.case_id)


async def _keep_answers(work: Work, asked: Asked) -> None:
    filled_id = derived_id(SERVICE, work.cause.id, "questionnaire", 0)
    await links.keep_answers(work.transaction, filled_id, asked.case.case_id, _questionnaire(asked))


RIGHTS: Final[Mapping[type[Contract], Plain]] = {
    intake.IdentificationDeclined: Plain(action="decline-identification", decide=_decline),
    intake.ReflectionExtended: Plain(
        action="extend-reflection",
        decide=lambda asked: period.extend_reflection(
            asked.case, asked.body.reason, asked.now, asked.clocks
        ),
        needs_power=True,
    ),
    intake.ReflectionEndedEarly: Plain(
        action="end-reflection-early",
        decide=lambda asked: period.cut_reflection(
            asked.case, asked.body.reason, asked.at, asked.now
        ),
        needs_power=True,
    ),
    intake.ReconsiderationAsked: Plain(
        action="reconsider-decision",
        decide=lambda asked: second_look.reconsider(
            asked.case, asked.body.ground, asked.now, asked.clocks
        ),
        needs_power=True,
    ),
    intake.IdentificationRevoked: Plain(
        action="revoke-identification", decide=_revoke, needs_power=True
    ),
    intake.BestInterestsRecorded: Plain(
        action="record-best-interests",
        decide=lambda asked: child.record_best_interests(
            asked.case, asked.body.outcome, asked.at, asked.now
        ),
    ),
    intake.ChildsViewRecorded: Plain(
        action="record-childs-view",
        decide=lambda asked: child.record_view(asked.case, asked.body.view, asked.at, asked.now),
    ),
    intake.ProtectionMeasureTaken: Plain(action="take-protection-measure", decide=_take_measure),
    intake.GuardianNotified: Plain(
        action="notify-guardian",
        decide=lambda asked: child.notify_guardian(asked.case, asked.at, asked.now),
    ),
    intake.ChildAuthorityTold: Plain(
        action="record-child-authority-told",
        decide=lambda asked: child.record_authority_told(
            asked.case, asked.body.agency_type, asked.at, asked.now, asked.clocks
        ),
    ),
    intake.MajorityReached: Plain(
        action="record-majority",
        decide=lambda asked: child.reach_majority(
            asked.case, asked.at, asked.said_at, asked.now, asked.clocks
        ),
    ),
    intake.PlacementReviewed: Plain(
        action="review-placement",
        decide=lambda asked: child.review_placement(
            asked.case, asked.body.outcome, asked.at, asked.now
        ),
    ),
}
EVERYDAY: Final[Mapping[type[Contract], Plain]] = {
    intake.CaseLinked: Plain(
        action="link-case",
        decide=lambda asked: everyday.link(asked.case, asked.other, asked.body.kind),
        keep=_keep_link,
    ),
    intake.CaseUnlinked: Plain(action="unlink-case", decide=_unlink, keep=_drop_link),
    intake.DuplicateFound: Plain(
        action="merge-case",
        decide=lambda asked: merging.merge(asked.case, asked.other, asked.now),
        keep=_keep_merge,
    ),
    intake.OwnershipTransferred: Plain(
        action="transfer-ownership",
        decide=lambda asked: everyday.transfer(
            asked.case, asked.body.officer_id, asked.body.reason
        ),
    ),
    intake.ContactChanged: Plain(
        action="record-contact",
        decide=lambda asked: everyday.change_contact(
            asked.case, reachable=asked.body.reachable, at=asked.at, now=asked.now
        ),
    ),
    intake.ChildMissing: Plain(
        action="record-child-missing",
        decide=lambda asked: everyday.miss_child(
            asked.case, missing=asked.body.missing, at=asked.at, now=asked.now
        ),
    ),
    intake.PersonDied: Plain(
        action="record-death",
        decide=lambda asked: everyday.die(asked.case, asked.at, asked.now),
    ),
    intake.SafeContactChanged: Plain(
        action="change-safe-contact",
        decide=lambda asked: everyday.change_safe_contact(asked.case, asked.body.safe_channel),
    ),
    intake.RepresentativeAppointed: Plain(action="appoint-representative", decide=_appoint),
    intake.DependantsAdded: Plain(
        action="add-dependants",
        decide=lambda asked: everyday.add_dependants(asked.case, asked.body.added),
    ),
    intake.ReturnRecorded: Plain(
        action="record-return",
        decide=lambda asked: everyday.record_return(
            asked.case,
            asked.body.channel,
            asked.clocks.profile.country,
            at=asked.at,
            now=asked.now,
        ),
    ),
    intake.QuestionnaireRecorded: Plain(
        action="record-questionnaire",
        decide=lambda asked: everyday.fill_in(asked.case, _questionnaire(asked), asked.now),
        keep=_keep_answers,
    ),
    intake.PersonTold: Plain(
        action="record-person-told",
        decide=lambda asked: everyday.tell(asked.case, asked.body.about, asked.at, asked.now),
    ),
}
PLAIN: Final[Mapping[type[Contract], Plain]] = {**RIGHTS, **EVERYDAY}
"""What an agency tells -> what becomes of it."""
