"""Carrying out what was decided: remember the task, tell the facts, take letters to their agency.

The *courier* is here: a letter to another agency goes into the outgoing queue, one to this node's
own other side is applied at once, in the same transaction. Both ways the same rules decide.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, assert_never, cast

from services.chassis.errors import Misuse
from services.chassis.messaging.work import Work
from services.referral import disclosure
from services.referral.domain import providing, sending
from services.referral.domain.facts import (
    OfferLetter,
    OfferMade,
    OfferReceived,
    ProgressLetter,
    Step,
    TaskAccepted,
    TaskLetter,
    WithdrawalLetter,
)
from services.referral.domain.tasks import (
    DeadlineKind,
    ProvidedTask,
    SentTask,
    Side,
    Task,
    Terms,
    notices_of,
)
from services.referral.handlers.context import Context, told_under
from services.referral.handlers.seeking import leave_to_a_person, seek_again
from services.referral.store import deadlines, letters, outgoing, tasks
from services.referral.store.outgoing import Addressed

ERRANDS_LIMIT: Final = 200
"""No event can cause more than this in one transaction."""

AnyStep = Step[Any]


@dataclass(frozen=True, slots=True)
class _Search:
    terms: Terms


@dataclass(frozen=True, slots=True)
class _Handing:
    """The need of a task goes to a person."""

    terms: Terms


@dataclass(frozen=True, slots=True)
class _Delivery:
    letter: TaskLetter
    task: Task


_Errand = AnyStep | _Delivery | _Search | _Handing


async def carry_out(context: Context, work: Work, steps: Iterable[AnyStep]) -> None:
    """Do what the steps say and whatever follows from it inside this node, in order."""
    errands: deque[_Errand] = deque(steps)
    for _ in range(ERRANDS_LIMIT):
        if not errands:
            return
        errands.extend(await _run(context, work, errands.popleft()))
    raise Misuse("one event causes more errands than there can be")


async def _run(context: Context, work: Work, errand: _Errand) -> list[_Errand]:
    match errand:
        case Step():
            return await _record(context, work, errand)
        case _Delivery(letter=letter) if letter.to == context.node:
            step = await _apply_here(work, letter, errand.task.terms)
            return [] if step is None else [step]
        case _Delivery():
            await _send(work, errand)
            return []
        case _Search(terms=terms):
            offered = await seek_again(context, work, terms)
            return [] if offered is None else [offered]
        case _Handing(terms=terms):
            await leave_to_a_person(context, work, terms)
            return []
        case _:
            assert_never(errand)


async def _record(context: Context, work: Work, step: AnyStep) -> list[_Errand]:
    task: Task = step.task
    if step.facts or step.letters:
        await tasks.write_task(work.transaction, task, work.now)
        await deadlines.watch_task(work.transaction, task)
        await _watch_notices(work, step)
    subject = task.terms.case_id
    if step.facts and task.terms.side is Side.SENDER:
        subject = await told_under(work, subject)
    for fact in step.facts:
        outgoing.publish_fact(work, disclosure.body_of_fact(fact), subject)
    errands: list[_Errand] = [_Delivery(letter, task) for letter in step.letters]
    if step.seek_again:
        errands.append(_Search(task.terms))
    if step.a_person_decides:
        errands.append(_Handing(task.terms))
    return errands


async def _watch_notices(work: Work, step: AnyStep) -> None:
    """Clocks that only tell begin with one fact, on either side, and end with the state."""
    task: Task = step.task
    running = notices_of(task)
    begun = {type(fact) for fact in step.facts}
    if running.seen_by is None or begun & {OfferMade, OfferReceived}:
        await deadlines.watch_notice(
            work.transaction, task.terms, DeadlineKind.SEEN, running.seen_by
        )
    if running.start_by is None or TaskAccepted in begun:
        await deadlines.watch_notice(
            work.transaction, task.terms, DeadlineKind.START, running.start_by
        )


async def _send(work: Work, errand: _Delivery) -> None:
    letter = errand.letter
    addressed = Addressed(
        body=disclosure.body_of_letter(letter),
        recipient=letter.to,
        purpose=disclosure.purpose_of(letter),
    )
    outgoing_id = outgoing.publish_addressed(work, addressed, errand.task.terms.case_id)
    if isinstance(letter, OfferLetter):
        await tasks.left_as(work.transaction, errand.task, outgoing_id)
    if isinstance(letter, ProgressLetter):
        told = letter.progress
        await letters.add_letter(work.transaction, outgoing_id, told.task_id, told.step)


async def _apply_here(work: Work, letter: TaskLetter, terms: Terms) -> AnyStep | None:
    """This node is the other side, too."""
    match letter:
        case OfferLetter():
            offered = replace(letter.terms, side=Side.PROVIDER, other_agency=work.node)
            return providing.received(offered, work.now)
        case ProgressLetter():
            sent = await tasks.read_task(work.transaction, terms.task_id, Side.SENDER)
            if sent is None:
                return None
            return sending.progressed(cast(SentTask, sent), letter.progress, work.now)
        case WithdrawalLetter():
            provided = await tasks.read_task(work.transaction, terms.task_id, Side.PROVIDER)
            if provided is None:
                return None
            return providing.withdrawn(cast(ProvidedTask, provided), letter.state, work.now)
        case _:
            assert_never(letter)
