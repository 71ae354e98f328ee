"""Contracts on a real database: charged with what is given, told as statement and report."""

import csv
from datetime import timedelta
from typing import Any
from uuid import UUID

from contracts.intake import ContractRecorded
from services.chassis.clock import new_id
from tests.integration.assistance.events import VISIT, a_service, an_accepted_task
from tests.support.service_bench import NOW, Bench

PERIOD = {"start": NOW.isoformat(), "end": (NOW + timedelta(days=30)).isoformat()}


def a_contract(contract_id: UUID, **changes: Any) -> ContractRecorded:
    given: dict[str, Any] = {
        "contract_id": contract_id,
        "service_type": VISIT,
        "unit": "visit",
        "funding": "state-social-order",
        "funded": 3,
        "starts_at": NOW - timedelta(days=1),
        "ends_at": NOW + timedelta(days=365),
        "recipient": "labour-vitebsk",
    }
    return ContractRecorded(**given | changes)


async def a_recorded_contract(bench: Bench, **changes: Any) -> UUID:
    contract_id = new_id()
    assert await bench.bring(a_contract(contract_id, **changes), contract_id) == "handled"
    return contract_id


async def test_delivered_beyond_funded_is_told_once_and_never_blocks_help(provider: Bench) -> None:
    contract_id, case_id = await a_recorded_contract(provider), new_id()
    task_id = await an_accepted_task(provider, case_id, service_type=VISIT)
    for quantity in (2, 2, 1):
        await provider.bring(a_service(task_id, quantity=quantity), case_id)
    assert await provider.answers() == [True] * 4
    assert await provider.kinds("capacity", contract_id) == [
        *("contract-changed", "contract-exhausted", "contract-exceeded"),
    ]
    exceeded = (await provider.told("capacity", contract_id))[-1]
    assert (exceeded.body["remaining"], exceeded.body["beyond"]) == (0, 1)
    async with provider.client("capacity-clerk") as clerk:
        (shown,) = (await clerk.get("/v1/contracts")).json()
        numbers = (await clerk.get("/metrics/inside")).text
    assert (shown["funded"], shown["delivered"], shown["beyond"]) == (3, 5, 2)
    line = next(
        each for each in numbers.splitlines() if each.startswith("nrm_contract_units_beyond{")
    )
    assert line.endswith(" 2.0")
    assert str(contract_id) not in numbers


async def used_up(bench: Bench) -> list[str]:
    async with bench.client("capacity-clerk") as clerk:
        numbers = (await clerk.get("/metrics/inside")).text.splitlines()
    lines = [line for line in numbers if line.startswith("nrm_contracts_used_up{")]
    return [line.rpartition(" ")[2] for line in lines]


async def test_the_last_paid_unit_is_told_once_and_a_number_as_long_as_the_contract_runs(
    provider: Bench,
) -> None:
    contract_id, case_id = await a_recorded_contract(provider), new_id()
    task_id = await an_accepted_task(provider, case_id, service_type=VISIT)
    await provider.bring(a_service(task_id, quantity=2), case_id)
    assert await used_up(provider) == ["0.0"]
    await provider.bring(a_service(task_id, quantity=1), case_id)
    told = (await provider.told("capacity", contract_id))[1:]
    assert [(each.kind, each.body["remaining"], each.body["beyond"]) for each in told] == [
        ("contract-exhausted", 0, 0)
    ]
    assert await used_up(provider) == ["1.0"]
    provider.clock.advance(timedelta(days=366))
    assert await used_up(provider) == ["0.0"]


async def test_the_same_record_is_charged_once(provider: Bench) -> None:
    contract_id, case_id = await a_recorded_contract(provider), new_id()
    task_id = await an_accepted_task(provider, case_id, service_type=VISIT)
    again = provider.arrival(a_service(task_id), case_id)
    assert [await provider.settle(again) for _ in range(2)] == ["handled", "duplicate"]
    async with provider.client("capacity-clerk") as clerk:
        (shown,) = (await clerk.get("/v1/contracts")).json()
    assert (shown["contract_id"], shown["delivered"]) == (str(contract_id), 1)


async def test_a_contract_is_refused_with_every_reason(provider: Bench) -> None:
    contract_id = await a_recorded_contract(provider)
    await provider.bring(a_contract(new_id()), contract_id)
    await provider.bring(a_contract(contract_id, ends_at=NOW - timedelta(days=2)), contract_id)
    assert await provider.answers() == [True, ["wrong-format"], ["out-of-range"]]


async def test_a_statement_is_for_the_named_recipient_written_by_a_supervisor_and_recorded(
    provider: Bench,
) -> None:
    contract_id, case_id = await a_recorded_contract(provider), new_id()
    nobodys = await a_recorded_contract(provider, funding="donor", recipient=None, unit="hour")
    task_id = await an_accepted_task(provider, case_id, service_type=VISIT)
    await provider.bring(a_service(task_id, quantity=2), case_id)
    path = f"/v1/contracts/{contract_id}/statement"
    async with provider.client("capacity-clerk") as clerk:
        assert (await clerk.get(path, params=PERIOD)).status_code == 403
    async with provider.client("supervisor") as supervisor:
        answer = await supervisor.get(path, params=PERIOD)
        before = await supervisor.get(
            path, params={"start": "2026-01-01T00:00:00Z", "end": NOW.isoformat()}
        )
        refused = await supervisor.get(f"/v1/contracts/{nobodys}/statement", params=PERIOD)
        unknown = await supervisor.get(f"/v1/contracts/{new_id()}/statement", params=PERIOD)
    assert answer.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(answer.text.splitlines())
    assert (row["recipient"], row["delivered_in_period"], row["remaining"]) == (
        *("labour-vitebsk", "2", "1"),
    )
    assert str(case_id) not in answer.text
    assert str(task_id) not in answer.text
    (earlier,) = csv.DictReader(before.text.splitlines())
    assert (earlier["delivered_in_period"], earlier["delivered"]) == ("0", "2")
    assert (refused.status_code, unknown.status_code) == (409, 404)
    assert (await provider.audited()).count("write-statement") >= 2


async def test_the_exact_report_is_by_service_and_contract_stamped_and_recorded(
    provider: Bench,
) -> None:
    contract_id = await a_recorded_contract(provider)
    for service, unit, quantities in ((VISIT, "visit", (1, 2)), ("psychological", "session", (4,))):
        case_id = new_id()
        task_id = await an_accepted_task(provider, case_id, service_type=service)
        for quantity in quantities:
            await provider.bring(a_service(task_id, unit=unit, quantity=quantity), case_id)
    async with provider.client("statistician") as statistician:
        told = (await statistician.get("/v1/report", params=PERIOD)).json()
    async with provider.client("case-officer") as officer:
        assert (await officer.get("/v1/report", params=PERIOD)).status_code == 403
    assert told["stamp"] == "internal, exact: never to leave this node"
    rows = [
        (row["service_type"], row["funding"], row["contract_id"], row["units"], row["episodes"])
        for row in told["rows"]
    ]
    assert rows == [
        (VISIT, "state-social-order", str(contract_id), 3, 1),
        ("psychological", "own-means", None, 4, 1),
    ]
    assert "exact-report-read" in await provider.audited()
