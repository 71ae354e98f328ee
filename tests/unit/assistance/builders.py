"""Pools, holds and episodes of invented people, as tests begin with them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.vocabulary import load_profile
from services.assistance.domain import (
    Episode,
    Held,
    Hold,
    Planned,
    Pool,
    Refusal,
)

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
PROFILE = load_profile("BY-draft")


def a_pool(number: int = 1, **changes: Any) -> Pool:
    given: dict[str, Any] = {
        "pool_id": UUID(int=number),
        "service_type": "crisis-room",
        "audience_class": "women",
        "maximum": 2,
        "available": 2,
        "held": 0,
        "occupied": 0,
        "out_of_service": 0,
        "reported_at": NOW,
    }
    return Pool(**given | changes)


def a_hold(state: Any = None, **changes: Any) -> Hold:
    given: dict[str, Any] = {
        "task_id": UUID(int=7),
        "case_id": UUID(int=8),
        "service_type": "crisis-room",
        "audience_class": "women",
        "expires_at": NOW + timedelta(hours=48),
        "pool_id": UUID(int=1),
    }
    return Hold(**given | changes, state=state or Held())


def an_episode(state: Any = None, **changes: Any) -> Episode:
    given: dict[str, Any] = {
        "episode_id": UUID(int=1),
        "task_id": UUID(int=2),
        "case_id": UUID(int=3),
        "service_type": "nursing-visit",
        "counted_by": "border-brest",
    }
    return Episode(**given | changes, state=state or Planned())


def objections_of(decided: Any) -> list[tuple[str, str | None]]:
    assert isinstance(decided, Refusal)
    return [(objection.code, objection.field) for objection in decided.objections]
