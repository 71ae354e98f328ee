"""A place kept for a task, or the promise where a service has no places: one class per state.

Two agencies never get the last place: a hold exists only together with the place it takes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, TypeAlias
from uuid import UUID

from contracts.vocabulary import NOT_YET_KNOWN, Profile
from services.assistance.domain.facts import HoldHappened
from services.assistance.domain.pool import Pool, fits, hold_place


@dataclass(frozen=True, slots=True)
class Held:
    """Kept until it expires."""

    code: ClassVar[str] = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """The task was accepted; kept until the person comes. ``arrive_by``: then a human decides."""

    code: ClassVar[str] = "confirmed"
    arrive_by: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedIn:
    """The person is here; the place is occupied, until ``ends_at`` if that was agreed.

    ``asks_own_consent``: sharing was stopped meanwhile; the provider asks for its own consent.
    """

    code: ClassVar[str] = "checked-in"
    since: datetime
    ends_at: datetime | None = None
    asks_own_consent: bool = False


@dataclass(frozen=True, slots=True)
class CheckedOut:
    """The person left; the place is free."""

    code: ClassVar[str] = "checked-out"


@dataclass(frozen=True, slots=True)
class Released:
    """It is no longer wanted; the place is free."""

    code: ClassVar[str] = "released"


@dataclass(frozen=True, slots=True)
class Expired:
    """Nobody accepted in time; the place is free."""

    code: ClassVar[str] = "expired"


@dataclass(frozen=True, slots=True)
class NoShow:
    """A human decided that nobody will come; the place is free."""

    code: ClassVar[str] = "no-show"


HoldState: TypeAlias = Held | Confirmed | CheckedIn | CheckedOut | Released | Expired | NoShow


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What is kept for one task.

    ``placement_class`` and ``reason`` are what a person here said about the placement.
    """

    task_id: UUID
    case_id: UUID
    service_type: str
    state: HoldState
    expires_at: datetime
    pool_id: UUID | None = None
    audience_class: str = NOT_YET_KNOWN
    placement_class: str = NOT_YET_KNOWN
    reason: str | None = None

    @property
    def is_kept(self) -> bool:
        """Whether a place, or the promise, is still kept or taken."""
        return isinstance(self.state, Held | Confirmed | CheckedIn)


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
    needs: frozenset[str] = frozenset()
    """What the place should have, as the offer said it; codes of ``place-suits`` count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A hold, the pool that it takes a place of (none where the service has no pools), and news.

    ``left`` is the pool whose place it gave back, where it moved from one to another.
    """

    hold: Hold
    pool: Pool | None
    left: Pool | None = None
    facts: tuple[HoldHappened, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPlace:
    """No place can be held; the reason is a code of the list ``decline-reason``."""

    reason: str


PLACE_NEEDS: Final = frozenset({"step-free"})
"""Of what somebody needs, all that a pool can say."""


def the_case_is_not_frozen(asked: HoldAsked, pools: tuple[Pool, ...]) -> NoPlace | None:
    """Nothing is begun for somebody who stopped sharing with us.

    Convention, Art. 11: private life.
    """
    return NoPlace(reason="person-declined") if asked.frozen else None


def the_question_is_still_open(asked: HoldAsked, pools: tuple[Pool, ...]) -> NoPlace | None:
    """Whoever asked went on without us (project: no place stands empty for nobody)."""
    return NoPlace(reason="hold-expired") if asked.now >= asked.answer_by else None


def a_place_that_fits_is_free(asked: HoldAsked, pools: tuple[Pool, ...]) -> NoPlace | None:
    """Where a service has places, one of them must be free (FHIR Gravity, capacity status)."""
    if pools and not _free(pools, asked.audience_class):
        return NoPlace(reason="at-capacity")
    return None


PLACE_RULES: Final[tuple[Callable[[HoldAsked, tuple[Pool, ...]], NoPlace | None], ...]] = (
    the_case_is_not_frozen,
    the_question_is_still_open,
    a_place_that_fits_is_free,
)


def place(asked: HoldAsked, pools: tuple[Pool, ...], profile: Profile) -> Placed | NoPlace:
    """Keep a place of the service's ``pools``: one that the person can use first, then an exact
    fit, then where most are free.

    What a place does not say it has refuses nobody: who accepted knows the house.
    """
    for rule in PLACE_RULES:
        if (against := rule(asked, pools)) is not None:
            return against
    free = _free(pools, asked.audience_class)
    pool = min(
        free,
        key=lambda found: (
            len((asked.needs & PLACE_NEEDS) - found.suits),
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
        audience_class=asked.audience_class,
    )
    return Placed(hold=hold, pool=None if pool is None else hold_place(pool))


def _free(pools: tuple[Pool, ...], audience_class: str) -> list[Pool]:
    return [pool for pool in pools if pool.available and fits(pool, audience_class)]
