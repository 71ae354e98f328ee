"""The consumer of ``outgoing``: it only queues. Whether anything leaves is decided when it leaves.

Noisy counts take their own way: the plan is asked, then they go to the hub's contribution topic.
"""

from functools import partial
from typing import Final
from uuid import UUID

from opentelemetry.trace import INVALID_SPAN, use_span

from contracts.statistics import CountsContributed
from services.chassis import audit
from services.chassis.errors import MalformedEvent
from services.chassis.messaging.broker import LOCAL
from services.chassis.messaging.subscriptions import Subscriptions
from services.chassis.messaging.work import Received, Waits, Work
from services.gateway.access.basis import BASIS, Attempt, Never, may_contribute
from services.gateway.disclosure import exchange as disclosure
from services.gateway.handlers.exchange.context import (
    ACTOR,
    ExchangeContext,
    ring_after_commit,
)
from services.gateway.store import policy
from services.gateway.store.exchange import plans, publishing, sendings
from services.gateway.store.exchange.publishing import FromOutside
from services.gateway.store.exchange.sendings import Queued

CONSUMER: Final = "gateway.outgoing"
CONTRIBUTOR: Final = "contributor"
COUNTS: Final = "org.nrm.contributor.counts-contributed.v1"
NOT_LISTED: Final = "not-listed"
"""What stands for a recipient that an event does not name well enough to be repeated."""


async def queue_for_sending(
    context: ExchangeContext, received: Received, work: Work
) -> Waits | None:
    """Put one addressed event into its agency's queue."""
    envelope = received.envelope
    subject, outgoing_id = _id(envelope.subject), _id(envelope.id)
    recipient = envelope.recipient
    if not recipient or recipient == context.node:
        gone = disclosure.Outgoing(
            outgoing_id=outgoing_id,
            recipient=recipient or NOT_LISTED,
            event_type=envelope.type,
        )
        _tell_refused(work, gone, subject, "unknown-recipient")
        return None
    await sendings.enqueue(
        work.transaction,
        Queued(
            agency=recipient,
            outgoing_id=outgoing_id,
            event_type=context.contracts.current(envelope.type),
            purpose=envelope.purpose or "",
            subject=subject,
            body=received.body.model_dump_json().encode(),
            inner_id=context.inner_id(outgoing_id, recipient),
            queued_at=work.now,
            tell_at=context.tell_at(received.body, work.now),
        ),
    )
    ring_after_commit(work.transaction, recipient)
    return None


async def contribute_counts(
    context: ExchangeContext, received: Received, work: Work
) -> Waits | None:
    """Noisy counts leave for the custodian of a plan in whose roster this node is."""
    envelope, body = received.envelope, received.body
    if not isinstance(body, CountsContributed):
        raise MalformedEvent("body: not counts")
    gone = disclosure.Outgoing(
        outgoing_id=_id(envelope.id),
        recipient=envelope.recipient or NOT_LISTED,
        event_type=envelope.type,
    )
    plan = await plans.read_plan(work.transaction, body.plan_id)
    attempt = Attempt(
        event_type=COUNTS,
        sender=context.node,
        recipient=gone.recipient,
        now=work.now,
        policy=context.policy(await policy.lock_policy(work.transaction)),
    )
    roster = plan.roster if plan else frozenset[str]()
    custodians = plan.custodians if plan else frozenset[str]()
    answer = may_contribute(attempt, roster, custodians)
    if isinstance(answer, Never):
        _tell_refused(work, gone, body.plan_id, answer.reason)
    else:
        _contribute(context, work, gone, body)
    return None


def _contribute(
    context: ExchangeContext, work: Work, gone: disclosure.Outgoing, body: CountsContributed
) -> None:
    """Onto the hub's topic, with an id and a trace that nothing inside the node has."""
    tx, subject = work.transaction, str(body.plan_id)
    context.work(tx, context.inner_id(gone.outgoing_id, gone.recipient))
    with use_span(INVALID_SPAN):
        publishing.contribute(
            tx, FromOutside(body=body, owner=CONTRIBUTOR, subject=subject), gone.recipient
        )
    audit.record(tx, actor=ACTOR, action="exchange.contributed", subject=subject)


def _tell_refused(work: Work, gone: disclosure.Outgoing, subject: UUID, reason: str) -> None:
    publishing.tell_the_node(work.transaction, disclosure.refused(gone, reason), subject=subject)
    audit.record(
        work.transaction,
        actor=ACTOR,
        action="exchange.refused",
        subject=str(subject),
        reason=reason,
    )


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise MalformedEvent("envelope: not a UUID") from None


def outgoing_subscriptions(context: ExchangeContext) -> Subscriptions:
    """Everything that other services of the node address to somebody outside."""
    addressed = [
        spec_type
        for spec_type, spec in context.contracts.catalogue.items()
        if getattr(spec, "topic", "") == "outgoing" and spec_type != COUNTS
    ]
    handlers = {spec_type: partial(queue_for_sending, context) for spec_type in addressed}
    return Subscriptions(
        consumer=CONSUMER,
        bus=LOCAL,
        topics=("outgoing",),
        handlers={**handlers, COUNTS: partial(contribute_counts, context)},
    )


KNOWN_WAYS_OUT: Final = frozenset(BASIS) | {COUNTS}
"""Every type that can leave this node."""
