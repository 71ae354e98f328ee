"""A place kept for a task, or the promise where a service has no places: one class per state.

Two agencies never get the last place: a hold exists only together with the place it takes.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Final, TypeAlias
from uuid import UUID

from contracts.vocabulary import Profile
from services.assistance.domain.pool import (
    Pool,
    fits,
    free_place,
    hold_place,
    occupy_place,
    release_place,
)


@dataclass(frozen=True, slots=True)
class Held:
    """Kept until it expires."""

    code: ClassVar[str] = "held"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The task was accepted; kept until the person comes."""

    code: ClassVar[str] = "confirmed"


@dataclass(frozen=True, slots=True)
class CheckedIn:
    """The service began; the place is occupied."""

    code: ClassVar[str] = "checked-in"


@dataclass(frozen=True, slots=True)
class Released:
    """Nothing is kept any more."""

    code: ClassVar[str] = "released"


HoldState: TypeAlias = Held | Confirmed | CheckedIn | Released


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What is kept for one task."""

    task_id: UUID
    case_id: UUID
    service_type: str
    state: HoldState
    expires_at: datetime
    pool_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldAsked:
    """Somebody at this provider said yes; is there a place?"""

    task_id: UUID
    case_id: UUID
    service_type: str
    audience_class: str
    answer_by: datetime
    now: datetime
    frozen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A hold, and the pool that it takes a place of (none where the service has no pools)."""

    hold: Hold
    pool: Pool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPlace:
    """No place can be held; the reason is a code of the list ``decline-reason``."""

    reason: str


def the_case_is_not_frozen(asked: HoldAsked, pools: tuple[Pool, ...]) -> NoPlace | None:
    """Nothing is begun for somebody who stopped sharing with us."""
    return NoPlace(reason="person-declined") if asked.frozen else None


def the_question_is_still_open(asked: HoldAsked, pools: tuple[Pool, ...]) -> NoPlace | None:
    """Whoever asked went on without us."""
    return NoPlace(reason="hold-expired") if asked.now >= asked.answer_by else None


def a_place_that_fits_is_free(asked: HoldAsked, pools: tuple[Pool, ...]) -> NoPlace | None:
    """Where a service has places, one of them must be free."""
    if pools and not _free(pools, asked.audience_class):
        return NoPlace(reason="at-capacity")
    return None


PLACE_RULES: Final[tuple[Callable[[HoldAsked, tuple[Pool, ...]], NoPlace | None], ...]] = (
    the_case_is_not_frozen,
    the_question_is_still_open,
    a_place_that_fits_is_free,
)


def place(asked: HoldAsked, pools: tuple[Pool, ...], profile: Profile) -> Placed | NoPlace:
    """Keep a place of the service's ``pools``: an exact fit first, then where most are free."""
    for rule in PLACE_RULES:
        if (against := rule(asked, pools)) is not None:
            return against
    free = _free(pools, asked.audience_class)
    pool = min(
        free,
        key=lambda found: (
            found.audience_class != asked.audience_class,
            -found.available,
            found.pool_id,
        ),
        default=None,
    )
    hold = Hold(
        task_id=asked.task_id,
        case_id=asked.case_id,
        service_type=asked.service_type,
        state=Held(),
        expires_at=asked.now + profile.hours("hold_hours"),
        pool_id=None if pool is None else pool.pool_id,
    )
    return Placed(hold=hold, pool=None if pool is None else hold_place(pool))


def _free(pools: tuple[Pool, ...], audience_class: str) -> list[Pool]:
    return [pool for pool in pools if pool.available and fits(pool, audience_class)]


def confirm(hold: Hold) -> Hold:
    """The task was accepted: the hold no longer expires."""
    return replace(hold, state=Confirmed()) if isinstance(hold.state, Held) else hold


def check_in(hold: Hold, pool: Pool | None) -> Placed | None:
    """The service began: the place is occupied; nothing when it already was."""
    if not isinstance(hold.state, Held | Confirmed):
        return None
    return Placed(
        hold=replace(hold, state=CheckedIn()), pool=None if pool is None else occupy_place(pool)
    )


def release(hold: Hold, pool: Pool | None) -> Placed | None:
    """The place is free again, whether it was kept or occupied; nothing when it already was."""
    if isinstance(hold.state, Released):
        return None
    freed = free_place if isinstance(hold.state, CheckedIn) else release_place
    return Placed(hold=replace(hold, state=Released()), pool=None if pool is None else freed(pool))
