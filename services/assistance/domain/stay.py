"""From a place that is kept to a stay that ended: each step with its rules, one class per state.

A human decides that nobody will come, that a stay goes on, and that somebody leaves; a clock only
asks. Every step gives back the place that it took, or takes the one it says.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from contracts.vocabulary import Profile
from services.assistance.domain.dates import after_months
from services.assistance.domain.facts import (
    ArrivalIsOverdue,
    HoldHappened,
    HoldLapsed,
    HoldWasConfirmed,
    HoldWasReleased,
    NobodyHasCome,
    OwnConsentIsNeeded,
    PersonCame,
    PersonWentAway,
    PlacementIsUnusual,
    PlaceWasChanged,
    StayIsOverdue,
    StayLimitIsNear,
    StayWasProlonged,
)
from services.assistance.domain.hold import (
    CheckedIn,
    CheckedOut,
    Confirmed,
    Expired,
    Held,
    Hold,
    NoShow,
    Placed,
    Released,
)
from services.assistance.domain.placement import (
    ASSIGNMENT_RULES,
    Assignment,
    a_reason_is_recorded,
    is_a_stay,
    is_placed_as_foreseen,
    placement_class,
    stay_limit,
)
from services.assistance.domain.pool import (
    Pool,
    free_place,
    hold_place,
    occupy_place,
    release_place,
)
from services.assistance.domain.refusals import Objection, Refusal, lies_in_the_future


def confirm(hold: Hold, profile: Profile, now: datetime) -> Placed | None:
    """The task was accepted: the hold no longer expires; for a place, somebody is expected."""
    if not isinstance(hold.state, Held):
        return None
    arrive_by = None if hold.pool_id is None else now + profile.hours("arrival_hours")
    return Placed(
        hold=replace(hold, state=Confirmed(arrive_by=arrive_by)),
        pool=None,
        facts=(HoldWasConfirmed(happened_at=now, arrive_by=arrive_by),),
    )


def expect(
    hold: Hold, starts_at: datetime, accepted_at: datetime, profile: Profile, now: datetime
) -> Placed | None:
    """The service begins then: nobody is overdue before; nothing where nobody is expected.

    Counted from the acceptance and from this beginning alone: of one that was told by mistake
    nothing stays. Whoever was told until when the person is expected is told the new time.
    """
    if not isinstance(hold.state, Confirmed) or hold.state.arrive_by is None:
        return None
    arrive_by = max(accepted_at, starts_at) + profile.hours("arrival_hours")
    if arrive_by == hold.state.arrive_by:
        return None
    return Placed(
        hold=replace(hold, state=Confirmed(arrive_by=arrive_by)),
        pool=None,
        facts=(HoldWasConfirmed(happened_at=now, arrive_by=arrive_by),),
    )


def check_in(hold: Hold, pool: Pool | None, at: datetime, profile: Profile) -> Placed | None:
    """Who was expected is here: the place is occupied; nothing when it already was."""
    if not isinstance(hold.state, Held | Confirmed):
        return None
    facts: tuple[HoldHappened, ...] = (PersonCame(happened_at=at),)
    if not a_reason_is_recorded(hold.reason) and not is_placed_as_foreseen(hold, profile):
        told = PlacementIsUnusual(happened_at=at, placement_class=placement_class(hold))
        facts = (*facts, told)
    return Placed(
        hold=replace(hold, state=CheckedIn(since=at)),
        pool=None if pool is None else occupy_place(pool),
        facts=facts if is_a_stay(hold) else (),
    )


def release(hold: Hold, pool: Pool | None, at: datetime) -> Placed | None:
    """The place is free again, whether it was kept or occupied; nothing when it already was."""
    if not hold.is_kept:
        return None
    if isinstance(hold.state, CheckedIn):
        left = (PersonWentAway(happened_at=at),) if is_a_stay(hold) else ()
        return Placed(
            hold=replace(hold, state=CheckedOut()),
            pool=None if pool is None else free_place(pool),
            facts=left,
        )
    return Placed(
        hold=replace(hold, state=Released()),
        pool=None if pool is None else release_place(pool),
        facts=(HoldWasReleased(happened_at=at),),
    )


def expire(hold: Hold, pool: Pool | None, at: datetime) -> Placed | None:
    """Nobody accepted in time: the place is free; a confirmed hold does not expire."""
    if not isinstance(hold.state, Held):
        return None
    return Placed(
        hold=replace(hold, state=Expired()),
        pool=None if pool is None else release_place(pool),
        facts=(HoldLapsed(happened_at=at),),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When it happened as it was told, and when that is."""

    happened_at: datetime
    now: datetime


