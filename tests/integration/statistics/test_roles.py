"""Facts, ledger, noise, sums and releases, each role on its own database."""

import random
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest

from contracts.assistance import EpisodeStarted
from contracts.envelope import Contract
from contracts.identification import (
    CaseChanged,
    CaseMerged,
    CaseOpened,
    CaseVoided,
    PersonIdentified,
)
from contracts.statistics import (
    CountsContributed,
    ManifestClosed,
    NoisyTable,
    PartialSummed,
    PlannedTable,
    PlanPublished,
)
from services.chassis.clock import new_id
from services.chassis.errors import StatementRefused
from services.statistics.contributor.store import Store
from tests.support.service_bench import NOW, Bench

CODES: dict[str, Any] = {
    "case_type": "trafficking",
    "majority": "adult",
    "immediate_danger": False,
    "oblast": "BY-BR",
    "citizenship": "BY",
    "country_of_exploitation": "RU",
    "exploitation": ("forced-labour",),
    "industry": "F",
    "audience_class": "men",
    "language": "ru",
}
PERIOD = (NOW - timedelta(days=100), NOW + timedelta(days=1))


VOIDED = CaseVoided(reason="duplicate")
IDENTIFIED = PersonIdentified(decided_at=NOW, counted_by="border-brest")


def opened(counted_by: str = "border-brest") -> CaseOpened:
    return CaseOpened(origin="detected", counted_by=counted_by, occurred_at=NOW, **CODES)


def started(service_type: str) -> EpisodeStarted:
    return EpisodeStarted(
        episode_id=new_id(),
        task_id=new_id(),
        service_type=service_type,
        counted_by="border-brest",
        happened_at=NOW,
    )


def a_plan(**changes: Any) -> PlanPublished:
    given: dict[str, Any] = {
        "plan_id": new_id(),
        "dataset": "pilot",
        "protocol": "source-noise",
        "vintage": "P",
        "period_start": PERIOD[0],
        "period_end": PERIOD[1],
        "cut_off_at": NOW + timedelta(days=2),
        "window_closes_at": NOW + timedelta(days=12),
        "publish_at": NOW + timedelta(days=40),
        "minimum_nodes": 2,
        "roster": ("border-brest", "interior-brest", "ngo-brest"),
        "custodians": ("custodian-one",),
        "tables": (
            PlannedTable(
                table="detected-total", cells=("total",), clip=1, rho="1/2", sigma_squared="1/1"
            ),
        ),
    }
    return PlanPublished(**given | changes)


def a_contribution(plan: PlanPublished, *values: int) -> CountsContributed:
    return CountsContributed(
        plan_id=plan.plan_id,
        submission_id=new_id(),
        tables=(NoisyTable(table="detected-total", values=values),),
    )


async def exact(node: Bench) -> dict[str, Any]:
    async with node.client("statistician") as client:
        answer = await client.get(
            "/v1/counts", params={"start": PERIOD[0].isoformat(), "end": PERIOD[1].isoformat()}
        )
    assert answer.status_code == 200
    return dict(answer.json()["tables"])


async def counted(node: Bench, table: str, after: str = "") -> list[str]:
    """The cases that a table counts in the period."""
    period = {"start": PERIOD[0].isoformat(), "end": PERIOD[1].isoformat(), "after": after}
    async with node.client("report-writer") as client:
        answer = await client.get(f"/v1/counted/{table}", params=period)
    assert answer.status_code == 200
    return [row["case_id"] for row in answer.json()]


async def test_which_cases_are_counted_is_told_page_by_page_each_person_once(node: Bench) -> None:
    first, second, duplicate = sorted(new_id() for _ in range(3))
    for case_id in (first, second, duplicate):
        await node.bring(opened(), case_id, publisher="identification")
    await node.bring(opened("interior-brest"), new_id(), publisher="identification")
    await node.bring(IDENTIFIED, first, publisher="identification")
    await node.bring(CaseMerged(into_case=second), duplicate, publisher="identification")
    assert await counted(node, "detected-total") == [str(first), str(second)]
    assert await counted(node, "detected-total", str(first)) == [str(second)]
    assert await counted(node, "identified-total") == [str(first)]
    period = {"start": PERIOD[0].isoformat(), "end": PERIOD[1].isoformat()}
    async with node.client("report-writer") as client:
        wrong = await client.get("/v1/counted/detected-by-oblast", params=period)
    assert wrong.status_code == 422
    async with node.client("statistician") as client:
        assert (await client.get("/v1/counted/detected-total", params=period)).status_code == 403


