"""What an agency polls: answers to its intake, and news of its cases from the node's services.

Entries are written as events arrive and get positions later; a duty phone is looked up when an
entry is read, because phones change and no event may hold one.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from contracts import assistance, gateway, identification, referral
from contracts.catalogue import ANSWERERS, type_of
from contracts.envelope import Contract
from contracts.intake import IntakeAccepted, IntakeRefused
from services.chassis.messaging.subscriptions import Subscriptions
from services.chassis.messaging.work import Handler, Received, Work
from services.gateway.disclosure.news import (
    answer_told,
    news_of_a_frozen_case,
    news_told,
    reasons_told,
)
from services.gateway.domain.consent import DUPLICATE_OF
from services.gateway.handlers.consent import join_cases
from services.gateway.handlers.context import GatewayContext
from services.gateway.handlers.directory import Directory, Phones, phone_of
from services.gateway.handlers.door import ID_REUSED
from services.gateway.handlers.merged import keep_together, note_adult, note_child, note_of_age
from services.gateway.handlers.over import note_merged, note_over
from services.gateway.handlers.stays import note_stay, note_stay_over
from services.gateway.handlers.unlinking import part_cases
from services.gateway.store import cases, same_person
from services.gateway.store.answers import Answer, keep_answer

ANSWERS: Final = "answers"
INCOMING: Final = "incoming"
CONSUMER: Final = "gateway.feeds"
FOUND: Final = "found-while-screening"
NO_NEWS_AFTER: Final = timedelta(days=14)
"""What was recorded longer ago is history: a topic that is read for the first time after an upgrade
begins where the node was installed. Longer than a gateway that is down stays so unnoticed.
"""
ADULT: Final = "adult"
CASE_EXISTS: Final = "case-exists"

NEWS: Final[tuple[tuple[str, type[Contract]], ...]] = (
    ("identification", identification.CaseOpened),
    ("identification", identification.HandOverConfirmed),
    ("identification", identification.HandOverFailed),
    ("identification", identification.AwaitedDecisionOverdue),
    ("identification", identification.DecisionClockStopped),
    ("identification", identification.PersonHelpedWithoutIdentification),
    ("identification", identification.IdentificationResumed),
    ("identification", identification.ReflectionReviewDue),
    ("identification", identification.ReflectionEnded),
    ("identification", identification.MajorityReviewDue),
    ("identification", identification.DecisionOverdue),
    ("identification", identification.CaseFrozen),
    ("identification", identification.DestructionDue),
    ("identification", identification.ChildMissing),
    ("identification", identification.ChildFound),
    ("identification", identification.ChildNotificationReceived),
    ("identification", identification.AnonymousNotificationReceived),
    ("identification", identification.ChildNotificationFailed),
    ("identification", identification.ChildNotificationOverdue),
    ("identification", identification.RemovalForbidden),
    ("identification", identification.RemovalNotForbidden),
    ("identification", identification.NoRemovalTold),
    ("identification", identification.NoRemovalNotSent),
    ("referral", referral.OfferReceived),
    ("referral", referral.OfferUnseen),
    ("referral", referral.PlaceSought),
    ("referral", referral.TaskAccepted),
    ("referral", referral.TaskScheduled),
    ("referral", referral.ExpectedEarlier),
    ("referral", referral.TaskDeclined),
    ("referral", referral.TaskExpired),
    ("referral", referral.TaskStopped),
    ("referral", referral.TaskCancelled),
    ("referral", referral.TaskStarted),
    ("referral", referral.TaskPaused),
    ("referral", referral.TaskResumed),
    ("referral", referral.StartOverdue),
    ("referral", referral.PersonNotArrived),
    ("referral", referral.TaskReferredOnward),
    ("referral", referral.TaskCompleted),
    ("referral", referral.TaskNotSent),
    ("referral", referral.LoopClosed),
    ("referral", referral.DraftEndNear),
    ("referral", referral.DraftEnded),
    ("referral", referral.ProviderNotFound),
    ("referral", referral.NeedEscalated),
    ("assistance", assistance.HoldExpired),
    ("assistance", assistance.ArrivalOverdue),
    ("assistance", assistance.OwnConsentNeeded),
    ("assistance", assistance.HelpCalledOff),
    ("assistance", assistance.EpisodeNotBegun),
    ("assistance", assistance.FollowUpDue),
    ("assistance", assistance.MonitoringEnded),
    ("assistance", assistance.StayLimitNear),
    ("assistance", assistance.StayOverdue),
    ("assistance", assistance.PlacementToReview),
    ("assistance", assistance.ContractExhausted),
    ("assistance", assistance.ContractExceeded),
    ("gateway", gateway.ConsentExpired),
    ("gateway", gateway.ConsentExpiryNear),
    ("gateway", gateway.LegalHoldEndNear),
    ("gateway", gateway.LegalHoldEnded),
    ("gateway", gateway.SendingRefused),
    ("gateway", gateway.SendingDelayed),
)
TOLD_OF_A_FROZEN_CASE: Final = frozenset(
    {
        type_of("identification", identification.CaseFrozen),
        type_of("identification", identification.DestructionDue),
        type_of("assistance", assistance.OwnConsentNeeded),
        type_of("gateway", gateway.LegalHoldEndNear),
        type_of("gateway", gateway.LegalHoldEnded),
    }
)
"""The freeze, what it asks of people here, and what keeps its record."""
_ACCEPTED: Final = type_of("referral", referral.TaskAccepted)
_PHONED: Final = frozenset(
    type_of("referral", model)
    for model in (referral.TaskAccepted, referral.OfferUnseen, referral.PersonNotArrived)
)


async def note_answer(context: GatewayContext, received: Received, work: Work) -> None:
    """Keep the final answer, show it to whoever polls, wake whoever waits."""
    body: IntakeAccepted | IntakeRefused = received.body
    tx = work.transaction
    if isinstance(body, IntakeRefused) and body.case_id and _is_there_already(body):
        await same_person.forget_waiting(tx, body.case_id)
    await context.feeds.append(tx, ANSWERS, answer_told(body))
    if body.intake_id is None or is_about_another(body):
        return
    intake_id = body.intake_id
    refused = isinstance(body, IntakeRefused)
    answer = Answer(
        intake_id=intake_id,
        accepted=not refused,
        case_id=body.case_id,
        reasons=reasons_told(body) if isinstance(body, IntakeRefused) else [],
    )
    await keep_answer(tx, answer, work.now)
    tx.after_commit(f"answer {intake_id}", partial(context.board.ring, intake_id))


def is_about_another(body: IntakeAccepted | IntakeRefused) -> bool:
    """Whether it refuses a second event under a used id: no answer to the first."""
    return isinstance(body, IntakeRefused) and any(
        reason.code == ID_REUSED.code and reason.field == ID_REUSED.field for reason in body.reasons
    )


def _is_there_already(body: IntakeRefused) -> bool:
    """Whether it refuses a detection of a case that another one opened."""
    return any(reason.code == CASE_EXISTS for reason in body.reasons)


async def note_news(context: GatewayContext, received: Received, work: Work) -> None:
    """Show it to the agency's system; a case that it reported itself is no news."""
    body = received.body
    if isinstance(body, identification.CaseOpened):
        await cases.note_known(work.transaction, UUID(received.envelope.subject), work.now)
        if body.origin == "detected":
            return
    if isinstance(body, assistance.OwnConsentNeeded):
        await note_stay(context, received, work)
    if is_history(received.envelope.time, context.clock.wall(), work.now):
        return
    await context.feeds.append(work.transaction, INCOMING, news_told(received.envelope, body))


