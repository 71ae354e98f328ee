"""What the gateway says about sending: to the node's services, and to the other side.

The outside envelope is made here from nothing: new id, the reference as subject; no correlation,
cause, trace or service name can be in it, because they would join what two recipients know.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.envelope import Envelope, source_of
from contracts.exchange import Receipt, SharingWithdrawn
from contracts.gateway import (
    FeedbackEnded,
    NoticeQueued,
    SendingDelayed,
    SendingDelivered,
    SendingRefused,
    SharingStopped,
)
from services.gateway.domain.exchange import ReceiverBook

SPEAKER = "gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What was to be sent, to whom."""

    outgoing_id: UUID
    recipient: str
    event_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """All that the other side learns about an event beside its body."""

    inner_id: UUID
    sender: str
    event_type: str
    subject: UUID
    dataschema: str
    time: datetime


def delivered(outgoing: Outgoing) -> SendingDelivered:
    """The other agency's node has it."""
    return SendingDelivered(outgoing_id=outgoing.outgoing_id, recipient=outgoing.recipient)


def refused(outgoing: Outgoing, reason: str) -> SendingRefused:
    """It may not leave, and why."""
    return SendingRefused(
        outgoing_id=outgoing.outgoing_id,
        recipient=outgoing.recipient,
        outgoing_type=outgoing.event_type,
        reason=reason,
    )


def delayed(outgoing: Outgoing, queued_at: datetime) -> SendingDelayed:
    """No receipt for it yet: a person should phone."""
    return SendingDelayed(
        outgoing_id=outgoing.outgoing_id,
        recipient=outgoing.recipient,
        outgoing_type=outgoing.event_type,
        queued_at=queued_at,
    )


def notice_queued(recipient: str) -> NoticeQueued:
    """A withdrawal notice stands in the queue to this agency."""
    return NoticeQueued(recipient=recipient)


def sharing_stopped() -> SharingStopped:
    """The agency that this case came from stopped sharing it."""
    return SharingStopped(reference_known=True)


def feedback_ended(agency: str) -> FeedbackEnded:
    """An agency that has this case from us tells us no more of it."""
    return FeedbackEnded(agency=agency)


def sharing_withdrawn(at: datetime, older: tuple[UUID, ...] = ()) -> SharingWithdrawn:
    """The notice itself."""
    return SharingWithdrawn(withdrawn_at=at, references=older)


def receipt(book: ReceiverBook, at: int) -> Receipt:
    """How far this side is."""
    return Receipt(at=at, epoch=book.epoch, upto=book.upto, head=book.head, stuck=book.stuck)


def outside_envelope(outside: Outside) -> Envelope:
    """The new envelope for the other side."""
    return Envelope(
        id=str(outside.inner_id),
        source=source_of(outside.sender, SPEAKER),
        type=outside.event_type,
        time=outside.time,
        subject=str(outside.subject),
        dataschema=outside.dataschema,
    )