async def test_facts_are_state_and_a_case_counts_once(node: Bench) -> None:
    case_id = new_id()
    first = node.arrival(opened(), case_id, publisher="identification")
    assert await node.settle(first) == "handled"
    assert await node.settle(first) == "duplicate"
    await node.bring(
        CaseChanged(**CODES | {"oblast": "BY-VI"}), case_id, publisher="identification"
    )
    await node.bring(started("nursing-visit"), case_id, publisher="assistance")
    await node.bring(started("crisis-room"), case_id, publisher="assistance")
    counts = await exact(node)
    assert counts["detected-total"] == {"total": 1}
    assert counts["detected-by-oblast"] == {"by-vi": 1}
    assert counts["assisted-by-service"] == {"health": 1}


@pytest.mark.parametrize("seed", range(4))
async def test_who_was_entered_twice_counts_once_by_what_came_first(node: Bench, seed: int) -> None:
    first, second, third = (new_id() for _ in range(3))
    oblasts = {first: "BY-BR", second: "BY-VI", third: "BY-HM"}

    def at(days: int) -> datetime:
        return NOW - timedelta(days=days)

    helped = {"happened_at": at(3)}
    scripts: list[list[tuple[UUID, Contract]]] = [
        [
            (case_id, opened().model_copy(update={"occurred_at": at(days), "oblast": where})),
            *((case_id, body) for body in what),
        ]
        for (case_id, where), days, what in (
            ((first, oblasts[first]), 5, (CaseMerged(into_case=second), VOIDED, IDENTIFIED)),
            ((second, oblasts[second]), 9, (CaseMerged(into_case=third), VOIDED)),
            ((third, oblasts[third]), 7, (IDENTIFIED,)),
        )
    ]
    scripts += [
        [(first, started("crisis-room"))],
        [(third, started("nursing-visit").model_copy(update=helped))],
    ]
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    while scripts := [script for script in scripts if script]:
        case_id, body = chance.choice(scripts).pop(0)
        publisher = "assistance" if isinstance(body, EpisodeStarted) else "identification"
        await node.bring(body, case_id, publisher=publisher)
    counts = await exact(node)
    assert counts["detected-total"] == counts["identified-total"] == {"total": 1}
    assert counts["detected-by-oblast"] == {"by-vi": 1}
    assert counts["assisted-by-service"] == {"health": 1}


async def test_of_a_merged_case_that_another_node_counts_nothing_is_detected_here(
    node: Bench,
) -> None:
    handed_over, here = new_id(), new_id()
    await node.bring(opened(), here, publisher="identification")
    await node.bring(opened("interior-brest"), handed_over, publisher="identification")
    assert (await exact(node))["detected-total"] == {"total": 1}
    merged = CaseMerged(into_case=handed_over)
    await node.bring(merged, here, publisher="identification")
    assert "detected-total" not in await exact(node)


async def test_a_case_of_another_node_is_not_detected_here_but_identified_here(
    node: Bench,
) -> None:
    case_id = new_id()
    await node.bring(opened(counted_by="ngo-brest"), case_id, publisher="identification")
    await node.bring(
        PersonIdentified(decided_at=NOW, counted_by="ngo-brest"),
        case_id,
        publisher="identification",
    )
    assert await exact(node) == {"identified-total": {"total": 1}}


async def test_a_case_entered_in_error_leaves_and_stays_away(node: Bench) -> None:
    case_id = new_id()
    await node.bring(opened(), case_id, publisher="identification")
    await node.bring(CaseVoided(reason="test-entry"), case_id, publisher="identification")
    await node.bring(started("nursing-visit"), case_id, publisher="assistance")
    assert await exact(node) == {}


