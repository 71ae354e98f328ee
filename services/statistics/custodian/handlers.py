"""Plans in, submissions in, and at the window's end a manifest and a sum out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from contracts.catalogue import type_of
from contracts.envelope import node_of
from contracts.statistics import CountsContributed, PlanPublished
from services.chassis import audit
from services.chassis.clock import derived_id
from services.chassis.database import Database, Record
from services.chassis.deadlines import Deadline, DeadlineHandler, set_deadline
from services.chassis.identity import Caller
from services.chassis.messaging.broker import HUB
from services.chassis.messaging.subscriptions import Subscriptions
from services.chassis.messaging.work import Received, Waits, Work
from services.statistics.custodian import disclosure, domain
from services.statistics.custodian.store import Store

CLOSE: Final = "close-manifest"
LIST_LIMIT: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a custodian's handlers are given."""

    node: str
    service: str
    database: Database


async def plan_published(context: Context, received: Received, work: Work) -> Waits | None:
    """Keep the plan; if it names this custodian, close its manifest when the window closes."""
    body: PlanPublished = received.body
    if not domain.serves(_plan(body), context.node):
        return None
    await Store(work.transaction).put_plan(body.plan_id, body.model_dump(mode="json"))
    await set_deadline(
        work.transaction,
        kind=CLOSE,
        subject=str(body.plan_id),
        due_at=body.window_closes_at,
        id=derived_id(context.service, received.envelope.id, CLOSE, 1),
    )
    return None


def _plan(body: PlanPublished) -> domain.Plan:
    return domain.Plan(
        protocol=body.protocol,
        roster=frozenset(body.roster),
        custodians=body.custodians,
        minimum_nodes=body.minimum_nodes,
        shape={table.table: len(table.cells) for table in body.tables},
    )


async def counts_contributed(received: Received, work: Work) -> Waits | None:
    """Keep a node's first valid submission; who sent it is the record's source, not its body."""
    body: CountsContributed = received.body
    store, plan_id = Store(work.transaction), body.plan_id
    plan_body = await store.plan(plan_id)
    if plan_body is None:
        return Waits("plan", str(plan_id))
    submission = domain.Submission(
        node=node_of(received.envelope.source),
        vectors={table.table: table.values for table in body.tables},
    )
    refused = domain.objections(_plan(PlanPublished.model_validate(plan_body)), submission)
    late = await store.closed(plan_id)
    if refused or late:
        audit.record(
            work.transaction,
            actor=submission.node,
            action="submission-refused",
            subject=str(plan_id),
            reason="too-late" if late else refused[0],
        )
        return None
    row = {
        "node": submission.node,
        "submission_id": body.submission_id,
        "tables": [table.model_dump(mode="json") for table in body.tables],
        "now": work.now,
    }
    if not await store.put_submission(plan_id, row):
        audit.record(
            work.transaction,
            actor=submission.node,
            action="submission-refused",
            subject=str(plan_id),
            reason="not-the-first",
        )
    return None


async def close_manifest(context: Context, deadline: Deadline, work: Work) -> None:
    """Close, add up, publish; too few nodes give a manifest and no sum."""
    store, plan_id = Store(work.transaction), UUID(deadline.subject)
    plan_body = await store.plan(plan_id)
    if plan_body is None or await store.closed(plan_id):
        return
    plan = _plan(PlanPublished.model_validate(plan_body))
    rows = await store.submissions(plan_id)
    submissions = [_submission(row) for row in rows]
    result = disclosure.Result(
        plan_id=plan_id,
        custodian=context.node,
        submissions=tuple(row["submission_id"] for row in rows),
        missing=domain.missing(plan, submissions),
        sums=domain.summed(plan, submissions),
    )
    await store.close(plan_id, result.submissions, result.missing, work.now)
    audit.record(
        work.transaction, actor=context.service, action="manifest-closed", subject=str(plan_id)
    )
    store.publish(disclosure.manifest(result), subject=str(plan_id))
    if domain.enough(plan, submissions):
        store.publish(disclosure.partial(result), subject=str(plan_id))


def _submission(row: Record) -> domain.Submission:
    tables: Sequence[Mapping[str, Any]] = row["tables"]
    return domain.Submission(
        node=row["node"],
        vectors={table["table"]: tuple(table["values"]) for table in tables},
    )


async def list_manifests(context: Context, caller: Caller) -> list[Record]:
    """How many reported, by plan."""
    async with context.database.transaction() as tx:
        audit.record(tx, actor=caller.name, action="manifests-read", subject="manifests")
        return await Store(tx).manifests(LIST_LIMIT)


async def list_plans(context: Context, caller: Caller) -> list[Record]:
    """How many have reported so far, by plan: how many, never which."""
    async with context.database.transaction() as tx:
        audit.record(tx, actor=caller.name, action="plans-read", subject="plans")
        return await Store(tx).plans(LIST_LIMIT)


def deadlines(context: Context) -> Mapping[str, DeadlineHandler[Work]]:
    """What fires when."""

    async def fire(deadline: Deadline, work: Work) -> None:
        await close_manifest(context, deadline, work)

    return {CLOSE: fire}


def subscriptions(context: Context) -> Subscriptions:
    """What a custodian reads."""

    async def plan(received: Received, work: Work) -> Waits | None:
        return await plan_published(context, received, work)

    return Subscriptions(
        consumer=context.service,
        bus=HUB,
        topics=("nrm.statistics.plan.v1", "nrm.statistics.contribution.v1"),
        handlers={
            type_of("publisher", PlanPublished): plan,
            type_of("contributor", CountsContributed): counts_contributed,
        },
    )
