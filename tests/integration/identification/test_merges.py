"""A case that was entered twice: whatever comes at the same moment, one of the two goes on."""

import asyncio
from uuid import UUID

import pytest

from contracts.envelope import Contract
from contracts.intake import CaseClosed, DuplicateFound
from services.chassis.clock import new_id
from services.chassis.messaging.work import Work
from services.identification.domain.merging import OtherCase
from services.identification.handlers import linking, plain
from tests.integration.identification.events import POLICY, a_detection, a_policy
from tests.support.service_bench import Bench
from tests.support.waiting import until

WAITING = """
    SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


async def two_cases(border: Bench) -> tuple[UUID, UUID]:
    await border.bring(a_policy(), POLICY)
    first, second = sorted((new_id(), new_id()))
    for case_id in (first, second):
        await border.bring(a_detection(), case_id)
    return first, second


@pytest.mark.parametrize("with_what", ["merge", "close"])
async def test_two_commands_at_once_leave_one_case_that_goes_on(
    border: Bench, monkeypatch: pytest.MonkeyPatch, with_what: str
) -> None:
    """The first one has looked at the other case and not yet ended its own when the second comes:
    that one waits, and sees what became of it.
    """
    first, second = await two_cases(border)
    looked: list[UUID | None] = []
    reading = linking.other_case

    async def another_waits_or_looked() -> bool:
        return len(looked) > 1 or bool(await border.rows(WAITING))

    async def look_and_pause(work: Work, case_id: UUID | None) -> OtherCase | None:
        found = await reading(work, case_id)
        if case_id is not None:
            looked.append(case_id)
            await until(another_waits_or_looked)
        return found

    monkeypatch.setattr(plain, "other_case", look_and_pause)
    meanwhile: Contract = (
        DuplicateFound(into_case=first) if with_what == "merge" else CaseClosed(reason="needs-met")
    )

    async def come_second() -> str:
        await until(lambda: bool(looked))
        outcome = await border.bring(meanwhile, second)
        looked.append(None)
        return outcome

    await asyncio.gather(border.bring(DuplicateFound(into_case=second), first), come_second())
    rows = await border.rows("SELECT case_id, state FROM person_case")
    states = {row["case_id"]: row["state"] for row in rows}
    over = {"merge": "detected", "close": "closed"}
    assert states == {first: "entered-in-error", second: over[with_what]}
    refused = [each for each in await border.answers() if each is not True]
    assert refused == ([["wrong-state"]] if with_what == "merge" else [])
