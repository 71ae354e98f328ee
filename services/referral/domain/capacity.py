"""What this node answers when it is asked for capacity: a status, never a count.

Counts stay with assistance; here are only the copies of each pool's status.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

from contracts.vocabulary import NOT_YET_KNOWN
from services.referral.domain.routing import takes

SUITED_BY: Final[Mapping[str, str]] = MappingProxyType(
    {"carer-with-children": "dependants", "minor-mother": "minor-mothers", "men": "men"}
)
"""Audience -> what a place of another audience must suit to take it; assistance holds by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The last that assistance said about a pool."""

    pool_id: UUID
    service_type: str
    audience_class: str
    status: str
    reported_at: datetime
    suits: frozenset[str] = frozenset()
    """Whom its places take beside the audience that they are for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """For whom a place is sought."""

    service_type: str
    audience_class: str


def fits(pool: Pool, question: Question) -> bool:
    """Whether the pool could take somebody of the class."""
    if pool.service_type != question.service_type:
        return False
    return (
        pool.audience_class == NOT_YET_KNOWN
        or takes(frozenset({pool.audience_class}), question.audience_class)
        or SUITED_BY.get(question.audience_class) in pool.suits
    )


def answer(
    pools: tuple[Pool, ...], question: Question, *, now: datetime, fresh_for: timedelta
) -> str:
    """``capacity`` from a fresh report; what an old one may hold goes before a waiting list.

    ``none`` and ``waitlist`` from fresh reports only; otherwise a person has to be asked.
    """
    fitting = [pool for pool in pools if fits(pool, question)]
    fresh = [pool for pool in fitting if now - pool.reported_at <= fresh_for]
    statuses = {pool.status for pool in fresh}
    if "capacity" in statuses:
        return "capacity"
    all_full = bool(fresh) and len(fresh) == len(fitting)
    if "ask" in statuses or not all_full:
        return "ask"
    return "waitlist" if "waitlist" in statuses else "none"