def is_history(recorded_at: datetime, wall: datetime, now: datetime) -> bool:
    """Whether it is too old for anybody to be rung for. A demonstration that lets weeks of business
    time pass in a minute makes nothing old.
    """
    return min(wall, now) - recorded_at > NO_NEWS_AFTER


async def note_link(context: GatewayContext, received: Received, work: Work) -> None:
    """Whatever the person forbade holds in both, and of the same case what they stopped, too; a
    case that the node opened itself is news.
    """
    body: identification.CaseLinked = received.body
    case_id = UUID(received.envelope.subject)
    if body.kind == DUPLICATE_OF:
        await keep_together(case_id, body.linked_case, work, context.stop_sharing)
    elif body.same_person:
        await join_cases(case_id, body.linked_case, work, context.stop_sharing)
    if body.kind == FOUND:
        await context.feeds.append(work.transaction, INCOMING, news_told(received.envelope, body))


async def note_unlink(_context: GatewayContext, received: Received, work: Work) -> None:
    """A link was a mistake: what came over by it alone holds no longer."""
    body: identification.CaseUnlinked = received.body
    if not body.same_person:
        await part_cases(UUID(received.envelope.subject), body.linked_case, work)


async def note_merge(context: GatewayContext, received: Received, work: Work) -> None:
    """A case was entered twice: what is forbidden or taken back in one holds in the other."""
    body: identification.CaseMerged = received.body
    case_id = UUID(received.envelope.subject)
    await keep_together(case_id, body.into_case, work, context.stop_sharing)
    await note_merged(case_id, body.into_case, work)


