"""What people at the door say about stays: who came, who left, who never will, who stays longer.

Each is a command with one answer. The place moves with the person in the same transaction.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import UUID

from contracts.intake import (
    NoShowRecorded,
    PersonArrived,
    PersonDeparted,
    PlaceAssigned,
    StayExtended,
)
from contracts.vocabulary import NOT_YET_KNOWN
from services.assistance.access import objections
from services.assistance.domain import (
    Assignment,
    Ending,
    Extension,
    Hold,
    Moment,
    Placed,
    Pool,
    Refusal,
    arrive,
    assign,
    begin,
    depart,
    end_early,
    extend,
    give_up,
)
from services.assistance.domain.episode import NOBODY_CAME
from services.assistance.handlers.recording import (
    Context,
    answer,
    asked_of,
    record_episode,
    record_placed,
)
from services.assistance.store import episodes, pools
from services.chassis.messaging.work import Received, Waits, Work

Pools = Mapping[UUID, Pool]
Decide = Callable[[Hold, Pools], Placed | Refusal]


async def person_arrived(context: Context, received: Received, work: Work) -> Waits | None:
    """Who was expected is here: the place is occupied, and accommodation begins."""
    body: PersonArrived = received.body
    at = Moment(happened_at=body.occurred_at or work.now, now=work.now)
    done = await _decided(
        context,
        received,
        work,
        lambda hold, locked: arrive(hold, _own(hold, locked), at, context.profile),
    )
    if isinstance(done, Placed):
        await _begin(work, done.hold, at)
        answer(work, asked_of(received), ())
        return None
    return done


async def _begin(work: Work, hold: Hold, at: Moment) -> None:
    episode = await episodes.load_episode(work.transaction, hold.case_id, hold.task_id)
    change = None if episode is None else begin(episode, at.happened_at)
    if change is not None:
        await record_episode(work, change, episode)


async def person_departed(context: Context, received: Received, work: Work) -> Waits | None:
    """Who was here left: the place is free, also after sharing was stopped."""
    body: PersonDeparted = received.body
    at = Moment(happened_at=body.occurred_at or work.now, now=work.now)
    return await _done(
        received,
        work,
        await _decided(
            context, received, work, lambda hold, locked: depart(hold, _own(hold, locked), at)
        ),
    )


async def no_show_recorded(context: Context, received: Received, work: Work) -> Waits | None:
    """A human decided that nobody will come: the place is free, help ended early."""
    body: NoShowRecorded = received.body
    at = Moment(happened_at=work.now, now=work.now)
    done = await _decided(
        context, received, work, lambda hold, locked: give_up(hold, _own(hold, locked), at)
    )
    if not isinstance(done, Placed):
        return done
    episode = await episodes.load_episode(work.transaction, done.hold.case_id, body.task_id)
    if episode is not None:
        asked = Ending(reason=NOBODY_CAME, happened_at=work.now, now=work.now)
        change = end_early(episode, asked)
        if not isinstance(change, Refusal):
            await record_episode(work, change, episode)
    answer(work, asked_of(received), ())
    return None


async def stay_extended(context: Context, received: Received, work: Work) -> Waits | None:
    """The stay goes on."""
    body: StayExtended = received.body
    asked = Extension(
        ends_at=body.ends_at, reason=body.reason, now=work.now, profile=context.profile
    )
    done = await _decided(context, received, work, lambda hold, _: extend(hold, asked))
    return await _done(received, work, done)


async def place_assigned(context: Context, received: Received, work: Work) -> Waits | None:
    """A person here chose the place."""
    body: PlaceAssigned = received.body

    def chosen(hold: Hold, locked: Pools) -> Placed | Refusal:
        said = body.placement_class or NOT_YET_KNOWN
        after = replace(
            hold,
            placement_class=hold.placement_class if said == NOT_YET_KNOWN else said,
            reason=body.reason,
        )
        asked = Assignment(
            pool=locked.get(body.pool_id),
            needs=frozenset(body.needs) - {NOT_YET_KNOWN},
            after=after,
            profile=context.profile,
        )
        return assign(hold, asked, _own(hold, locked), work.now)

    return await _done(received, work, await _decided(context, received, work, chosen))


async def _decided(
    context: Context, received: Received, work: Work, decide: Decide
) -> Placed | Waits | None:
    """Load, allow, decide and record; a refusal is answered here, what was done by the caller."""
    body, asked = received.body, asked_of(received)
    tx, leaving = work.transaction, isinstance(received.body, PersonDeparted)
    frozen = await episodes.frozen_at(tx, asked.subject) is not None
    if against := objections(frozen=frozen, leaving=leaving):
        answer(work, asked, against)
        return None
    hold = await pools.load_hold(tx, asked.subject, body.task_id)
    if hold is None:
        return Waits("task", str(body.task_id))
    chosen = getattr(body, "pool_id", None)
    wanted = {pool_id for pool_id in (hold.pool_id, chosen) if pool_id is not None}
    decided = decide(hold, await pools.lock_pools(tx, wanted))
    if isinstance(decided, Refusal):
        answer(work, asked, decided.objections)
        return None
    await record_placed(context, work, decided, hold)
    return decided


async def _done(received: Received, work: Work, done: Placed | Waits | None) -> Waits | None:
    if not isinstance(done, Placed):
        return done
    answer(work, asked_of(received), ())
    return None


def _own(hold: Hold, locked: Pools) -> Pool | None:
    return None if hold.pool_id is None else locked.get(hold.pool_id)