async def test_a_contribution_is_drawn_once_and_pays_first(node: Bench) -> None:
    await node.bring(opened(), new_id(), publisher="identification")
    plan = a_plan()
    await node.bring(plan, plan.plan_id, publisher="publisher")
    assert await node.told("outgoing") == []
    await node.let_time_pass(days=12)
    (told,) = await node.told("outgoing")
    assert told.headers["recipient"] == "custodian-one"
    kept = (await node.rows("SELECT tables FROM contribution"))[0]["tables"]
    assert told.body["tables"] == kept
    again = {"id": new_id(), "kind": "contribute", "subject": str(plan.plan_id)}
    await node.rows(
        "INSERT INTO deadline (id, kind, subject, due_at, detail)"
        " VALUES ($1, $2, $3, now() - interval '1 year', '{}')",
        *again.values(),
    )
    await node.let_time_pass(days=1)
    assert len(await node.told("outgoing")) == 1
    assert len(await node.rows("SELECT 1 FROM ledger")) == 2  # the period touches two years


async def test_the_ledger_refuses_what_would_be_too_much(node: Bench) -> None:
    plans = [a_plan(), a_plan(dataset="another")]
    for plan in plans:
        await node.bring(plan, plan.plan_id, publisher="publisher")
    await node.let_time_pass(days=13)
    assert len(await node.told("outgoing")) == 1
    async with node.client("statistician") as client:
        listed = (await client.get("/v1/contributions")).json()
    assert sorted(each["refused"] or [] for each in listed) == [[], ["ledger-refuses"]]
    with pytest.raises(StatementRefused):
        await overdraw(node)


async def overdraw(node: Bench) -> None:
    """What the database itself must refuse, should the handler's check be wrong."""
    async with node.frame.database.transaction() as tx:
        (row,) = await tx.connection.fetch("SELECT plan_id FROM plan WHERE refused IS NOT NULL")
        entry = {"plan_id": row["plan_id"], "year": PERIOD[1].year, "now": NOW}
        await Store(tx).spend(entry, Fraction(1, 2), Fraction(95, 100))


async def test_a_node_outside_the_roster_does_not_contribute(node: Bench) -> None:
    plan = a_plan(roster=("interior-brest", "ngo-brest"))
    await node.bring(plan, plan.plan_id, publisher="publisher")
    await node.let_time_pass(days=13)
    assert await node.told("outgoing") == []


def from_node(bench: Bench, node_id: str, body: CountsContributed) -> Any:
    arrival = bench.arrival(body, body.plan_id, publisher="contributor")
    source = f"urn:nrm:{node_id}:gateway"
    headers = tuple(
        (name, source.encode() if name == "ce_source" else value)
        for name, value in arrival.record.headers
    )
    record = type(arrival.record)(
        topic="nrm.statistics.contribution.v1",
        partition=0,
        offset=0,
        key=arrival.record.key,
        value=arrival.record.value,
        headers=tuple((name, b"1" if name == "ce_sequence" else value) for name, value in headers),
        timestamp=1,
    )
    return bench.handling.arriving.of(record)


async def test_the_first_valid_submission_of_each_node_counts(adder: Bench) -> None:
    plan = a_plan()
    early = from_node(adder, "border-brest", a_contribution(plan, 5))
    assert await adder.settle(early) == "waiting"
    await adder.bring(plan, plan.plan_id, publisher="publisher")
    assert await adder.try_again(early) == "handled"
    assert await adder.settle(from_node(adder, "ngo-brest", a_contribution(plan, -2))) == "handled"
    await adder.settle(from_node(adder, "elsewhere", a_contribution(plan, 100)))
    await adder.settle(from_node(adder, "interior-brest", a_contribution(plan, 1, 1)))
    await adder.let_time_pass(days=13)
    (manifest,) = await adder.told("nrm.statistics.manifest.v1")
    (partial,) = await adder.told("nrm.statistics.partial.v1")
    assert (manifest.body["nodes_counted"], manifest.body["nodes_missing"]) == (2, 1)
    assert partial.body["tables"] == [{"table": "detected-total", "values": [3]}]
    refused = await adder.rows("SELECT reason FROM audit WHERE action = 'submission-refused'")
    assert sorted(row["reason"] for row in refused) == ["not-in-the-roster", "wrong-shape"]


