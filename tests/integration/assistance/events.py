"""Events as the gateway and referral bring them to assistance."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from contracts.intake import CapacityReported, ServiceDelivered
from contracts.referral import HoldRequested, TaskAccepted, TaskFact
from services.chassis.clock import new_id
from tests.support.service_bench import NOW, Bench

ROOM = "crisis-room"
VISIT = "nursing-visit"
REFERRAL = "referral"


def a_report(pool_id: UUID, **changes: Any) -> CapacityReported:
    given: dict[str, Any] = {
        "pool_id": pool_id,
        "service_type": ROOM,
        "audience_class": "women",
        "maximum": 1,
    }
    return CapacityReported(**given | changes)


def of_task(model: type[TaskFact], task_id: UUID, **changes: Any) -> TaskFact:
    given: dict[str, Any] = {
        "task_id": task_id,
        "side": "provider",
        "service_type": ROOM,
        "urgency": "urgent",
        "other_agency": "interior-brest",
        "counted_by": "border-brest",
        "happened_at": NOW,
    }
    return model(**given | changes)


def a_request(task_id: UUID, **changes: Any) -> TaskFact:
    given: dict[str, Any] = {
        "audience_class": "women",
        "expires_at": NOW + timedelta(days=3650),
    }
    return of_task(HoldRequested, task_id, **given | changes)


def an_acceptance(task_id: UUID, **changes: Any) -> TaskFact:
    return of_task(TaskAccepted, task_id, hand_over_reference=new_id(), **changes)


def a_service(task_id: UUID, **changes: Any) -> ServiceDelivered:
    return ServiceDelivered(**{"task_id": task_id, "unit": "visit", "quantity": 1} | changes)


async def a_pool_of(bench: Bench, maximum: int, **changes: Any) -> UUID:
    pool_id = new_id()
    assert await bench.bring(a_report(pool_id, maximum=maximum, **changes), pool_id) == "handled"
    return pool_id


async def an_accepted_task(bench: Bench, case_id: UUID, **changes: Any) -> UUID:
    """A hold that was placed and a task that was accepted."""
    task_id = new_id()
    await bench.bring(a_request(task_id, **changes), case_id, publisher=REFERRAL)
    accepted = {name: value for name, value in changes.items() if name != "audience_class"}
    await bench.bring(an_acceptance(task_id, **accepted), case_id, publisher=REFERRAL)
    return task_id


async def places_of(bench: Bench, pool_id: UUID) -> tuple[int, int, int, int]:
    """Available, held, occupied, out of service."""
    (row,) = await bench.rows("SELECT * FROM pool WHERE pool_id = $1", pool_id)
    return row["available"], row["held"], row["occupied"], row["out_of_service"]