def somebody_is_expected(hold: Hold, at: Moment) -> Objection | None:
    """Only a confirmed hold can be taken up (project: an unconfirmed one may be let go)."""
    expected = isinstance(hold.state, Confirmed)
    return None if expected else Objection(code="wrong-state")


def somebody_is_here(hold: Hold, at: Moment) -> Objection | None:
    """Who is not here cannot leave (project: a place is given back once)."""
    return None if isinstance(hold.state, CheckedIn) else Objection(code="wrong-state")


def it_has_happened(hold: Hold, at: Moment) -> Objection | None:
    """A time later than now is a mistake (project: the limit of a stay counts from it)."""
    if lies_in_the_future(at.happened_at, at.now):
        return Objection(code="in-the-future", field="occurred_at")
    return None


def nobody_leaves_before_coming(hold: Hold, at: Moment) -> Objection | None:
    """The end of a stay is not before its beginning (project: such a time is a slip of the pen)."""
    if isinstance(hold.state, CheckedIn) and at.happened_at < hold.state.since:
        return Objection(code="out-of-range", field="occurred_at")
    return None


def the_time_to_arrive_is_over(hold: Hold, at: Moment) -> Objection | None:
    """The profile's hours are the person's: nobody is given up before they are over.

    Profile: ``arrival_hours``.
    """
    state = hold.state
    if isinstance(state, Confirmed) and state.arrive_by is not None and at.now < state.arrive_by:
        return Objection(code="too-early")
    return None


Rule = Callable[[Hold, Moment], Objection | None]
ARRIVAL_RULES: Final[tuple[Rule, ...]] = (somebody_is_expected, it_has_happened)
DEPARTURE_RULES: Final[tuple[Rule, ...]] = (
    somebody_is_here,
    it_has_happened,
    nobody_leaves_before_coming,
)
NO_SHOW_RULES: Final[tuple[Rule, ...]] = (somebody_is_expected, the_time_to_arrive_is_over)


def _against(rules: tuple[Rule, ...], hold: Hold, at: Moment) -> tuple[Objection, ...]:
    found = [rule(hold, at) for rule in rules]
    return tuple(objection for objection in found if objection)


def arrive(hold: Hold, pool: Pool | None, at: Moment, profile: Profile) -> Placed | Refusal:
    """Somebody at the door says that the person came."""
    against = _against(ARRIVAL_RULES, hold, at)
    placed = check_in(hold, pool, at.happened_at, profile)
    return Refusal(objections=against) if against or placed is None else placed


def depart(hold: Hold, pool: Pool | None, at: Moment) -> Placed | Refusal:
    """Somebody at the door says that the person left."""
    against = _against(DEPARTURE_RULES, hold, at)
    placed = release(hold, pool, at.happened_at)
    return Refusal(objections=against) if against or placed is None else placed


