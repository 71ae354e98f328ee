"""Places always add up, nobody gets a place twice, and whom a place suits."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.assistance.access import objections
from services.assistance.domain import (
    CapacityReport,
    CheckedIn,
    Confirmed,
    Expired,
    HoldAsked,
    NoPlace,
    Placed,
    Pool,
    Refusal,
    Released,
    check_in,
    confirm,
    expire,
    facts,
    fits,
    place,
    release,
    report,
)
from services.assistance.domain.hold import CheckedOut
from services.assistance.domain.pool import Closing, close, hold_place, release_place
from tests.unit.assistance.builders import NOW, PROFILE, a_hold, a_pool, objections_of


def a_report(**changes: Any) -> CapacityReport:
    given = CapacityReport(
        pool_id=UUID(int=1),
        service_type="crisis-room",
        audience_class="women",
        maximum=2,
        out_of_service=0,
        now=NOW,
    )
    return replace(given, **changes)


def asked(**changes: Any) -> HoldAsked:
    given = HoldAsked(
        task_id=UUID(int=7),
        case_id=UUID(int=8),
        service_type="crisis-room",
        audience_class="women",
        answer_by=NOW + timedelta(minutes=15),
        now=NOW,
        frozen=False,
    )
    return replace(given, **changes)


def test_a_place_that_can_be_used_is_held_first_and_none_is_refused_for_it() -> None:
    exact = a_pool(1, audience_class="women")
    ramp = a_pool(2, audience_class="any-adult", suits=frozenset({"step-free"}))
    needs = {"needs": frozenset({"step-free", "hearing"})}
    for wanted, number in ((needs, 2), ({}, 1)):
        found = placed(place(asked(**wanted), (exact, ramp), PROFILE))
        assert found.pool is not None
        assert found.pool.pool_id == a_pool(number).pool_id
    alone = placed(place(asked(**needs), (exact,), PROFILE))
    assert alone.pool is not None
    assert alone.pool.pool_id == exact.pool_id


def placed(found: Placed | NoPlace | None) -> Placed:
    assert isinstance(found, Placed)
    return found


@pytest.mark.parametrize(
    "wrong", [{"available": 1}, {"maximum": 3}, {"available": 3, "held": -1}, {"occupied": 1}]
)
def test_a_pool_that_does_not_add_up_cannot_exist(wrong: Any) -> None:
    with pytest.raises(ValueError, match="add up"):
        a_pool(**wrong)


def test_the_first_report_makes_a_pool() -> None:
    pool = report(None, a_report(maximum=5, out_of_service=2))
    assert pool == a_pool(maximum=5, available=3, out_of_service=2)


def test_a_report_leaves_what_is_held_and_occupied() -> None:
    pool = a_pool(maximum=4, available=1, held=1, occupied=2)
    after = report(pool, a_report(maximum=6, out_of_service=1))
    assert after == replace(pool, maximum=6, available=2, out_of_service=1)


@pytest.mark.parametrize(("maximum", "out_of_service"), [(2, 0), (4, 2), (0, 0)])
def test_nobody_is_put_out_by_a_smaller_number(maximum: int, out_of_service: int) -> None:
    pool = a_pool(maximum=4, available=1, held=1, occupied=2)
    told = a_report(maximum=maximum, out_of_service=out_of_service)
    assert objections_of(report(pool, told)) == [("exceeds-maximum", "maximum")]


def test_every_reason_against_a_report_is_told() -> None:
    pool = a_pool(maximum=4, available=1, held=1, occupied=2)
    assert objections_of(report(pool, a_report(service_type="shelter"))) == [
        ("exceeds-maximum", "maximum"),
        ("wrong-state", "service_type"),
    ]


def test_a_report_says_what_the_places_are_and_when_and_why_they_were_closed() -> None:
    closed = a_pool(available=1, out_of_service=1, closed_because="repair")
    told = a_report(
        service_type="shelter",
        audience_class="men",
        maximum=3,
        out_of_service=1,
        now=NOW + timedelta(hours=1),
        suits=frozenset({"step-free"}),
    )
    after = a_pool(
        service_type="shelter",
        audience_class="men",
        maximum=3,
        available=2,
        out_of_service=1,
        reported_at=told.now,
        suits=frozenset({"step-free"}),
        closed_because="repair",
    )
    assert report(closed, told) == after
    opened = report(closed, replace(told, out_of_service=0))
    assert opened == replace(after, available=3, out_of_service=0, closed_because=None)


def test_only_free_places_are_closed_and_all_may_be_opened_again() -> None:
    pool = a_pool(maximum=4, available=1, held=1, occupied=1, out_of_service=1)
    later = NOW + timedelta(hours=1)
    closing = Closing(out_of_service=2, reason="repair", now=later)
    assert close(pool, closing) == replace(
        pool, available=0, out_of_service=2, closed_because="repair", reported_at=later
    )
    opened = close(pool, replace(closing, out_of_service=0))
    assert opened == replace(pool, available=2, out_of_service=0, reported_at=later)
    too_many = close(pool, replace(closing, out_of_service=3))
    assert objections_of(too_many) == [("exceeds-maximum", "out_of_service")]
    assert objections_of(close(None, closing)) == [("unknown-pool", "pool_id")]


def test_other_agencies_are_told_a_status_and_no_count() -> None:
    assert a_pool(available=1, held=1).status == "capacity"
    assert a_pool(available=0, held=2).status == "none"


def test_a_waiting_list_counts_only_while_nothing_is_free_and_stays_until_told_otherwise() -> None:
    free = cast(Pool, report(None, a_report(waiting_list=True)))
    assert (free.waiting_list, free.status) == (True, "capacity")
    full = hold_place(hold_place(free))
    assert full.status == "waitlist"
    assert release_place(full).status == "capacity"
    again = cast(Pool, report(full, a_report()))
    assert (again.waiting_list, again.status) == (True, "waitlist")
    opened = Closing(out_of_service=0, reason="repair", now=NOW)
    for reason in ("repair", "safety"):
        shut = cast(Pool, close(free, replace(opened, out_of_service=2, reason=reason)))
        assert (shut.waiting_list, shut.status) == (True, "none")
        assert cast(Pool, close(shut, opened)).status == "capacity"
    gone = cast(Pool, report(full, a_report(waiting_list=False)))
    assert (gone.waiting_list, gone.status) == (False, "none")
    assert not cast(Pool, report(None, a_report())).waiting_list


def test_more_out_of_service_than_there_are_is_refused() -> None:
    against = objections_of(report(None, a_report(maximum=1, out_of_service=2)))
    assert against == [("exceeds-maximum", "maximum")]


@pytest.mark.parametrize("change", [{"service_type": "shelter"}, {"audience_class": "men"}])
def test_a_pool_in_use_does_not_become_another(change: Any) -> None:
    for pool in (a_pool(available=1, held=1), a_pool(available=1, occupied=1)):
        assert objections_of(report(pool, a_report(**change))) == [("wrong-state", "service_type")]
    assert isinstance(report(a_pool(), a_report(**change)), Pool)


@pytest.mark.parametrize(
    ("ours", "wanted", "suits"),
    [
        ("women", "women", True),
        ("women", "men", False),
        ("any-adult", "men", True),
        ("any-adult", "women", True),
        ("any-adult", "girls", False),
        ("any-child", "boys", True),
        ("any-child", "men", False),
        ("women", "any-adult", False),
        ("carer-with-children", "women", False),
        ("carer-with-children", "carer-with-children", True),
        ("not-yet-known", "men", True),
        ("women", "not-yet-known", True),
        ("women", "minor-mother", False),
        ("girls", "minor-mother", False),
    ],
)
def test_whom_a_place_suits(ours: str, wanted: str, suits: bool) -> None:
    assert fits(a_pool(audience_class=ours), wanted) is suits


@pytest.mark.parametrize(
    ("suits", "wanted"),
    [("dependants", "carer-with-children"), ("minor-mothers", "minor-mother"), ("men", "men")],
)
def test_a_place_says_whom_else_it_suits(suits: str, wanted: str) -> None:
    assert not fits(a_pool(), wanted)
    assert fits(a_pool(suits=frozenset({suits})), wanted)
    assert not fits(a_pool(suits=frozenset({suits})), "boys")


def test_a_place_is_held_for_as_long_as_the_profile_says() -> None:
    found = placed(place(asked(), (a_pool(),), PROFILE))
    until = NOW + PROFILE.hours("hold_hours")
    assert found == Placed(hold=a_hold(expires_at=until), pool=a_pool(available=1, held=1))
    longer = replace(PROFILE, values={**PROFILE.values, "hold_hours": 72})
    kept = placed(place(asked(), (a_pool(),), longer)).hold
    assert kept.expires_at == NOW + timedelta(hours=72)


def test_a_service_without_places_needs_none_and_nobody_is_expected_at_its_door() -> None:
    found = placed(place(asked(service_type="nursing-visit"), (), PROFILE))
    until = NOW + PROFILE.hours("hold_hours")
    promised = a_hold(service_type="nursing-visit", pool_id=None, expires_at=until)
    assert found == Placed(hold=promised, pool=None)
    confirmed = replace(promised, state=Confirmed())
    told = facts.HoldWasConfirmed(happened_at=NOW, arrive_by=None)
    assert confirm(promised, PROFILE, NOW) == Placed(hold=confirmed, pool=None, facts=(told,))
    given_ = replace(promised, state=CheckedIn(since=NOW))
    assert check_in(confirmed, None, NOW, PROFILE) == Placed(hold=given_, pool=None)
    over = Placed(hold=replace(promised, state=CheckedOut()), pool=None)
    assert release(given_, None, NOW) == over
    let_go = facts.HoldWasReleased(happened_at=NOW)
    released = replace(promised, state=Released())
    assert release(promised, None, NOW) == Placed(hold=released, pool=None, facts=(let_go,))
    lapsed = facts.HoldLapsed(happened_at=NOW)
    expired = replace(promised, state=Expired())
    assert expire(promised, None, NOW) == Placed(hold=expired, pool=None, facts=(lapsed,))


@pytest.mark.parametrize(
    ("changes", "pools", "reason"),
    [
        ({}, (a_pool(maximum=0, available=0),), "at-capacity"),
        ({}, (a_pool(available=0, held=1, occupied=1),), "at-capacity"),
        ({"audience_class": "men"}, (a_pool(),), "at-capacity"),
        ({"now": NOW + timedelta(minutes=15)}, (a_pool(),), "hold-expired"),
        ({"frozen": True}, (a_pool(),), "person-declined"),
    ],
)
def test_no_place_is_held(changes: Any, pools: Any, reason: str) -> None:
    assert place(asked(**changes), pools, PROFILE) == NoPlace(reason=reason)


def test_an_exact_fit_comes_first_then_where_most_are_free_then_by_id() -> None:
    pools = (
        a_pool(1, audience_class="any-adult", maximum=9, available=9),
        a_pool(2),
        a_pool(3, maximum=3, available=3),
        a_pool(4, maximum=3, available=3),
    )
    assert placed(place(asked(), pools, PROFILE)).hold.pool_id == UUID(int=3)


def test_a_hold_goes_its_way_once() -> None:
    start = placed(place(asked(), (a_pool(),), PROFILE))
    assert start.pool is not None
    expected = placed(confirm(start.hold, PROFILE, NOW))
    arrive_by = NOW + PROFILE.hours("arrival_hours")
    assert expected.hold.state == Confirmed(arrive_by=arrive_by)
    assert expected.facts == (facts.HoldWasConfirmed(happened_at=NOW, arrive_by=arrive_by),)
    assert confirm(expected.hold, PROFILE, NOW) is None
    here = placed(check_in(expected.hold, start.pool, NOW, PROFILE))
    assert (here.hold.state, here.pool) == (CheckedIn(since=NOW), a_pool(available=1, occupied=1))
    assert here.facts == (facts.PersonCame(happened_at=NOW),)
    assert check_in(here.hold, here.pool, NOW, PROFILE) is None
    gone = placed(release(here.hold, here.pool, NOW))
    assert (gone.hold.state, gone.pool) == (CheckedOut(), a_pool())
    assert gone.facts == (facts.PersonWentAway(happened_at=NOW),)
    assert release(gone.hold, gone.pool, NOW) is None
    assert check_in(gone.hold, gone.pool, NOW, PROFILE) is None
    assert confirm(gone.hold, PROFILE, NOW) is None


def test_a_kept_place_that_is_let_go_is_free() -> None:
    start = placed(place(asked(), (a_pool(),), PROFILE))
    let_go = placed(release(start.hold, start.pool, NOW))
    assert (let_go.hold.state, let_go.pool) == (Released(), a_pool())
    assert let_go.facts == (facts.HoldWasReleased(happened_at=NOW),)


def test_a_frozen_case_is_not_looked_at() -> None:
    assert [objection.code for objection in objections(frozen=True)] == ["case-frozen"]
    assert objections(frozen=False) == ()
    assert objections(frozen=True, leaving=True) == ()


@given(maximum=some.integers(0, 50), out_of_service=some.integers(0, 50), new=some.integers(0, 50))
def test_a_report_either_adds_up_or_is_refused(maximum: int, out_of_service: int, new: int) -> None:
    first = report(None, a_report(maximum=maximum, out_of_service=out_of_service))
    if isinstance(first, Refusal):
        assert out_of_service > maximum
        return
    second = report(first, a_report(maximum=new, out_of_service=out_of_service))
    assert isinstance(second, Refusal) == (new < out_of_service)
