"""Help that is given in a node with places: stays, plans, contracts, and forms filled in."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.assistance.api import (
    AskingShown,
    ContractShown,
    LastingStayShown,
    PartShown,
    PlanShown,
    StayShown,
)
from tests.support.console_bench import (
    CASE,
    HELPED,
    NODE,
    NOW,
    POOL,
    TASK,
    a_pool,
    a_task,
    an_episode,
    told,
)

PLAN, DUE = UUID(int=31, version=4), UUID(int=32, version=4)


def a_stay(state: str = "confirmed", **changes: Any) -> StayShown:
    """A place that is kept, or taken."""
    here = state == "checked-in"
    stay = StayShown(
        state=state,
        pool_id=POOL,
        is_a_stay=True,
        expires_at=NOW,
        arrive_by=NOW + timedelta(days=1) if state == "confirmed" else None,
        since=NOW if here else None,
        ends_at=NOW + timedelta(days=30) if here else None,
        asks_own_consent=False,
        placement_class="adult",
        reason=None,
    )
    return stay.model_copy(update=changes)


def a_lasting_stay(task_id: UUID = HELPED, **changes: Any) -> dict[str, Any]:
    """Somebody who is still here after sharing was stopped."""
    stay = LastingStayShown(
        task_id=task_id,
        case_id=CASE,
        service_type="crisis-room",
        pool_id=POOL,
        since=NOW - timedelta(days=3),
        ends_at=None,
    )
    return told(stay.model_copy(update=changes))


def a_plan(**changes: Any) -> dict[str, Any]:
    """A plan with one part that is agreed, and one that somebody will ask about."""
    plan = PlanShown(
        plan_id=PLAN,
        state="draft",
        majority="adult",
        risk="low",
        safety_plan="not-yet-known",
        needs=["shelter"],
        goals=["safety"],
        parts=[
            PartShown(part_id=TASK, service_type="shelter", agency=NODE, agreed=True),
            PartShown(part_id=CASE, service_type="vocational", agency="ngo-brest", agreed=False),
        ],
        monitored_until=NOW + timedelta(days=90),
        reason=None,
        follow_ups=[
            AskingShown(
                follow_up_id=DUE,
                due_at=NOW + timedelta(days=7),
                done_at=None,
                feedback=[],
                goals_met=[],
            ),
            AskingShown(
                follow_up_id=TASK,
                due_at=NOW,
                done_at=NOW,
                feedback=["feels-safe"],
                goals_met=["safety"],
            ),
        ],
    )
    return told(plan.model_copy(update=changes))


def a_contract(**changes: Any) -> dict[str, Any]:
    """A state social order of which something is left."""
    contract = ContractShown(
        contract_id=PLAN,
        service_type="shelter",
        unit="night",
        funding="state-social-order",
        recipient="ngo-brest",
        funded=100,
        delivered=60,
        remaining=40,
        beyond=0,
        starts_at=NOW,
        ends_at=NOW + timedelta(days=300),
    )
    return told(contract.model_copy(update=changes))


def help_shown(stay: str = "confirmed", **plan: Any) -> dict[str, Any]:
    """A node that gives somebody a place to live, with a plan."""
    helped = a_task(task_id=HELPED, state="in-progress", service_type="crisis-room")
    episode = an_episode(task_id=HELPED, service_type="crisis-room", stay=a_stay(stay))
    return {
        f"referral/v1/tasks/{HELPED}": [helped],
        "assistance/v1/episodes": [episode],
        "assistance/v1/pools": [{**a_pool(), "closed_because": "repair"}],
        f"assistance/v1/cases/{CASE}/plans": [a_plan(**plan)],
        "assistance/v1/contracts": [a_contract(), a_contract(remaining=0, beyond=2)],
    }


def still_here() -> dict[str, Any]:
    """Somebody keeps the bed after a stop."""
    return {"assistance/v1/lasting-stays": [a_lasting_stay()]}


Filled = dict[str, str | list[str]]
FILLED_HELP: Mapping[str, tuple[Filled, Mapping[str, Any]]] = {
    "arrived": ({"occurred_at": "2026-03-02T12:00"}, {"occurred_at": "2026-03-02T09:00:00+00:00"}),
    "departed": ({}, {}),
    "extend": (
        {"ends_at": "2026-06-01", "reason": "safety"},
        {"ends_at": "2026-06-01T20:59:00+00:00", "reason": "safety"},
    ),
    "place-assigned": (
        {"pool_id": str(POOL), "needs": ["step-free"]},
        {"pool_id": str(POOL), "needs": ["step-free"]},
    ),
    "no-show": ({}, {}),
    "schedule": (
        {"starts_at": "2026-03-05T12:00"},
        {"starts_at": "2026-03-05T09:00:00+00:00"},
    ),
    "end-early": ({"reason": "safety"}, {"reason": "safety"}),
    "leave": ({}, {"reason": "person-left"}),
}
"""By the form's word: what a nurse fills in, and what is told beside the task."""
FILLED_PLAN: Mapping[str, tuple[Filled, Mapping[str, Any]]] = {
    "redraft": (
        {
            "majority": "adult",
            "needs": ["shelter", "vocational"],
            "own_parts": ["shelter"],
            "other_agency": "ngo-brest",
            "other_parts": ["vocational"],
        },
        {
            "majority": "adult",
            "needs": ["shelter", "vocational"],
            "parts": [
                {
                    "part_id": str(TASK),
                    "service_type": "shelter",
                    "agency": NODE,
                    "agreed": True,
                },
                {
                    "part_id": str(CASE),
                    "service_type": "vocational",
                    "agency": "ngo-brest",
                    "agreed": True,
                },
            ],
        },
    ),
    "advance": ({"to": "agreed"}, {"to": "agreed"}),
    "asked-after": (
        {"follow_up_id": str(DUE), "feedback": ["feels-safe"]},
        {"follow_up_id": str(DUE), "feedback": ["feels-safe"]},
    ),
}
"""The same for a plan."""