def give_up(hold: Hold, pool: Pool | None, at: Moment) -> Placed | Refusal:
    """A human decided that nobody will come: the place is free."""
    if against := _against(NO_SHOW_RULES, hold, at):
        return Refusal(objections=against)
    return Placed(
        hold=replace(hold, state=NoShow()),
        pool=None if pool is None else release_place(pool),
        facts=(NobodyHasCome(happened_at=at.now),),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """A stay is to go on until ``ends_at``."""

    ends_at: datetime
    reason: str | None
    now: datetime
    profile: Profile


def a_stay_goes_on(hold: Hold, asked: Extension) -> Objection | None:
    """Only who is here can stay longer (project: only a stay has an end to move)."""
    return None if isinstance(hold.state, CheckedIn) else Objection(code="wrong-state")


def the_end_lies_ahead(hold: Hold, asked: Extension) -> Objection | None:
    """A stay cannot be extended into the past (project: its clock has to ring once more)."""
    if asked.ends_at <= asked.now:
        return Objection(code="out-of-range", field="ends_at")
    return None


def beyond_the_limit_there_is_a_reason(hold: Hold, asked: Extension) -> Objection | None:
    """The profile's limit of a stay (Belarus Law 350-Z, Art. 20) asks for a reason, no more."""
    months = stay_limit(hold, asked.profile)
    if not isinstance(hold.state, CheckedIn) or not months or a_reason_is_recorded(asked.reason):
        return None
    if asked.ends_at > after_months(hold.state.since, months):
        return Objection(code="reason-missing", field="reason")
    return None


EXTENSION_RULES: Final = (
    a_stay_goes_on,
    the_end_lies_ahead,
    beyond_the_limit_there_is_a_reason,
)


def extend(hold: Hold, asked: Extension) -> Placed | Refusal:
    """The stay goes on."""
    found = [rule(hold, asked) for rule in EXTENSION_RULES]
    against = tuple(objection for objection in found if objection)
    if against or not isinstance(hold.state, CheckedIn):
        return Refusal(objections=against)
    told = StayWasProlonged(happened_at=asked.now, ends_at=asked.ends_at, reason=asked.reason)
    return Placed(
        hold=replace(hold, state=replace(hold.state, ends_at=asked.ends_at)),
        pool=None,
        facts=(told,),
    )


def assign(hold: Hold, asked: Assignment, left: Pool | None, now: datetime) -> Placed | Refusal:
    """A person here chose the place; ``left`` is the pool where the hold has one now.

    Of whoever is here without a place it is told with the first one that, and since when, they are:
    their record is needed from then on. Told twice it is one stay.
    """
    found = [rule(hold, asked) for rule in ASSIGNMENT_RULES]
    against = tuple(objection for objection in found if objection)
    if against or asked.pool is None:
        return Refusal(objections=against)
    told: tuple[HoldHappened, ...] = (PlaceWasChanged(happened_at=now, reason=asked.after.reason),)
    if isinstance(hold.state, CheckedIn) and hold.pool_id is None:
        told = (PersonCame(happened_at=hold.state.since), *told)
    after = replace(asked.after, pool_id=asked.pool.pool_id)
    if asked.pool.pool_id == hold.pool_id:
        return Placed(hold=after, pool=asked.pool, facts=told)
    here = isinstance(hold.state, CheckedIn)
    taken = hold_place(asked.pool)
    given = None if left is None else (free_place if here else release_place)(left)
    return Placed(hold=after, pool=occupy_place(taken) if here else taken, left=given, facts=told)


def arrival_is_due(hold: Hold, now: datetime) -> tuple[HoldHappened, ...]:
    """The clock rang: whoever was expected has not come; a human decides."""
    state = hold.state
    if not isinstance(state, Confirmed) or state.arrive_by is None or now < state.arrive_by:
        return ()
    return (ArrivalIsOverdue(happened_at=now, arrive_by=state.arrive_by),)


def limit_is_near(hold: Hold, profile: Profile, now: datetime) -> tuple[HoldHappened, ...]:
    """The clock rang: what comes after the stay is to be arranged."""
    months = stay_limit(hold, profile)
    if not isinstance(hold.state, CheckedIn) or not months:
        return ()
    return (StayLimitIsNear(happened_at=now, limit_at=after_months(hold.state.since, months)),)


def stay_is_over(hold: Hold, ended_at: datetime, now: datetime) -> tuple[HoldHappened, ...]:
    """The clock rang: the stay is over by its agreed end or the limit. Nobody is put out."""
    if not isinstance(hold.state, CheckedIn):
        return ()
    return (StayIsOverdue(happened_at=now, ended_at=ended_at),)


def sharing_ended(hold: Hold, pool: Pool | None, at: datetime) -> Placed | None:
    """Nobody loses the bed: who is here stays, and is asked for this provider's own consent."""
    state = hold.state
    if not isinstance(state, CheckedIn) or not is_a_stay(hold):
        return release(hold, pool, at)
    if state.asks_own_consent:
        return None
    asked = OwnConsentIsNeeded(happened_at=at, reason="running-stay")
    return Placed(
        hold=replace(hold, state=replace(state, asks_own_consent=True)), pool=None, facts=(asked,)
    )
