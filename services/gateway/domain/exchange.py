"""The protocol between two gateways as pure decisions: two books, receipts, epochs, windows.

The sender keeps a book of what it numbered and what was receipted; the receiver one of how far it
handled. A receipt is the receiver's state, repeated; the sender compares it with its own book. A
new epoch is the only recovery from anything. No I/O, no clock, and nothing about what is inside a
record may be here. ``tests/faults/exchange_model.py`` explores the same decisions.
"""

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

WINDOW: Final = 8
"""Records on their way, not receipted, at most."""
NO_HEAD: Final = "0" * 64
"""The rolling head before the first record of an epoch."""
RECORD_LIFE: Final = timedelta(days=5)
"""Shorter than the seven days for which an older policy version is accepted."""


def rolled(head: str, digest: str) -> str:
    """The rolling head after one more record."""
    return hashlib.sha256(bytes.fromhex(head) + bytes.fromhex(digest)).hexdigest()


def inner_id(keyed_digest: str) -> UUID:
    """The id of an event outside: from a keyed digest of (outgoing id, recipient).

    The same event sent again keeps it; without the node's key it tells nothing.
    """
    return UUID(bytes=bytes.fromhex(keyed_digest)[:16], version=4)


def inner_id_input(outgoing_id: UUID, recipient: str) -> bytes:
    """What the keyed digest of ``inner_id`` is made over."""
    return b"exchange-inner-id\x00" + outgoing_id.bytes + recipient.encode()


def same_digest(one: str, other: str) -> bool:
    """Compare without telling by time where they differ."""
    return hmac.compare_digest(one, other)


# ---------------------------------------------------------------- the sender


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRecord:
    """Numbered, committed, not receipted. ``head`` is the rolling head after it."""

    seq: int
    digest: str
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderBook:
    """What the sender of one pair knows."""

    epoch: int
    upto: int = 0
    """Receipted so far in this epoch."""
    head: str = NO_HEAD
    """Rolling head after ``upto``."""
    open: tuple[OpenRecord, ...] = ()
    receipt_at: int = 0
    """``at`` of the newest receipt read."""
    seen_epoch: int = 0
    seen_upto: int = 0

    @property
    def last(self) -> int:
        """The last number given in this epoch."""
        return self.open[-1].seq if self.open else self.upto

    @property
    def newest_head(self) -> str:
        """The rolling head after ``last``."""
        return self.open[-1].head if self.open else self.head

    @property
    def full(self) -> bool:
        """Whether the window lets nothing more out."""
        return len(self.open) >= WINDOW


def numbered(book: SenderBook, digest: str) -> SenderBook:
    """The book after one more record was committed."""
    record = OpenRecord(seq=book.last + 1, digest=digest, head=rolled(book.newest_head, digest))
    return replace(book, open=(*book.open, record))


def new_epoch_number(book: SenderBook, wall: datetime) -> int:
    """Greater than any epoch ever used for this pair, also by a book that was set back."""
    return max(book.epoch, book.seen_epoch, int(wall.timestamp())) + 1


def with_new_epoch(book: SenderBook, wall: datetime) -> SenderBook:
    """The only recovery: begin again; what was open goes back to the front of the queue."""
    return replace(book, epoch=new_epoch_number(book, wall), upto=0, head=NO_HEAD, open=())


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptFacts:
    """A receipt as read: how far the other side is, and whether it cannot go on."""

    at: int
    epoch: int
    upto: int
    head: str
    stuck: bool


class Reading(StrEnum):
    """What a receipt tells the sender."""

    OLD = "old"
    """Delayed or doubled: ignored."""
    OTHER_EPOCH = "other-epoch"
    """The receiver has not seen this epoch yet: repeating goes on."""
    AGREES = "agrees"
    RECEIVER_IS_STUCK = "receiver-is-stuck"
    RECEIVER_WENT_BACK = "receiver-went-back"
    SENDER_WENT_BACK = "sender-went-back"
    """The receiver knows more than this book, or another history: we were set back, or forked."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The reading, and the book after it. What is no longer open in it was receipted."""

    reading: Reading
    book: SenderBook


NEEDS_NEW_EPOCH: Final = frozenset(
    {Reading.RECEIVER_IS_STUCK, Reading.RECEIVER_WENT_BACK, Reading.SENDER_WENT_BACK}
)


