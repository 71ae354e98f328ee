"""A pool of places. ``available + held + occupied + out_of_service = maximum``, always, all >= 0.

The database holds the same equation as a constraint; nothing here may be trusted without it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from contracts.vocabulary import NOT_YET_KNOWN
from services.assistance.domain.refusals import Objection, Refusal

ADULTS: Final = frozenset({"women", "men"})
CHILDREN: Final = frozenset({"girls", "boys"})
ALSO: Final[Mapping[str, str]] = MappingProxyType(
    {"carer-with-children": "dependants", "minor-mother": "minor-mothers", "men": "men"}
)
"""Audience -> what a place of another audience must suit to take it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Places of one kind, for one audience, at this provider."""

    pool_id: UUID
    service_type: str
    audience_class: str
    maximum: int
    available: int
    held: int
    occupied: int
    out_of_service: int
    reported_at: datetime
    suits: frozenset[str] = frozenset()
    closed_because: str | None = None
    waiting_list: bool = False
    """Whether somebody could be put on the provider's own list while nothing is free."""

    def __post_init__(self) -> None:
        """Refuse to exist when the places do not add up: a bug, never a refusal."""
        parts = (self.available, self.held, self.occupied, self.out_of_service)
        if min(parts) < 0 or sum(parts) != self.maximum:
            raise ValueError("the places of the pool do not add up")

    @property
    def status(self) -> str:
        """What other agencies are told instead of counts (code list ``capacity-status``).

        While places are closed for a reason nobody is put on a list for them: whether they open
        again, and for whom it is safe to wait, nobody has said.
        """
        if self.available:
            return "capacity"
        waits = self.waiting_list and self.closed_because is None
        return "waitlist" if waits else "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityReport:
    """How many places there are, as a person counted them."""

    pool_id: UUID
    service_type: str
    audience_class: str
    maximum: int
    out_of_service: int
    now: datetime
    suits: frozenset[str] = frozenset()
    waiting_list: bool | None = None
    """None: nobody said so now; it stays as it was."""


def places_in_use_still_fit(pool: Pool, told: CapacityReport) -> Objection | None:
    """Nobody is put out by a smaller number (project: a stay ends by a person's word alone)."""
    if told.maximum < pool.held + pool.occupied + told.out_of_service:
        return Objection(code="exceeds-maximum", field="maximum")
    return None


def a_pool_in_use_stays_what_it_is(pool: Pool, told: CapacityReport) -> Objection | None:
    """Places that are held or occupied do not become places for somebody else.

    Project: who is here was placed by it.
    """
    same = (told.service_type, told.audience_class) == (pool.service_type, pool.audience_class)
    if same or not pool.held + pool.occupied:
        return None
    return Objection(code="wrong-state", field="service_type")


REPORT_RULES: Final = (places_in_use_still_fit, a_pool_in_use_stays_what_it_is)


def report(known: Pool | None, told: CapacityReport) -> Pool | Refusal:
    """The pool after a report; what is held and occupied stays so."""
    pool = known or Pool(
        pool_id=told.pool_id,
        service_type=told.service_type,
        audience_class=told.audience_class,
        maximum=0,
        available=0,
        held=0,
        occupied=0,
        out_of_service=0,
        reported_at=told.now,
    )
    found = [rule(pool, told) for rule in REPORT_RULES]
    if against := tuple(objection for objection in found if objection):
        return Refusal(objections=against)
    return replace(
        pool,
        service_type=told.service_type,
        audience_class=told.audience_class,
        maximum=told.maximum,
        out_of_service=told.out_of_service,
        available=told.maximum - told.out_of_service - pool.held - pool.occupied,
        reported_at=told.now,
        suits=told.suits,
        closed_because=pool.closed_because if told.out_of_service else None,
        waiting_list=pool.waiting_list if told.waiting_list is None else told.waiting_list,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """So many places cannot be used, and why; 0 opens them all."""

    out_of_service: int
    reason: str
    now: datetime


def the_pool_is_known(pool: Pool | None, told: Closing) -> Objection | None:
    """Places that nobody counted cannot be closed (project: the sum of its places has to hold)."""
    return Objection(code="unknown-pool", field="pool_id") if pool is None else None


def nobody_is_put_out(pool: Pool | None, told: Closing) -> Objection | None:
    """Only places that are free can be closed (project: a stay ends by a person's word alone)."""
    if pool is not None and told.out_of_service > pool.out_of_service + pool.available:
        return Objection(code="exceeds-maximum", field="out_of_service")
    return None


CLOSING_RULES: Final = (the_pool_is_known, nobody_is_put_out)


def close(pool: Pool | None, told: Closing) -> Pool | Refusal:
    """The pool with so many places out of service; what is held and occupied stays so."""
    found = [rule(pool, told) for rule in CLOSING_RULES]
    against = tuple(objection for objection in found if objection)
    if pool is None or against:
        return Refusal(objections=against)
    return replace(
        pool,
        available=pool.available + pool.out_of_service - told.out_of_service,
        out_of_service=told.out_of_service,
        closed_because=told.reason if told.out_of_service else None,
        reported_at=told.now,
    )


def fits(pool: Pool, audience_class: str) -> bool:
    """Whether a place here suits; who accepted without saying for whom knows where to put them."""
    ours = pool.audience_class
    return (
        audience_class in (ours, NOT_YET_KNOWN)
        or ours == NOT_YET_KNOWN
        or (ours == "any-adult" and audience_class in ADULTS)
        or (ours == "any-child" and audience_class in CHILDREN)
        or ALSO.get(audience_class) in pool.suits
    )


def hold_place(pool: Pool) -> Pool:
    """Keep a free place for somebody who is coming."""
    return replace(pool, available=pool.available - 1, held=pool.held + 1)


def release_place(pool: Pool) -> Pool:
    """A kept place is free again."""
    return replace(pool, available=pool.available + 1, held=pool.held - 1)


def occupy_place(pool: Pool) -> Pool:
    """Who was expected is here."""
    return replace(pool, held=pool.held - 1, occupied=pool.occupied + 1)


def free_place(pool: Pool) -> Pool:
    """Who was here left."""
    return replace(pool, available=pool.available + 1, occupied=pool.occupied - 1)
