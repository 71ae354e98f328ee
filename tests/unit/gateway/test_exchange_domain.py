"""The two books of a pair: what a receipt tells the sender, what becomes of a record."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
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
    with_new_epoch,
)
from services.gateway.domain.wrapping import (
    CannotUnwrap,
    Head,
    NotARecord,
    digest_of,
    unwrap,
    wrap,
)

WALL = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EPOCH = int(WALL.timestamp())
DIGESTS = [f"{number:064x}" for number in range(1, 40)]


def a_book(count: int, **changes: object) -> SenderBook:
    book = SenderBook(epoch=EPOCH)
    for digest in DIGESTS[:count]:
        book = numbered(book, digest)
    return replace(book, **changes)  # type: ignore[arg-type]


def head_after(count: int) -> str:
    head = NO_HEAD
    for digest in DIGESTS[:count]:
        head = rolled(head, digest)
    return head


def a_receipt(upto: int, **changes: object) -> ReceiptFacts:
    receipt = ReceiptFacts(at=10, epoch=EPOCH, upto=upto, head=head_after(upto), stuck=False)
    return replace(receipt, **changes)  # type: ignore[arg-type]


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


def test_a_new_epoch_is_greater_than_any_that_was_ever_used() -> None:
    assert new_epoch_number(a_book(0), WALL - timedelta(days=900)) == EPOCH + 1
    assert new_epoch_number(a_book(0, seen_epoch=EPOCH + 70), WALL) == EPOCH + 71
    later = new_epoch_number(a_book(0), WALL + timedelta(days=1))
    assert later == EPOCH + 86_400 + 1
    fresh = with_new_epoch(a_book(3), WALL)
    assert (fresh.last, fresh.newest_head, fresh.open) == (0, NO_HEAD, ())


def a_record(seq: int, **changes: object) -> ArrivedRecord:
    record = ArrivedRecord(
        epoch=EPOCH,
        seq=seq,
        digest=DIGESTS[seq - 1],
        known=None,
        opens=True,
        expired=False,
    )
    return replace(record, **changes)  # type: ignore[arg-type]


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


# ---------------------------------------------------------------- the wrapping


def a_head(**changes: object) -> Head:
    head = Head(
        id=UUID("7c1f2a4e-3f0c-4d6b-9a55-1d1f0a3b2c01"),
        sender="border-brest",
        recipient="interior-brest",
        epoch=EPOCH,
        seq=1,
        registry_version=1,
        registry_hash="a" * 64,
        not_after=WALL,
    )
    return replace(head, **changes)  # type: ignore[arg-type]


@given(st.binary(max_size=2000), st.integers(0, 2**40))
def test_what_is_wrapped_unwraps_to_the_same(inner: bytes, seq: int) -> None:
    record = wrap(a_head(seq=seq), inner)
    unwrapped = unwrap(record)
    assert (unwrapped.head, unwrapped.inner) == (a_head(seq=seq), inner)
    assert unwrapped.digest == digest_of(record)


@given(st.binary(max_size=300))
def test_other_bytes_are_no_record(content: bytes) -> None:
    with pytest.raises(NotARecord):
        unwrap(content)


def test_the_same_head_written_in_another_way_is_no_record() -> None:
    record = wrap(a_head(), b"{}")
    with pytest.raises(NotARecord):
        unwrap(record.replace(b'"epoch":', b'"epoch" :', 1))


def test_a_suite_that_this_node_cannot_open_is_said_so_and_never_written() -> None:
    with pytest.raises(CannotUnwrap):
        wrap(a_head(suite=2), b"{}")
    unknown = wrap(a_head(), b"{}").replace(b'"suite":0', b'"suite":2', 1)
    assert unwrap(unknown).inner is None