async def note_majority(_context: GatewayContext, received: Received, work: Work) -> None:
    """A child came of age: a guardian's word counts for nothing new."""
    await note_of_age(UUID(received.envelope.subject), work)


async def note_age(_context: GatewayContext, received: Received, work: Work) -> None:
    """A case says that its person is of age, or a correction that an adult is a child after all.

    That its codes say child is nothing: those of a case that it was merged with may say so still.
    """
    body: identification.CaseChanged = received.body
    case_id = UUID(received.envelope.subject)
    if body.child_after_all:
        await note_child(case_id, work)
    elif body.majority == ADULT:
        await note_adult(case_id, work)


async def read_feed(
    context: GatewayContext, feed: str, after: int, limit: int
) -> tuple[list[dict[str, Any]], int]:
    """A page of entries after a position, and what to ask ``after`` next."""
    entries = await context.feeds.read(feed, after, limit)
    page = [{"position": entry.position, **entry.body} for entry in entries]
    return page, entries[-1].position if entries else after


async def without_frozen_cases(
    context: GatewayContext, page: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The page with the facts of frozen cases left blank, but for what the freeze asks of us."""
    told = [(entry, case_of(entry)) for entry in page]
    async with context.database.transaction() as tx:
        frozen = await cases.frozen_among(tx, (case_id for _, case_id in told if case_id))
    return [
        news_of_a_frozen_case(entry)
        if case_id in frozen and entry["type"] not in TOLD_OF_A_FROZEN_CASE
        else entry
        for entry, case_id in told
    ]


def case_of(entry: Mapping[str, Any]) -> UUID | None:
    """The case that an entry is about; None for what names none."""
    named = entry["case_id"]
    try:
        return None if named is None else UUID(named)
    except ValueError:
        return None


async def with_duty_phones(
    directory: Directory, page: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Offers that were accepted, by either side, and of ours emergencies that nobody opened, with
    the other agency's duty phone (null when none is listed).
    """
    listed = await directory.phones()
    return [_with_phone(listed, entry) for entry in page]


def _with_phone(listed: Phones, entry: dict[str, Any]) -> dict[str, Any]:
    facts = entry["facts"]
    if entry["type"] not in _PHONED:
        return entry
    ours = facts["side"] == "sender"
    if not ours and entry["type"] != _ACCEPTED:
        return entry
    phone = phone_of(listed, facts["other_agency"], facts["service_type"] if ours else "")
    return {**entry, "duty_phone": phone}


def feed_subscriptions(context: GatewayContext) -> Subscriptions:
    """One consumer for both feeds, and for what a link between two cases asks of the register."""
    answer: Handler = partial(note_answer, context)
    news: Handler = partial(note_news, context)
    answers = {
        type_of(answerer, model): answer
        for answerer in ANSWERERS
        for model in (IntakeAccepted, IntakeRefused)
    }
    return Subscriptions(
        consumer=CONSUMER,
        topics=(
            *("answers", "identification", "consent", "referral", "capacity", "assistance"),
            "incoming",
        ),
        handlers={
            **answers,
            **{type_of(owner, model): news for owner, model in NEWS},
            type_of("assistance", assistance.StayBegan): partial(note_stay, context),
            type_of("assistance", assistance.StayEnded): partial(note_stay_over, context),
            type_of("identification", identification.CaseLinked): partial(note_link, context),
            type_of("identification", identification.MajorityReached): partial(
                note_majority, context
            ),
            type_of("identification", identification.CaseUnlinked): partial(note_unlink, context),
            type_of("identification", identification.CaseMerged): partial(note_merge, context),
            type_of("identification", identification.CaseChanged): partial(note_age, context),
            type_of("identification", identification.CaseEnded): partial(note_over, context),
            type_of("identification", identification.CaseVoided): partial(note_over, context),
        },
    )
