"""Keep coded facts of this node's cases, many events at once; at a plan's cut-off, contribute.

The order in a contribution is the promise: spend the ledger, add noise, keep the noisy bytes,
ask to send; all in one transaction, and what is sent again is the kept bytes.
"""

import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final
from uuid import UUID

from contracts.assistance import EpisodeStarted
from contracts.catalogue import type_of
from contracts.identification import (
    CaseChanged,
    CaseMerged,
    CaseOpened,
    CaseVoided,
    IdentificationRevoked,
    PersonIdentified,
)
from contracts.statistics import PlanPublished
from services.chassis import audit
from services.chassis.clock import Clock, derived_id
from services.chassis.database import Database, Record
from services.chassis.deadlines import Deadline, DeadlineHandler, set_deadline
from services.chassis.errors import Misuse
from services.chassis.identity import Caller
from services.chassis.messaging.batch import Batch, Batched
from services.chassis.messaging.subscriptions import Subscriptions
from services.chassis.messaging.work import Answer, Received, Waits, Work
from services.statistics.contributor import disclosure, domain
from services.statistics.contributor.store import Store

CONTRIBUTE: Final = "contribute"
LIST_LIMIT: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the contributor's handlers are given."""

    node: str
    service: str
    cap: Fraction
    noise: "Noise"
    database: Database
    clock: Clock


class Noise:
    """Exact discrete Gaussian noise, by OpenDP: no floating point touches a count."""

    def add(self, values: Sequence[int], sigma_squared: Fraction) -> tuple[int, ...]:
        """``values`` with independent noise of variance at least ``sigma_squared`` on each."""
        import opendp.prelude as dp  # noqa: PLC0415 - 0.3 s that only a contribution needs

        dp.enable_features("contrib")
        # The scale is rounded up, so that the variance is never below the plan's.
        scale = math.nextafter(math.sqrt(sigma_squared), math.inf)
        space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T="f64")
        mechanism = dp.m.make_gaussian(*space, scale=scale)
        return tuple(int(value) for value in mechanism(list(values)))


async def project(batch: Batch) -> Sequence[Answer]:
    """Fold events into the facts of their cases: one question, one change, however many."""
    store = Store(batch.transaction)
    projection = domain.Projection(
        await store.cases(sorted({received.envelope.subject for received in batch.events}))
    )
    waiting: dict[str, Waits] = {}
    answers = []
    for received in batch.events:
        case_id = received.envelope.subject
        if case_id not in waiting and not _folded(projection, received, batch):
            waiting[case_id] = Waits("case", case_id)
        answers.append(waiting.get(case_id))
    store.keep(projection)
    return answers


def _folded(projection: domain.Projection, received: Received, batch: Batch) -> bool:
    """One event folded in; False, and nothing changed, when its case is not known yet."""
    body, case_id = received.body, received.envelope.subject
    if isinstance(body, PersonIdentified):
        return projection.identified(case_id, body.decided_at)
    if isinstance(body, IdentificationRevoked):
        return projection.revoked(case_id)
    if isinstance(body, CaseChanged):
        return projection.recoded(case_id, _codes(body))
    if isinstance(body, CaseOpened):
        case = domain.KnownCase(
            codes=_codes(body),
            counted_here=body.counted_by == batch.node,
            happened_at=body.occurred_at,
        )
        projection.opened(case_id, case)
    elif isinstance(body, EpisodeStarted):
        projection.assisted(case_id, body.service_type, body.happened_at)
    elif isinstance(body, CaseMerged):
        projection.merged(case_id, str(body.into_case), batch.now)
    elif isinstance(body, CaseVoided):
        projection.voided(case_id, batch.now)
    else:
        raise Misuse("no fact is made of events of this type")
    return True


def _codes(body: CaseOpened | CaseChanged) -> domain.CaseCodes:
    return domain.CaseCodes(oblast=body.oblast, exploitation=body.exploitation)


async def plan_published(context: Context, received: Received, work: Work) -> Waits | None:
    """Keep the plan; if this node takes part, contribute at a random time of the window."""
    body: PlanPublished = received.body
    plan = _plan(body)
    refused = domain.objections(plan, context.node)
    await Store(work.transaction).put_plan(body.plan_id, body.model_dump(mode="json"), refused)
    if not refused:
        window = plan.window_closes_at - plan.cut_off_at
        await set_deadline(
            work.transaction,
            kind=CONTRIBUTE,
            subject=str(body.plan_id),
            due_at=plan.cut_off_at + _random_part(window),
            id=derived_id(context.service, received.envelope.id, CONTRIBUTE, 1),
        )
    return None


