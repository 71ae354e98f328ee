"""What the model of the exchange is made of: rules, records, both databases, and the observer.

``Rules`` switches single rules off, so that a test can show that each of them is needed.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from services.gateway.domain.exchange import ReceiptFacts, ReceiverBook, SenderBook

START = datetime(2026, 11, 22, tzinfo=UTC)
LIFE_TICKS = 6
CASES = 2
HEAL_ROUNDS = 14


class Violation(AssertionError):  # noqa: N818 - a promise was broken
    """A promise of the exchange was broken."""


@dataclass(frozen=True)
class Rules:
    """The rules that can be taken away, one at a time."""

    check_when_numbering: bool = True
    check_when_repeating: bool = True
    notices: bool = True
    repeats: bool = True
    stuck_opens_epoch: bool = True
    inner_ids_are_kept: bool = True
    digests_are_compared: bool = True
    restore_opens_epoch: bool = True
    own_setback_is_noticed: bool = True
    other_setback_is_noticed: bool = True
    only_the_next_is_handled: bool = True
    new_references: bool = True
    lower_epochs_are_dropped: bool = True
    tombstones: bool = True


@dataclass(frozen=True)
class Letter:
    """One event for the other side."""

    id: int
    kind: str
    case: int
    reference: int | None = None
    stopped: bool = False


@dataclass(frozen=True)
class Record:
    """What travels."""

    epoch: int
    seq: int
    letter: Letter
    nonce: int
    not_after: int

    @property
    def digest(self) -> str:
        """Over everything in it."""
        return hashlib.sha256(repr(self).encode()).hexdigest()


@dataclass
class Sender:
    """The sender's database."""

    book: SenderBook = field(default_factory=lambda: SenderBook(epoch=1))
    queue: list[Letter] = field(default_factory=list)
    open: dict[int, Record] = field(default_factory=dict)
    consent: dict[int, bool] = field(default_factory=lambda: dict.fromkeys(range(CASES), True))
    live: dict[int, int] = field(default_factory=dict)
    told: set[int] = field(default_factory=set)


@dataclass
class Receiver:
    """The receiver's database."""

    book: ReceiverBook = field(default_factory=ReceiverBook)
    seen: dict[tuple[int, int], str] = field(default_factory=dict)
    inner: set[int] = field(default_factory=set)
    effects: Counter[int] = field(default_factory=Counter)
    held: dict[int, set[int]] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)
    offset: int = 0


@dataclass
class Watch:
    """What only the observer of the model knows."""

    consent: dict[int, bool] = field(default_factory=lambda: dict.fromkeys(range(CASES), True))
    letters: dict[int, Letter] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)
    withdrawn: set[int] = field(default_factory=set)
    """References under which sharing was withdrawn."""
    references: set[int] = field(default_factory=set)
    excused_letters: set[int] = field(default_factory=set)
    excused_references: set[int] = field(default_factory=set)
    polled: dict[tuple[int, int], set[str]] = field(default_factory=dict)
    forks: set[tuple[int, int]] = field(default_factory=set)


def receipted(records: Iterable[Record], on_the_way: Iterable[ReceiptFacts]) -> set[int]:
    """Letters that a receipt on its way settles: to the sender they are as good as arrived."""
    reached = {(receipt.epoch, receipt.upto) for receipt in on_the_way}
    return {
        record.letter.id
        for record in records
        if any(epoch == record.epoch and upto >= record.seq for epoch, upto in reached)
    }