async def test_too_few_nodes_give_a_manifest_and_no_sum(adder: Bench) -> None:
    plan = a_plan()
    await adder.bring(plan, plan.plan_id, publisher="publisher")
    await adder.settle(from_node(adder, "ngo-brest", a_contribution(plan, 4)))
    await adder.let_time_pass(days=13)
    assert len(await adder.told("nrm.statistics.manifest.v1")) == 1
    assert await adder.told("nrm.statistics.partial.v1") == []


async def announce(hub: Bench, plan: PlanPublished) -> int:
    async with hub.client("statistician") as client:
        answer = await client.post(
            "/v1/plans",
            content=plan.model_dump_json(),
            headers={"content-type": "application/json"},
        )
    return answer.status_code


async def report(hub: Bench, plan: PlanPublished, *values: int) -> None:
    about = {"plan_id": plan.plan_id, "custodian": "custodian-one", "nodes_counted": 3}
    manifest = ManifestClosed(**about, nodes_missing=0, submissions=(new_id(),))
    tables = (NoisyTable(table="detected-total", values=values),)
    partial = PartialSummed(**about, nodes_missing=0, tables=tables)
    for body in (manifest, partial):
        await hub.bring(body, plan.plan_id, publisher="custodian")


async def test_a_release_comes_at_its_time_with_intervals(hub: Bench) -> None:
    plan = a_plan()
    assert await announce(hub, plan) == 201
    await report(hub, plan, 12)
    await hub.let_time_pass(days=39)
    assert await hub.told("nrm.statistics.release.v1") == []
    await hub.let_time_pass(days=2)
    (release,) = await hub.told("nrm.statistics.release.v1")
    (cell,) = release.body["tables"][0]["cells"]
    assert (cell["low"], cell["value"], cell["high"]) == (8, 12, 16)
    release_id = UUID(release.body["release_id"])
    async with hub.client() as client:
        shown = (await client.get(f"/v1/releases/{release_id}")).json()
        text = (await client.get(f"/v1/releases/{release_id}/tables/detected-total.csv")).text
        missing = await client.get(f"/v1/releases/{release_id}/tables/nothing.csv")
    assert shown["tables"][0]["cells"][0]["shown"] == "about 12 (8-16)"
    assert text.splitlines()[1].endswith("detected-total,total,8,16,12")
    assert missing.status_code == 404


async def test_a_release_without_enough_reports_is_held_and_says_so(hub: Bench) -> None:
    plan = a_plan()
    assert await announce(hub, plan) == 201
    await hub.let_time_pass(days=41)
    (told,) = await hub.told("nrm.statistics.release.v1")
    assert told.kind == "release-held"
    assert (told.body["reason"], told.body["nodes_missing"]) == ("too-few-nodes", 3)
    async with hub.client() as client:
        assert (await client.get("/v1/releases")).json() == []


async def test_plans_are_refused_twice_for_one_vintage_and_beyond_the_ledger(hub: Bench) -> None:
    assert await announce(hub, a_plan()) == 201
    assert await announce(hub, a_plan()) == 409
    assert await announce(hub, a_plan(vintage="F")) == 409
    assert await announce(hub, a_plan(dataset="another")) == 409
    assert await announce(hub, a_plan(dataset="another", minimum_nodes=9)) == 409
    assert len(await hub.told("nrm.statistics.plan.v1")) == 1


async def test_a_plan_under_a_known_id_is_refused_whatever_it_says(hub: Bench) -> None:
    plan = a_plan()
    assert await announce(hub, plan) == 201
    changed = plan.model_copy(update={"dataset": "another", "vintage": "F"})
    async with hub.client("statistician") as client:
        answer = await client.post("/v1/plans", json=changed.model_dump(mode="json"))
    assert (answer.status_code, answer.json()) == (409, {"objections": ["plan-exists"]})


async def test_only_a_statistician_publishes_a_plan(hub: Bench) -> None:
    async with hub.client("case-officer") as client:
        answer = await client.post("/v1/plans", json={})
    assert answer.status_code == 403


async def test_nothing_on_the_hub_says_where_in_a_node_it_comes_from(hub: Bench) -> None:
    assert await announce(hub, a_plan()) == 201
    (told,) = await hub.told("nrm.statistics.plan.v1")
    assert not {"correlationid", "causationid", "traceparent"} & {
        name for name, value in told.headers.items() if value
    }
