"""Contracts are charged in order, exhaustion is seen, and nobody is refused help for money."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.assistance import disclosure
from services.assistance.domain.contracts import (
    SocialContract,
    Statement,
    charge,
    record_contract,
)
from tests.unit.assistance.builders import NOW, objections_of

YEAR = timedelta(days=365)


def a_contract(number: int = 1, **changes: Any) -> SocialContract:
    given_: dict[str, Any] = {
        "contract_id": UUID(int=number),
        "service_type": "nursing-visit",
        "unit": "visit",
        "funding": "state-social-order",
        "recipient": "labour-vitebsk",
        "funded": 100,
        "delivered": 0,
        "starts_at": NOW,
        "ends_at": NOW + YEAR,
    }
    return SocialContract(**given_ | changes)


def test_a_contract_recorded_anew_keeps_what_was_delivered() -> None:
    known = a_contract(delivered=40)
    assert record_contract(known, a_contract(funded=120)) == a_contract(funded=120, delivered=40)
    assert record_contract(None, a_contract(delivered=7)) == a_contract()


def test_every_reason_against_a_contract_is_told() -> None:
    told = a_contract(ends_at=NOW, unit="hour")
    assert objections_of(record_contract(a_contract(delivered=1), told)) == [
        ("out-of-range", "ends_at"),
        ("wrong-state", "service_type"),
    ]
    too_long = a_contract(ends_at=NOW + timedelta(days=3661))
    assert objections_of(record_contract(None, too_long)) == [("out-of-range", "ends_at")]
    longest = a_contract(ends_at=NOW + timedelta(days=3660))
    assert record_contract(None, longest) == longest
    assert isinstance(record_contract(a_contract(), a_contract(unit="hour")), SocialContract)


@pytest.mark.parametrize(
    ("changes", "paid"),
    [
        ({}, True),
        ({"service_type": "psychological"}, False),
        ({"unit": "hour"}, False),
        ({"at": NOW + YEAR}, False),
        ({"at": NOW - timedelta(seconds=1)}, False),
    ],
)
def test_a_contract_pays_for_its_service_in_its_unit_and_period(changes: Any, paid: bool) -> None:
    asked: dict[str, Any] = {"service_type": "nursing-visit", "unit": "visit", "at": NOW}
    assert a_contract().pays(**asked | changes) is paid


def test_the_contract_that_ends_first_is_charged_first_and_the_last_takes_what_nobody_pays() -> (
    None
):
    later = a_contract(1, funded=5, ends_at=NOW + 2 * YEAR)
    first = a_contract(2, funded=3, delivered=1)
    parts = charge([later, first], 9)
    assert [(part.quantity, part.contract, part.exhausted, part.exceeded) for part in parts] == [
        (2, replace(first, delivered=3), True, False),
        (7, replace(later, delivered=7), True, True),
    ]
    again = charge([replace(later, delivered=7)], 1)
    assert [(part.quantity, part.exhausted, part.exceeded) for part in again] == [(1, False, False)]


def test_the_last_paid_unit_is_told_before_any_is_given_beyond() -> None:
    contract = a_contract(funded=3)
    said = []
    for _ in range(5):
        (part,) = charge([contract], 1)
        assert part.contract is not None
        contract = part.contract
        said.append((part.exhausted, part.exceeded))
    assert said == [(False, False)] * 2 + [(True, False), (False, True), (False, False)]
    (nothing_paid,) = charge([a_contract(funded=0)], 1)
    assert (nothing_paid.exhausted, nothing_paid.exceeded) == (False, True)


def test_help_that_nobody_pays_for_is_counted_too() -> None:
    (part,) = charge([], 4)
    assert (part.quantity, part.contract, part.exceeded) == (4, None, False)
    assert charge([a_contract()], 0) == charge([], 0) == ()


@given(
    some.lists(
        some.builds(
            a_contract,
            number=some.integers(1, 9),
            funded=some.integers(0, 20),
            delivered=some.integers(0, 25),
            ends_at=some.sampled_from([NOW + YEAR, NOW + 2 * YEAR]),
        ),
        max_size=4,
        unique_by=lambda each: each.contract_id,
    ),
    some.integers(1, 60),
)
def test_every_unit_is_counted_once_and_money_runs_out_before_anything_is_beyond(
    contracts: list[SocialContract], quantity: int
) -> None:
    parts = charge(contracts, quantity)
    assert sum(part.quantity for part in parts) == quantity
    before = {contract.contract_id: contract for contract in contracts}
    after = before | {part.contract.contract_id: part.contract for part in parts if part.contract}
    for contract in after.values():
        assert contract.remaining == max(0, contract.funded - contract.delivered)
        assert not (contract.remaining and contract.beyond)
    beyond_before = sum(each.beyond for each in before.values())
    if sum(each.beyond for each in after.values()) > beyond_before:
        assert sum(each.remaining for each in after.values()) == 0
    crossed = [key for key, each in after.items() if each.beyond and not before[key].beyond]
    assert crossed == [
        part.contract.contract_id for part in parts if part.exceeded and part.contract
    ]


def test_a_statement_says_units_and_nothing_of_anybody() -> None:
    told = Statement(
        contract=a_contract(funded=10, delivered=12),
        delivered_in_period=4,
        period_start=NOW,
        period_end=NOW + YEAR,
    )
    head, row = disclosure.statement(told).splitlines()
    assert head.split(",") == [
        *("contract_id", "recipient", "service_type", "unit", "period_start", "period_end"),
        *("funded", "delivered_in_period", "delivered", "remaining", "beyond_funding"),
    ]
    assert row.split(",")[6:] == ["10", "4", "12", "0", "2"]