def _random_part(window: timedelta) -> timedelta:
    """A time in the first nine tenths of the window: when a node reports says nothing."""
    seconds = max(1, int(window.total_seconds() * 9 / 10))
    return timedelta(seconds=secrets.randbelow(seconds))


def _plan(body: PlanPublished) -> domain.Plan:
    return domain.Plan(
        dataset=body.dataset,
        protocol=body.protocol,
        period_start=body.period_start,
        period_end=body.period_end,
        cut_off_at=body.cut_off_at,
        window_closes_at=body.window_closes_at,
        roster=frozenset(body.roster),
        custodians=body.custodians,
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


async def contribute(context: Context, deadline: Deadline, work: Work) -> None:
    """Spend, count, add noise, keep, ask to send. Once: what exists already is never redrawn."""
    store, plan_id = Store(work.transaction), UUID(deadline.subject)
    row = await store.plan(plan_id)
    if row is None or row["refused"] or await store.contribution(plan_id) is not None:
        return
    plan = _plan(PlanPublished.model_validate(row["body"]))
    years, rho = domain.years(plan), domain.spent(plan.tables)
    spent = [await store.spent(year) for year in years]
    if not all(domain.may_spend(already, rho, context.cap) for already in spent):
        await store.refuse(plan_id, ["ledger-refuses"])
        audit.record(
            work.transaction, actor=context.service, action="ledger-refused", subject=str(plan_id)
        )
        return
    for year in years:
        entry = {"plan_id": plan_id, "year": year, "now": work.now}
        await store.spend(entry, rho, context.cap)
    vectors = await _noisy(context, store, plan)
    submission_id = derived_id(context.service, str(plan_id), "submission", 1)
    tables = [asdict(each) | {"values": list(each.values)} for each in vectors]
    await store.put_contribution(
        plan_id, {"submission_id": submission_id, "tables": tables, "now": work.now}
    )
    audit.record(
        work.transaction, actor=context.service, action="contributed", subject=str(plan_id)
    )
    event = disclosure.contribution(plan_id, submission_id, vectors)
    store.publish(event, subject=str(plan_id), recipient=plan.custodians[0])


async def _noisy(context: Context, store: Store, plan: domain.Plan) -> list[disclosure.NoisyVector]:
    counts = await store.counts(plan.period_start, plan.period_end)
    return [
        disclosure.NoisyVector(
            table=table.name,
            values=context.noise.add(
                domain.vector(table, counts.get(table.name, {})), table.sigma_squared
            ),
        )
        for table in plan.tables
    ]


async def list_contributions(context: Context, caller: Caller) -> list[Record]:
    """Plans and what became of them here; noise is not shown, only that it was added."""
    async with context.database.transaction() as tx:
        audit.record(tx, actor=caller.name, action="contributions-read", subject="contributions")
        return await Store(tx).contributions(LIST_LIMIT)


async def exact_counts(
    context: Context, caller: Caller, start: datetime, end: datetime
) -> dict[str, dict[str, int]]:
    """The node's own exact counts: internal, audited, never sent by the software."""
    async with context.database.transaction() as tx:
        audit.record(tx, actor=caller.name, action="exact-counts-read", subject="counts")
        return await Store(tx).counts(start, end)


async def counted_cases(
    context: Context, caller: Caller, table: str, period: tuple[datetime, datetime], after: str
) -> list[Record]:
    """Which cases a table counts, by id, a page: for the node's own count by another property."""
    async with context.database.transaction() as tx:
        audit.record(tx, actor=caller.name, action="counted-cases-read", subject=table)
        return await Store(tx).counted(table, *period, after)


def deadlines(context: Context) -> Mapping[str, DeadlineHandler[Work]]:
    """What fires when."""

    async def fire(deadline: Deadline, work: Work) -> None:
        await contribute(context, deadline, work)

    return {CONTRIBUTE: fire}


def subscriptions(context: Context) -> Subscriptions:
    """What the contributor reads."""

    async def plan(received: Received, work: Work) -> Waits | None:
        return await plan_published(context, received, work)

    facts = Batched(project)
    return Subscriptions(
        consumer=context.service,
        topics=("identification", "assistance", "statistics"),
        handlers={
            type_of("identification", CaseOpened): facts,
            type_of("identification", CaseChanged): facts,
            type_of("identification", CaseMerged): facts,
            type_of("identification", CaseVoided): facts,
            type_of("identification", PersonIdentified): facts,
            type_of("identification", IdentificationRevoked): facts,
            type_of("assistance", EpisodeStarted): facts,
            type_of("publisher", PlanPublished): plan,
        },
    )
