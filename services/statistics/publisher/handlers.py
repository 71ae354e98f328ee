"""A plan is asked for, sums come in, a release goes out at its time: never earlier or edited."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from contracts.catalogue import type_of
from contracts.statistics import ManifestClosed, PartialSummed, PlanPublished
from services.chassis import audit
from services.chassis.clock import derived_id, new_id
from services.chassis.database import Database
from services.chassis.deadlines import Deadline, DeadlineHandler, set_deadline
from services.chassis.frame import Frame
from services.chassis.identity import Caller
from services.chassis.messaging.broker import HUB
from services.chassis.messaging.subscriptions import Subscriptions
from services.chassis.messaging.work import Cause, Received, Waits, Work
from services.statistics.publisher import disclosure, domain
from services.statistics.publisher.store import Store

RELEASE: Final = "release"
LEDGER: Final = "ledger"
"""Plans are entered one after the other: the ledger is one."""
LIST_LIMIT: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the publisher's handlers are given."""

    service: str
    cap: Fraction
    frame: Frame

    @property
    def database(self) -> Database:
        """The publisher's own database."""
        return self.frame.database


def plan_of(body: PlanPublished) -> domain.Plan:
    """The plan as the domain reads it."""
    fields = {
        name: getattr(body, name) for name in domain.Plan.__dataclass_fields__ if name != "tables"
    }
    return domain.Plan(
        **fields,
        tables=tuple(
            domain.Table(
                name=table.table,
                cells=table.cells,
                rho=Fraction(table.rho),
                sigma_squared=Fraction(table.sigma_squared),
            )
            for table in body.tables
        ),
    )


async def publish_plan(context: Context, caller: Caller, body: PlanPublished) -> tuple[str, ...]:
    """Enter a plan and announce it; the objections, when there are any."""
    plan = plan_of(body)
    objections = domain.objections(plan)
    if objections:
        return objections
    rho = domain.spent(plan.tables)
    async with context.database.transaction() as tx:
        await context.frame.lock(tx, LEDGER)
        work = context.frame.work(tx, cause=Cause(id=str(new_id())), caller=caller.name)
        store, year = Store(tx), plan.period_start.year
        row = {
            "plan_id": body.plan_id,
            "dataset": plan.dataset,
            "period_start": plan.period_start,
            "vintage": body.vintage,
            "body": body.model_dump(mode="json"),
            "now": work.now,
        }
        if await store.has_plan(row):
            return ("plan-exists",)
        if not domain.may_spend(await store.spent(year), rho, context.cap):
            return ("ledger-refuses",)
        await store.put_plan(row, rho, context.cap)
        await set_deadline(
            tx,
            kind=RELEASE,
            subject=str(body.plan_id),
            due_at=plan.publish_at,
            id=derived_id(context.service, str(body.plan_id), RELEASE, 1),
        )
        audit.record(tx, actor=caller.name, action="plan-published", subject=str(body.plan_id))
        store.publish(body, subject=str(body.plan_id))
    return ()


async def manifest_closed(received: Received, work: Work) -> Waits | None:
    """How many nodes a custodian counted."""
    body: ManifestClosed = received.body
    await Store(work.transaction).put_manifest(
        {
            "plan_id": body.plan_id,
            "custodian": body.custodian,
            "nodes_counted": body.nodes_counted,
            "nodes_missing": body.nodes_missing,
        }
    )
    return None


async def partial_summed(received: Received, work: Work) -> Waits | None:
    """A custodian's noisy sums; shown to nobody before the release's time."""
    body: PartialSummed = received.body
    tables = [table.model_dump(mode="json") for table in body.tables]
    await Store(work.transaction).put_partial(body.plan_id, body.custodian, tables)
    return None


async def release(context: Context, deadline: Deadline, work: Work) -> None:
    """At its time: publish, or say that it is held."""
    store, plan_id = Store(work.transaction), UUID(deadline.subject)
    plan_body = await store.plan(plan_id)
    if plan_body is None or await store.released(plan_id):
        return
    announced = PlanPublished.model_validate(plan_body)
    plan = plan_of(announced)
    custodian = plan.custodians[0]
    manifest = await store.manifest(plan_id, custodian)
    counted = manifest["nodes_counted"] if manifest else 0
    missing = manifest["nodes_missing"] if manifest else len(plan.roster)
    sums = await store.partial(plan_id, custodian)
    reason = domain.held_because(plan, counted, sums)
    if reason is not None or sums is None:
        event: Any = disclosure.held(announced, reason or "too-few-nodes", missing)
        release_id = derived_id(context.service, str(plan_id), "held", 1)
    else:
        release_id = derived_id(context.service, str(plan_id), RELEASE, 1)
        made = disclosure.Release(
            release_id=release_id,
            published_at=work.now,
            nodes_counted=counted,
            nodes_missing=missing,
            tables=[
                (table.name, domain.shown(table, sums[table.name], counted))
                for table in plan.tables
            ],
            supersedes=await store.latest(plan.dataset, plan.period_start),
        )
        event = disclosure.release(announced, made, domain.spent(plan.tables))
    await _keep(store, event, release_id, reason, work)


async def _keep(store: Store, event: Any, release_id: UUID, reason: str | None, work: Work) -> None:
    await store.put_release(
        {
            "release_id": release_id,
            "plan_id": event.plan_id,
            "held": reason,
            "body": event.model_dump(mode="json"),
            "now": work.now,
        }
    )
    audit.record(
        work.transaction,
        actor=work.service,
        action="release-held" if reason else "release-published",
        subject=str(event.plan_id),
        reason=reason or "",
    )
    store.publish(event, subject=str(event.plan_id))


async def find_plan(context: Context, plan_id: UUID) -> dict[str, Any] | None:
    """A plan, and whether its sums are in, for who may see plans before their time."""
    async with context.database.transaction() as tx:
        store = Store(tx)
        plan = await store.plan(plan_id)
        if plan is None:
            return None
        sums = [await store.partial(plan_id, each) for each in plan["custodians"]]
        return {"plan": plan, "summed": all(each is not None for each in sums)}


async def list_releases(context: Context) -> list[dict[str, Any]]:
    """Every release, newest first."""
    async with context.database.transaction() as tx:
        return await Store(tx).releases(LIST_LIMIT)


async def find_release(context: Context, release_id: UUID) -> dict[str, Any] | None:
    """One release."""
    async with context.database.transaction() as tx:
        return await Store(tx).release(release_id)


def read_aloud(release_body: Mapping[str, Any]) -> dict[str, Any]:
    """A release with a sentence beside each number: the interval first."""
    tables = [
        {
            "table": table["table"],
            "cells": [
                asdict(cell) | {"shown": domain.sentence(cell)}
                for cell in (domain.ShownCell(**each) for each in table["cells"])
            ],
        }
        for table in release_body["tables"]
    ]
    return {**release_body, "tables": tables}


def deadlines(context: Context) -> Mapping[str, DeadlineHandler[Work]]:
    """What fires when."""

    async def fire(deadline: Deadline, work: Work) -> None:
        await release(context, deadline, work)

    return {RELEASE: fire}


def subscriptions(context: Context) -> Subscriptions:
    """What the publisher reads."""
    return Subscriptions(
        consumer=context.service,
        bus=HUB,
        topics=("nrm.statistics.manifest.v1", "nrm.statistics.partial.v1"),
        handlers={
            type_of("custodian", ManifestClosed): manifest_closed,
            type_of("custodian", PartialSummed): partial_summed,
        },
    )
