"""Copies of the hub's statistics for the node's own services: plans and releases.

A plan is remembered as far as the check on contributions needs it. Nothing about a case is here.
"""

import hashlib
from functools import partial
from typing import Final

from contracts.statistics import PlanPublished
from services.chassis import audit
from services.chassis.messaging.broker import HUB
from services.chassis.messaging.subscriptions import Subscriptions
from services.chassis.messaging.work import Received, Waits, Work
from services.gateway.handlers.exchange.context import ACTOR, ExchangeContext
from services.gateway.store.exchange import plans, publishing
from services.gateway.store.exchange.plans import PlanRow
from services.gateway.store.exchange.publishing import FromOutside

CONSUMER: Final = "gateway.statistics"
PUBLISHER: Final = "publisher"
PLAN: Final = "org.nrm.publisher.plan-published.v1"
COPIED: Final = (
    PLAN,
    "org.nrm.publisher.release-published.v1",
    "org.nrm.publisher.release-held.v1",
)
TOPICS: Final = ("nrm.statistics.plan.v1", "nrm.statistics.release.v1")


async def copy_from_the_hub(
    _context: ExchangeContext, received: Received, work: Work
) -> Waits | None:
    """Put a plan or a release onto the node's own bus."""
    body = received.body
    if isinstance(body, PlanPublished):
        row = PlanRow(
            plan_id=body.plan_id,
            roster=frozenset(body.roster),
            custodians=frozenset(body.custodians),
            digest=hashlib.sha256(body.model_dump_json().encode()).hexdigest(),
        )
        if not await plans.add_plan(work.transaction, row, work.now):
            audit.record(
                work.transaction,
                actor=ACTOR,
                action="exchange.plan-differs",
                subject=str(body.plan_id),
            )
            return None
    publishing.copy_statistics(
        work.transaction,
        FromOutside(body=body, owner=PUBLISHER, subject=received.envelope.subject),
    )
    return None


def hub_subscriptions(context: ExchangeContext) -> Subscriptions:
    """What the gateway reads from the hub beside the exchange topics."""
    return Subscriptions(
        consumer=CONSUMER,
        bus=HUB,
        topics=TOPICS,
        handlers={copied: partial(copy_from_the_hub, context) for copied in COPIED},
    )
