"""Clocks: what has to be looked at, and when. A state says which run; none is started by hand.

A clock that rings is told to people. None of them changes anything about a person by itself, but
that a place which nobody took is free again.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, assert_never

from contracts.vocabulary import Profile
from services.assistance.domain.dates import after_months
from services.assistance.domain.episode import (
    Active,
    Completed,
    EndedEarly,
    Episode,
    Planned,
    Scheduled,
    Suspended,
)
from services.assistance.domain.hold import (
    CheckedIn,
    CheckedOut,
    Confirmed,
    Expired,
    Held,
    Hold,
    NoShow,
    Released,
)
from services.assistance.domain.placement import stay_limit
from services.assistance.domain.plans import (
    Agreed,
    Asking,
    AssistancePlan,
    Closed,
    Draft,
    FollowUp,
    Reintegration,
    Underway,
)

HOLD_EXPIRES: Final = "hold-expires"
ARRIVAL_DUE: Final = "arrival-due"
STAY_LIMIT_NEARS: Final = "stay-limit-nears"
STAY_ENDS: Final = "stay-ends"
START_DUE: Final = "start-due"
FOLLOW_UP_DUE: Final = "follow-up-due"
MONITORING_ENDS: Final = "monitoring-ends"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Look at it then."""

    kind: str
    due_at: datetime


def clocks_of_hold(hold: Hold, profile: Profile) -> frozenset[Clock]:
    """Every clock that runs while a hold is in this state."""
    match hold.state:
        case Held():
            return frozenset({Clock(kind=HOLD_EXPIRES, due_at=hold.expires_at)})
        case Confirmed(arrive_by=by):
            return frozenset({Clock(kind=ARRIVAL_DUE, due_at=by)} if by is not None else ())
        case CheckedIn() as stay:
            return _clocks_of_stay(hold, stay, profile)
        case CheckedOut() | Released() | Expired() | NoShow():
            return frozenset()
        case _:
            assert_never(hold.state)


def _clocks_of_stay(hold: Hold, stay: CheckedIn, profile: Profile) -> frozenset[Clock]:
    months = stay_limit(hold, profile)
    found = set()
    ends_at = stay.ends_at
    if months:
        near = max(0, months - profile.number("stay_alarm_before_limit_months"))
        found.add(Clock(kind=STAY_LIMIT_NEARS, due_at=after_months(stay.since, near)))
        ends_at = ends_at or after_months(stay.since, months)
    if ends_at is not None:
        found.add(Clock(kind=STAY_ENDS, due_at=ends_at))
    return frozenset(found)


def clocks_of_episode(episode: Episode) -> frozenset[Clock]:
    """Every clock that runs while an episode is in this state."""
    match episode.state:
        case Scheduled(starts_at=starts_at):
            return frozenset({Clock(kind=START_DUE, due_at=starts_at)})
        case Planned() | Active() | Suspended() | Completed() | EndedEarly():
            return frozenset()
        case _:
            assert_never(episode.state)


def clocks_of_plan(plan: AssistancePlan) -> frozenset[Clock]:
    """Every clock that runs while a plan is in this state, beside those of its askings."""
    match plan.state:
        case FollowUp(monitored_until=until):
            return frozenset(
                {Clock(kind=MONITORING_ENDS, due_at=until)} if until is not None else ()
            )
        case Draft() | Agreed() | Underway() | Reintegration() | Closed():
            return frozenset()
        case _:
            assert_never(plan.state)


def clocks_of_asking(plan: AssistancePlan, asking: Asking) -> frozenset[Clock]:
    """An asking that was not done rings when it is due, unless the plan is closed."""
    if asking.done_at is not None or isinstance(plan.state, Closed):
        return frozenset()
    return frozenset({Clock(kind=FOLLOW_UP_DUE, due_at=asking.due_at)})
