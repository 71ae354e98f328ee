"""Plans and askings on a real database: commands, events, clocks, and what a freeze means."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from contracts.gateway import SharingStopped
from contracts.intake import (
    FollowUpDone,
    FollowUpPlanned,
    PlanAdvanced,
    PlanDrafted,
    PlanPart,
)
from services.chassis.clock import new_id
from tests.support.service_bench import NOW, Bench


def a_draft(plan_id: UUID, **changes: Any) -> PlanDrafted:
    part = PlanPart(part_id=new_id(), service_type="medical", agency="ngo-brest", agreed=True)
    given: dict[str, Any] = {
        "plan_id": plan_id,
        "majority": "child",
        "needs": ("medical", "education"),
        "risk": "high",
        "safety_plan": "yes",
        "goals": ("health", "education"),
        "parts": (part,),
    }
    return PlanDrafted(**given | changes)


async def move(bench: Bench, ids: tuple[UUID, UUID], *steps: str) -> None:
    for step in steps:
        reason = "goals-met" if step == "closed" else None
        await bench.bring(PlanAdvanced(plan_id=ids[0], to=step, reason=reason), ids[1])


async def test_a_childs_plan_from_draft_to_the_end_of_monitoring(provider: Bench) -> None:
    plan_id, case_id, asked = new_id(), new_id(), new_id()
    await provider.bring(a_draft(plan_id), case_id)
    await move(provider, (plan_id, case_id), "agreed", "active", "reintegration", "follow-up")
    due_at = NOW + timedelta(days=30)
    planned = FollowUpPlanned(plan_id=plan_id, follow_up_id=asked, due_at=due_at)
    await provider.bring(planned, case_id)
    await provider.let_time_pass(days=30)
    await provider.bring(
        FollowUpDone(
            plan_id=plan_id, follow_up_id=asked, feedback=("feels-safe",), goals_met=("health",)
        ),
        case_id,
    )
    await move(provider, (plan_id, case_id), "closed")
    await provider.let_time_pass(days=336)
    await move(provider, (plan_id, case_id), "closed", "active")
    answers = await provider.answers()
    assert answers == [*[True] * 7, ["too-early"], True, True]
    assert await provider.kinds("assistance") == [
        *("plan-written", "plan-moved", "plan-moved", "plan-moved", "plan-moved"),
        *("follow-up-set", "follow-up-set", "follow-up-due", "follow-up-heard"),
        *("follow-up-due", "monitoring-ended", "plan-moved", "plan-moved"),
    ]
    async with provider.client() as officer:
        (shown,) = (await officer.get(f"/v1/cases/{case_id}/plans")).json()
    assert (shown["state"], shown["risk"], shown["parts"][0]["agreed"]) == ("active", "high", True)
    assert [each["feedback"] for each in shown["follow_ups"]] == [["feels-safe"], []]


async def test_one_step_back_does_not_end_the_monitoring_of_a_child(provider: Bench) -> None:
    ids = new_id(), new_id()
    await provider.bring(a_draft(ids[0]), ids[1])
    await move(provider, ids, "agreed", "active", "closed", "reintegration", "closed", "follow-up")
    await move(provider, ids, "closed", "active", "closed")
    answers = await provider.answers()
    assert answers == [
        *(True, True, True, ["too-early"], True, ["too-early"], True),
        *(["too-early"], True, ["too-early"]),
    ]


async def test_a_closed_plan_asks_after_nobody_and_rings_again_when_opened(
    provider: Bench,
) -> None:
    ids = plan_id, case_id = new_id(), new_id()
    await provider.bring(a_draft(plan_id, majority="adult"), case_id)
    await move(provider, ids, "agreed", "active", "reintegration", "follow-up", "closed")
    assert await provider.rows("SELECT 1 FROM deadline") == []
    await move(provider, ids, "active")
    assert await provider.rows("SELECT kind FROM deadline") == [{"kind": "follow-up-due"}]


async def test_each_refusal_names_what_is_wrong(provider: Bench) -> None:
    plan_id, case_id, asked = new_id(), new_id(), new_id()
    await move(provider, (plan_id, case_id), "agreed")
    await provider.bring(a_draft(plan_id), case_id)
    await provider.bring(a_draft(plan_id), new_id())
    await move(provider, (plan_id, new_id()), "agreed")
    unknown = FollowUpDone(plan_id=plan_id, follow_up_id=asked)
    await provider.bring(unknown, case_id)
    await provider.bring(FollowUpPlanned(plan_id=new_id(), follow_up_id=asked, due_at=NOW), case_id)
    assert await provider.answers() == [
        *(["unknown-plan"], True, ["id-reused"], ["unknown-plan"]),
        *(["unknown-plan"], ["unknown-plan"]),
    ]


async def test_of_a_frozen_case_nothing_is_planned_shown_or_asked_after(provider: Bench) -> None:
    ids = plan_id, case_id = new_id(), new_id()
    await provider.bring(a_draft(plan_id), case_id)
    await move(provider, ids, "agreed", "active", "reintegration", "follow-up")
    await provider.bring(SharingStopped(reference_known=True), case_id)
    await provider.let_time_pass(days=400)
    await provider.bring(a_draft(plan_id), case_id)
    await move(provider, ids, "closed")
    assert (await provider.answers())[-2:] == [["case-frozen"], ["case-frozen"]]
    told = await provider.kinds("assistance")
    assert {"follow-up-due", "monitoring-ended"} & set(told) == set()
    async with provider.client() as officer:
        assert (await officer.get(f"/v1/cases/{case_id}/plans")).json() == []
