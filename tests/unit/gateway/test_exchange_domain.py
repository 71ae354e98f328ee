"""The two books of a pair: what a receipt tells the sender, what becomes of a record."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.exchange import (
    NEEDS_NEW_EPOCH,
    NO_HEAD,
    WINDOW,
    Arrival,
    ArrivedRecord,
    Compared,
    Reading,
    ReceiptFacts,
    ReceiverBook,
    SenderBook,
    compare,
    decide,
    inner_id,
    inner_id_input,
    new_epoch_number,
    numbered,
    rolled,
    same_digest,
    with_new_epoch,
)

WALL = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EPOCH = int(WALL.timestamp())
DIGESTS = [f"{number:064x}" for number in range(1, 40)]


def a_book(count: int, **changes: Any) -> SenderBook:
    book = SenderBook(epoch=EPOCH)
    for digest in DIGESTS[:count]:
        book = numbered(book, digest)
    return replace(book, **changes)


def head_after(count: int) -> str:
    head = NO_HEAD
    for digest in DIGESTS[:count]:
        head = rolled(head, digest)
    return head


def a_receipt(upto: int, **changes: Any) -> ReceiptFacts:
    receipt = ReceiptFacts(at=10, epoch=EPOCH, upto=upto, head=head_after(upto), stuck=False)
    return replace(receipt, **changes)


def test_numbers_are_gapless_from_one_and_the_window_is_bounded() -> None:
    book = a_book(WINDOW)
    assert [record.seq for record in book.open] == list(range(1, WINDOW + 1))
    assert book.full
    assert not a_book(WINDOW - 1).full


def test_a_receipt_that_agrees_closes_what_it_covers() -> None:
    compared = compare(a_book(3), a_receipt(2))
    assert compared.reading is Reading.AGREES
    assert [record.seq for record in compared.book.open] == [3]
    assert compared.book.upto == 2
    assert compared.book.head == head_after(2)
    assert compare(compared.book, a_receipt(3, at=11)).book.open == ()


@pytest.mark.parametrize(
    ("book", "receipt", "reading"),
    [
        (a_book(3, receipt_at=10), a_receipt(2), Reading.OLD),
        (a_book(3), a_receipt(0, epoch=EPOCH - 5, head=NO_HEAD), Reading.OTHER_EPOCH),
        (a_book(3), a_receipt(0, epoch=0, head=NO_HEAD), Reading.OTHER_EPOCH),
        (a_book(3), a_receipt(1, stuck=True), Reading.RECEIVER_IS_STUCK),
        (a_book(3), a_receipt(0, head=NO_HEAD, stuck=True), Reading.RECEIVER_IS_STUCK),
        (a_book(3), a_receipt(4), Reading.SENDER_WENT_BACK),
        (a_book(3), a_receipt(2, head="f" * 64), Reading.SENDER_WENT_BACK),
        (a_book(3), a_receipt(2, epoch=EPOCH + 1), Reading.SENDER_WENT_BACK),
        (
            a_book(3, seen_epoch=EPOCH, seen_upto=2),
            a_receipt(1),
            Reading.RECEIVER_WENT_BACK,
        ),
    ],
)
def test_a_receipt_is_held_against_the_book(
    book: SenderBook, receipt: ReceiptFacts, reading: Reading
) -> None:
    assert compare(book, receipt).reading is reading


def test_what_a_receipt_tells_is_remembered_and_nothing_else_changes() -> None:
    book = a_book(3, seen_epoch=EPOCH - 9)
    seen = replace(book, receipt_at=10, seen_epoch=EPOCH, seen_upto=2)
    agreed = replace(seen, upto=2, head=head_after(2), open=book.open[2:])
    assert compare(book, a_receipt(2)) == Compared(Reading.AGREES, agreed)
    stuck = compare(book, a_receipt(2, stuck=True))
    assert stuck == Compared(Reading.RECEIVER_IS_STUCK, agreed)
    forked = compare(book, a_receipt(2, head="f" * 64))
    assert forked == Compared(Reading.SENDER_WENT_BACK, seen)
    other = compare(book, a_receipt(0, epoch=EPOCH - 5))
    seen_before = replace(book, receipt_at=10, seen_epoch=EPOCH - 5, seen_upto=0)
    assert other == Compared(Reading.OTHER_EPOCH, seen_before)
    old = replace(book, receipt_at=10)
    assert compare(old, a_receipt(2)) == Compared(Reading.OLD, old)


def test_a_receiver_that_went_back_is_believed_about_where_it_is() -> None:
    book = a_book(3, seen_epoch=EPOCH, seen_upto=2)
    for receipt in (a_receipt(1), a_receipt(9, epoch=EPOCH - 1)):
        back = replace(book, receipt_at=10, seen_epoch=receipt.epoch, seen_upto=receipt.upto)
        assert compare(book, receipt) == Compared(Reading.RECEIVER_WENT_BACK, back)
    again = compare(book, a_receipt(2))
    assert again.reading is Reading.AGREES


def test_a_book_knows_its_last_number_and_its_newest_head() -> None:
    assert (a_book(0, upto=5, head="5" * 64).last, a_book(0, head="5" * 64).newest_head) == (
        5,
        "5" * 64,
    )
    assert (a_book(3).last, a_book(3).newest_head) == (3, head_after(3))
    assert a_book(3).open[-1].digest == DIGESTS[2]


def test_a_new_epoch_is_greater_than_any_that_was_ever_used() -> None:
    assert new_epoch_number(a_book(0), WALL - timedelta(days=900)) == EPOCH + 1
    assert new_epoch_number(a_book(0, seen_epoch=EPOCH + 70), WALL) == EPOCH + 71
    later = new_epoch_number(a_book(0), WALL + timedelta(days=1))
    assert later == EPOCH + 86_400 + 1
    fresh = with_new_epoch(a_book(3, upto=2, head=head_after(2)), WALL)
    assert fresh == SenderBook(epoch=EPOCH + 1)


def a_record(seq: int, **changes: Any) -> ArrivedRecord:
    record = ArrivedRecord(
        epoch=EPOCH,
        seq=seq,
        digest=DIGESTS[seq - 1],
        known=None,
        opens=True,
        expired=False,
    )
    return replace(record, **changes)


AT_TWO = ReceiverBook(epoch=EPOCH, upto=2, head=head_after(2))


@pytest.mark.parametrize(
    ("record", "arrival", "stuck"),
    [
        (a_record(3), Arrival.NEXT, False),
        (a_record(2, known=DIGESTS[1]), Arrival.DUPLICATE, False),
        (a_record(5), Arrival.AHEAD, False),
        (a_record(1, epoch=EPOCH - 1), Arrival.LOWER_EPOCH, False),
        (a_record(1, epoch=EPOCH - 1, known="e" * 64), Arrival.FORK, False),
        (a_record(2, epoch=EPOCH + 1), Arrival.AHEAD, False),
        (a_record(1, epoch=EPOCH + 1), Arrival.NEXT, False),
        (a_record(2, known="e" * 64), Arrival.FORK, False),
        (a_record(3, known="e" * 64), Arrival.FORK, True),
        (a_record(3, expired=True), Arrival.EXPIRED, True),
        (a_record(3, opens=False), Arrival.UNREADABLE, True),
        (a_record(5, opens=False, expired=True), Arrival.AHEAD, False),
    ],
)
def test_what_becomes_of_a_record(record: ArrivedRecord, arrival: Arrival, stuck: bool) -> None:
    decided = decide(AT_TWO, record)
    assert (decided.arrival, decided.book.stuck) == (arrival, stuck)
    if arrival is Arrival.NEXT:
        expected = 1 if record.epoch > EPOCH else 3
        assert (decided.book.epoch, decided.book.upto) == (record.epoch, expected)
    else:
        assert decided.book.upto == AT_TWO.upto


def test_a_record_that_is_next_is_rolled_in_and_ends_a_stop() -> None:
    stopped = replace(AT_TWO, stuck=True)
    after = ReceiverBook(epoch=EPOCH, upto=3, head=head_after(3))
    assert decide(stopped, a_record(3)).book == after
    begun = decide(stopped, a_record(1, epoch=EPOCH + 1)).book
    assert begun == ReceiverBook(epoch=EPOCH + 1, upto=1, head=head_after(1))
    for record in (a_record(2, known=DIGESTS[1]), a_record(5), a_record(2, known="e" * 64)):
        assert decide(stopped, record).book == stopped
    assert decide(AT_TWO, a_record(3, opens=False)).book == stopped


def test_a_number_known_under_the_same_digest_is_no_fork() -> None:
    assert decide(AT_TWO, a_record(3, known=DIGESTS[2])).arrival is Arrival.NEXT
    ahead = a_record(2, epoch=EPOCH + 1)
    assert decide(AT_TWO, replace(ahead, known=DIGESTS[1])).arrival is Arrival.AHEAD
    assert decide(AT_TWO, replace(ahead, known="e" * 64)).arrival is Arrival.FORK


@given(st.lists(st.integers(1, 12), max_size=80))
def test_any_order_and_repetition_handles_each_number_once(order: list[int]) -> None:
    book, handled, seen = ReceiverBook(), [], dict[int, str]()
    for seq in order + list(range(1, 13)) * 2:
        decided = decide(book, a_record(seq, known=seen.get(seq)))
        seen.setdefault(seq, DIGESTS[seq - 1])
        book = decided.book
        if decided.arrival is Arrival.NEXT:
            handled.append(seq)
    assert handled == list(range(1, 13))
    assert book.head == head_after(12)


@given(st.integers(1, WINDOW), st.data())
def test_books_that_agree_never_ask_for_a_new_epoch(count: int, data: st.DataObject) -> None:
    book, at = a_book(count), 0
    uptos = sorted(data.draw(st.lists(st.integers(0, count), max_size=6)))
    for at, upto in enumerate(uptos, start=1):
        compared = compare(book, a_receipt(upto, at=at))
        assert compared.reading not in NEEDS_NEW_EPOCH
        book = compared.book


def test_the_inner_id_is_the_same_for_the_same_event_and_recipient_only() -> None:
    one = UUID("7c1f2a4e-3f0c-4d6b-9a55-1d1f0a3b2c01")
    assert inner_id_input(one, "redcross-vitebsk") != inner_id_input(one, "redcross-brest")
    assert inner_id("ab" * 32) == inner_id("ab" * 32)
    assert inner_id("ab" * 32).version == 4
    assert inner_id("ab" * 15 + "cd" + "0" * 32) != inner_id("ab" * 16 + "0" * 32)
    assert inner_id("ab" * 16 + "0" * 32) == inner_id("ab" * 32)
    assert inner_id_input(one, "ж") == b"exchange-inner-id\x00" + one.bytes + b"\xd0\xb6"


def test_the_rolling_head_is_the_digest_of_the_head_before_and_the_record() -> None:
    expected = hashlib.sha256(bytes.fromhex(NO_HEAD + DIGESTS[0])).hexdigest()
    assert rolled(NO_HEAD, DIGESTS[0]) == expected
    assert same_digest("a" * 64, "a" * 64)
    assert not same_digest("a" * 64, "b" * 64)