def compare(book: SenderBook, receipt: ReceiptFacts) -> Compared:
    """Hold a receipt against the book."""
    if receipt.at <= book.receipt_at:
        return Compared(Reading.OLD, book)
    went_back = (receipt.epoch, receipt.upto) < (book.seen_epoch, book.seen_upto)
    seen = replace(
        book,
        receipt_at=receipt.at,
        seen_epoch=max(book.seen_epoch, receipt.epoch),
        seen_upto=receipt.upto,
    )
    if went_back:
        return Compared(Reading.RECEIVER_WENT_BACK, replace(seen, seen_epoch=receipt.epoch))
    if receipt.epoch < book.epoch:
        return Compared(Reading.OTHER_EPOCH, seen)
    if receipt.epoch > book.epoch or _other_history(book, receipt):
        return Compared(Reading.SENDER_WENT_BACK, seen)
    receipted = _receipted(seen, receipt.upto)
    reading = Reading.RECEIVER_IS_STUCK if receipt.stuck else Reading.AGREES
    return Compared(reading, receipted)


def _other_history(book: SenderBook, receipt: ReceiptFacts) -> bool:
    if not book.upto <= receipt.upto <= book.last:
        return True
    return not same_digest(_head_at(book, receipt.upto), receipt.head)


def _head_at(book: SenderBook, upto: int) -> str:
    return next((record.head for record in book.open if record.seq == upto), book.head)


def _receipted(book: SenderBook, upto: int) -> SenderBook:
    still = tuple(record for record in book.open if record.seq > upto)
    return replace(book, upto=upto, head=_head_at(book, upto), open=still)


# ---------------------------------------------------------------- the receiver


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverBook:
    """How far the receiver of one pair is."""

    epoch: int = 0
    upto: int = 0
    head: str = NO_HEAD
    stuck: bool = False


class Arrival(StrEnum):
    """What becomes of a record that arrived."""

    NEXT = "next"
    """Handled now: effects, marks and audit in one transaction."""
    DUPLICATE = "duplicate"
    LOWER_EPOCH = "lower-epoch"
    AHEAD = "ahead"
    """Behind a gap: dropped, it comes again."""
    EXPIRED = "expired"
    """Next, but too old: not handled; only a new epoch helps."""
    UNREADABLE = "unreadable"
    """Next, but it does not open: not handled; only a new epoch helps."""
    FORK = "fork"
    """Another record was seen under this number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivedRecord:
    """What the receiver's decision depends on. ``known``: the digest seen first, if any."""

    epoch: int
    seq: int
    digest: str
    known: str | None
    opens: bool
    expired: bool


@dataclass(frozen=True, slots=True)
class Decided:
    """What to do with the record, and the book after it."""

    arrival: Arrival
    book: ReceiverBook


def decide(book: ReceiverBook, record: ArrivedRecord) -> Decided:
    """What becomes of a record. Its digest is kept on first sight, whatever this answers."""
    forked = record.known is not None and not same_digest(record.known, record.digest)
    if record.epoch < book.epoch:
        return Decided(Arrival.FORK if forked else Arrival.LOWER_EPOCH, book)
    if record.epoch > book.epoch:
        if record.seq != 1:
            return Decided(Arrival.FORK if forked else Arrival.AHEAD, book)
        book = ReceiverBook(epoch=record.epoch)
    if record.seq == book.upto + 1:
        return _due(book, record, forked)
    if forked:
        return Decided(Arrival.FORK, book)
    return Decided(Arrival.DUPLICATE if record.seq <= book.upto else Arrival.AHEAD, book)


def _due(book: ReceiverBook, record: ArrivedRecord, forked: bool) -> Decided:
    for wrong, arrival in (
        (forked, Arrival.FORK),
        (not record.opens, Arrival.UNREADABLE),
        (record.expired, Arrival.EXPIRED),
    ):
        if wrong:
            return Decided(arrival, replace(book, stuck=True))
    return Decided(Arrival.NEXT, _handled(book, record))


def _handled(book: ReceiverBook, record: ArrivedRecord) -> ReceiverBook:
    return replace(book, upto=record.seq, head=rolled(book.head, record.digest), stuck=False)
