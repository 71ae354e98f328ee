"""From arrival to departure: each rule, every objection, and every clock that has to run."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.vocabulary import PLACES_TO_LIVE
from services.assistance.domain import (
    Assignment,
    CheckedIn,
    CheckedOut,
    Clock,
    Confirmed,
    Expired,
    Extension,
    Held,
    Moment,
    NoShow,
    Placed,
    Released,
    arrival_is_due,
    arrive,
    assign,
    clocks_of_hold,
    depart,
    expect,
    expire,
    extend,
    facts,
    give_up,
    limit_is_near,
    sharing_ended,
    stay_is_over,
)
from services.assistance.domain.dates import after_months
from tests.unit.assistance.builders import NOW, PROFILE, a_hold, a_pool, objections_of

NO_REASONS = ("not-yet-known", "no-such-reason")
"""What an unknown word is taken as, and an unknown word."""
Day = tuple[int, int, int]
LATER = NOW + timedelta(days=1)
EXPECTED = Confirmed(arrive_by=LATER)
HERE = CheckedIn(since=NOW)
GONE = [CheckedOut(), Released(), Expired(), NoShow()]
TAKEN = a_pool(available=1, occupied=1)
KEPT = a_pool(available=1, held=1)


def at(happened_at: datetime = NOW, now: datetime = NOW) -> Moment:
    return Moment(happened_at=happened_at, now=now)


def done(decided: Any) -> Placed:
    assert isinstance(decided, Placed)
    return decided


def kinds(placed: Placed) -> list[type]:
    return [type(fact) for fact in placed.facts]


def test_who_was_expected_arrives_and_the_place_is_occupied() -> None:
    came = done(arrive(a_hold(EXPECTED), KEPT, at(), PROFILE))
    assert (came.hold.state, came.pool) == (HERE, TAKEN)
    assert came.facts == (facts.PersonCame(happened_at=NOW),)
    a_little_ahead = at(happened_at=NOW + timedelta(minutes=4))
    soon = done(arrive(a_hold(EXPECTED), KEPT, a_little_ahead, PROFILE))
    assert soon.hold.state == CheckedIn(since=a_little_ahead.happened_at)
    assert soon.facts == (facts.PersonCame(happened_at=a_little_ahead.happened_at),)


@pytest.mark.parametrize("state", [Held(), HERE, *GONE])
def test_only_who_is_expected_arrives(state: Any) -> None:
    future = at(happened_at=LATER)
    against = objections_of(arrive(a_hold(state), KEPT, future, PROFILE))
    assert against == [("wrong-state", None), ("in-the-future", "occurred_at")]


def test_who_is_here_leaves_and_the_place_is_free() -> None:
    left = done(depart(a_hold(HERE), TAKEN, at(LATER, LATER)))
    assert (left.hold.state, left.pool) == (CheckedOut(), a_pool())
    assert left.facts == (facts.PersonWentAway(happened_at=LATER),)
    at_once = done(depart(a_hold(HERE), TAKEN, at(NOW, LATER)))
    assert at_once.facts == (facts.PersonWentAway(happened_at=NOW),)


@pytest.mark.parametrize("state", [Held(), EXPECTED, *GONE])
def test_only_who_is_here_leaves(state: Any) -> None:
    against = objections_of(depart(a_hold(state), KEPT, at(happened_at=LATER)))
    assert against == [("wrong-state", None), ("in-the-future", "occurred_at")]


def test_nobody_leaves_before_coming() -> None:
    before = at(happened_at=NOW - timedelta(minutes=1))
    assert objections_of(depart(a_hold(HERE), TAKEN, before)) == [("out-of-range", "occurred_at")]


def test_nobody_is_given_up_before_the_hours_are_over_and_then_a_human_decides() -> None:
    hold = a_hold(EXPECTED)
    assert objections_of(give_up(hold, KEPT, at(now=LATER - timedelta(minutes=1)))) == [
        ("too-early", None)
    ]
    assert arrival_is_due(hold, LATER - timedelta(minutes=1)) == ()
    (overdue,) = arrival_is_due(hold, LATER)
    assert overdue == facts.ArrivalIsOverdue(happened_at=LATER, arrive_by=LATER)
    given = done(give_up(hold, KEPT, at(NOW, LATER)))
    told = facts.NobodyHasCome(happened_at=LATER)
    assert given == Placed(hold=replace(hold, state=NoShow()), pool=a_pool(), facts=(told,))
    nowhere = a_hold(Confirmed(), pool_id=None)
    assert done(give_up(nowhere, None, at())).pool is None


@pytest.mark.parametrize("state", [Held(), HERE, *GONE])
def test_who_is_not_expected_is_not_given_up(state: Any) -> None:
    assert objections_of(give_up(a_hold(state), KEPT, at(LATER, LATER))) == [("wrong-state", None)]
    assert arrival_is_due(a_hold(state), LATER) == ()


def begins(hold: Any, starts_at: datetime, told_at: datetime = NOW) -> Any:
    """What it means that help, accepted now, is to begin then."""
    return expect(hold, starts_at, NOW, PROFILE, told_at)


def test_an_agreed_beginning_moves_the_time_to_arrive_to_and_fro() -> None:
    hold, told_at = a_hold(EXPECTED), NOW + timedelta(hours=2)
    for days in (28, 2, 5, 1):
        until = NOW + timedelta(days=days + 1)
        moved = begins(hold, NOW + timedelta(days=days), told_at)
        assert (moved.hold.state, moved.pool) == (Confirmed(arrive_by=until), None)
        assert moved.facts == (facts.HoldWasConfirmed(happened_at=told_at, arrive_by=until),)
        assert begins(moved.hold, NOW + timedelta(days=days), told_at) is None
        hold = moved.hold


def test_nobody_has_less_than_the_hours_from_the_acceptance_and_who_is_not_expected_none() -> None:
    for early in (NOW, NOW - timedelta(hours=5)):
        assert begins(a_hold(EXPECTED), early) is None
        back = begins(a_hold(Confirmed(arrive_by=NOW + timedelta(days=29))), early)
        assert back.hold.state == EXPECTED
    for state in (Confirmed(), HERE, Held(), *GONE):
        assert begins(a_hold(state), LATER) is None


def test_only_a_hold_that_nobody_took_expires() -> None:
    lapsed = done(expire(a_hold(), KEPT, NOW))
    assert (lapsed.hold.state, lapsed.pool) == (Expired(), a_pool())
    assert lapsed.facts == (facts.HoldLapsed(happened_at=NOW),)
    assert [expire(a_hold(state), KEPT, NOW) for state in (EXPECTED, HERE, *GONE)] == [None] * 6


def extension(**changes: Any) -> Extension:
    given: dict[str, Any] = {"ends_at": LATER, "reason": None, "now": NOW, "profile": PROFILE}
    return Extension(**given | changes)


def test_a_stay_is_extended() -> None:
    longer = done(extend(a_hold(HERE), extension(reason="nowhere-to-go")))
    told = facts.StayWasProlonged(happened_at=NOW, ends_at=LATER, reason="nowhere-to-go")
    stays = a_hold(replace(HERE, ends_at=LATER))
    assert longer == Placed(hold=stays, pool=None, facts=(told,))


def test_every_reason_against_an_extension_is_told() -> None:
    for state in (Held(), EXPECTED, *GONE):
        against = objections_of(extend(a_hold(state), extension(ends_at=NOW)))
        assert against == [("wrong-state", None), ("out-of-range", "ends_at")]


def test_beyond_the_limit_a_stay_is_extended_with_a_reason_only() -> None:
    child = a_hold(HERE, service_type="child-3-17", audience_class="girls")
    limit = after_months(NOW, PROFILE.number("stay_limit_3_to_17_months"))
    done(extend(child, extension(ends_at=limit)))
    beyond = extension(ends_at=limit + timedelta(days=1))
    for unknown in (None, *NO_REASONS):
        lacking = replace(beyond, reason=unknown)
        assert objections_of(extend(child, lacking)) == [("reason-missing", "reason")]
    done(extend(child, replace(beyond, reason="nowhere-to-go")))
    done(extend(a_hold(HERE), beyond))


def an_assignment(hold: Any, pool: Any, **changes: Any) -> Assignment:
    after = replace(hold, **{"reason": None} | changes.pop("after", {}))
    given = {"pool": pool, "needs": frozenset(), "after": after, "profile": PROFILE}
    return Assignment(**given | changes)


@pytest.mark.parametrize(("state", "left"), [(EXPECTED, KEPT), (Held(), KEPT), (HERE, TAKEN)])
def test_a_place_taken_elsewhere_is_given_back_here(state: Any, left: Any) -> None:
    other = a_pool(2)
    moved = done(assign(a_hold(state), an_assignment(a_hold(state), other), left, NOW))
    assert moved.hold.pool_id == other.pool_id
    assert moved.left == a_pool()
    assert moved.facts == (facts.PlaceWasChanged(happened_at=NOW, reason=None),)
    assert moved.pool is not None
    assert (moved.pool.held, moved.pool.occupied) == (
        (0, 1) if isinstance(state, CheckedIn) else (1, 0)
    )


@pytest.mark.parametrize(
    ("pool", "changes", "expected"),
    [
        (None, {}, [("unknown-pool", "pool_id")]),
        (a_pool(2, service_type="shelter"), {}, [("place-does-not-suit", "pool_id")]),
        (a_pool(2, available=0, held=2), {}, [("place-does-not-suit", "pool_id")]),
        (a_pool(2), {"needs": frozenset({"step-free"})}, [("place-does-not-suit", "needs")]),
        (a_pool(2, audience_class="men"), {}, [("place-does-not-suit", "pool_id")]),
        (
            a_pool(2),
            {"after": {"placement_class": "from-3-to-17"}},
            [("reason-missing", "placement_class")],
        ),
        (
            a_pool(2, available=0, held=2, service_type="shelter", audience_class="men"),
            {"needs": frozenset({"step-free"}), "after": {"placement_class": "below-3"}},
            [
                ("place-does-not-suit", "pool_id"),
                ("place-does-not-suit", "pool_id"),
                ("place-does-not-suit", "needs"),
                ("place-does-not-suit", "pool_id"),
                ("reason-missing", "placement_class"),
            ],
        ),
    ],
)
def test_every_reason_against_a_place_is_told(pool: Any, changes: Any, expected: Any) -> None:
    hold = a_hold(EXPECTED)
    assert objections_of(assign(hold, an_assignment(hold, pool, **changes), KEPT, NOW)) == expected


@pytest.mark.parametrize("state", GONE)
def test_whoever_is_gone_needs_no_place(state: Any) -> None:
    hold = a_hold(state)
    against = objections_of(assign(hold, an_assignment(hold, a_pool(2)), None, NOW))
    assert against == [("wrong-state", None)]


@pytest.mark.parametrize(
    ("family", "suits"), [("carer-with-children", "dependants"), ("minor-mother", "minor-mothers")]
)
def test_a_family_is_not_separated_without_a_recorded_reason(family: str, suits: str) -> None:
    hold = a_hold(EXPECTED, audience_class=family)
    apart = an_assignment(hold, a_pool(2))
    for unknown in (None, *NO_REASONS):
        lacking = replace(apart, after=replace(hold, reason=unknown))
        assert objections_of(assign(hold, lacking, KEPT, NOW)) == [("reason-missing", "reason")]
    because = replace(apart, after=replace(hold, reason="court-decision"))
    parted = done(assign(hold, because, KEPT, NOW))
    assert parted.hold.reason == "court-decision"
    assert parted.facts == (facts.PlaceWasChanged(happened_at=NOW, reason="court-decision"),)
    together = a_pool(2, suits=frozenset({suits}))
    assert done(assign(hold, an_assignment(hold, together), KEPT, NOW)).hold.reason is None


def test_a_family_is_not_placed_by_age_and_a_child_alone_is_looked_at() -> None:
    family = a_hold(EXPECTED, audience_class="minor-mother")
    assert kinds(done(arrive(family, KEPT, at(), PROFILE))) == [facts.PersonCame]
    child = a_hold(EXPECTED, audience_class="girls")
    came = done(arrive(child, KEPT, at(), PROFILE))
    assert came.facts[1] == facts.PlacementIsUnusual(
        happened_at=NOW, placement_class="from-3-to-17"
    )
    said = replace(child, reason="emergency")
    assert kinds(done(arrive(said, KEPT, at(), PROFILE))) == [facts.PersonCame]
    for unknown in NO_REASONS:
        said = replace(child, reason=unknown)
        assert facts.PlacementIsUnusual in kinds(done(arrive(said, KEPT, at(), PROFILE)))


@pytest.mark.parametrize("unknown", [None, *NO_REASONS])
def test_a_word_that_nobody_knows_places_nobody_otherwise_than_foreseen(unknown: Any) -> None:
    hold = a_hold(EXPECTED)
    with_men = an_assignment(hold, a_pool(2, audience_class="men"), after={"reason": unknown})
    assert objections_of(assign(hold, with_men, KEPT, NOW)) == [("place-does-not-suit", "pool_id")]
    of_a_child = {"reason": unknown, "placement_class": "from-3-to-17"}
    with_adults = an_assignment(hold, a_pool(2), after=of_a_child)
    against = [("reason-missing", "placement_class")]
    assert objections_of(assign(hold, with_adults, KEPT, NOW)) == against


def test_when_sharing_ends_nobody_loses_the_bed_and_own_consent_is_asked_once() -> None:
    asked = done(sharing_ended(a_hold(HERE), TAKEN, NOW))
    assert asked.hold.state == replace(HERE, asks_own_consent=True)
    assert asked.pool is None
    assert asked.facts == (facts.OwnConsentIsNeeded(happened_at=NOW, reason="running-stay"),)
    assert sharing_ended(asked.hold, TAKEN, NOW) is None
    assert done(depart(asked.hold, TAKEN, at())).pool == a_pool()
    let_go = done(sharing_ended(a_hold(EXPECTED), KEPT, NOW))
    assert let_go.hold.state == Released()
    assert let_go.facts == (facts.HoldWasReleased(happened_at=NOW),)
    visited = a_hold(HERE, pool_id=None, service_type="nursing-visit")
    assert done(sharing_ended(visited, None, NOW)).hold.state == CheckedOut()


@pytest.mark.parametrize("service", PLACES_TO_LIVE)
def test_whoever_lives_where_no_places_are_counted_stays_like_anybody_else(service: str) -> None:
    hold = a_hold(Confirmed(), pool_id=None, service_type=service, audience_class="minor-mother")
    came = done(arrive(hold, None, at(), PROFILE))
    assert came.facts == (facts.PersonCame(happened_at=NOW),)
    asked = done(sharing_ended(came.hold, None, NOW))
    assert asked.hold.state == replace(HERE, asks_own_consent=True)
    assert kinds(asked) == [facts.OwnConsentIsNeeded]
    left = done(depart(asked.hold, None, at(LATER, LATER)))
    assert left.facts == (facts.PersonWentAway(happened_at=LATER),)


@pytest.mark.parametrize("service", ["crisis-room", "medical"])
def test_a_stay_is_told_of_whoever_gets_a_place_after_they_came(service: str) -> None:
    came = a_hold(CheckedIn(since=NOW), pool_id=None, service_type=service)
    ward = a_pool(2, service_type=service)
    placed = done(assign(came, an_assignment(came, ward), None, LATER))
    assert placed.facts == (
        facts.PersonCame(happened_at=NOW),
        facts.PlaceWasChanged(happened_at=LATER, reason=None),
    )
    left = done(depart(placed.hold, placed.pool, at(LATER, LATER)))
    assert left.facts == (facts.PersonWentAway(happened_at=LATER),)
    expected = replace(came, state=Confirmed())
    later = done(assign(expected, an_assignment(expected, ward), None, NOW))
    assert kinds(later) == [facts.PlaceWasChanged]


CHILD = a_hold(HERE, service_type="child-3-17", audience_class="any-child")
ALARM, LIMIT = datetime(2026, 8, 2, 10, tzinfo=UTC), datetime(2026, 9, 2, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hold", "clocks"),
    [
        (a_hold(), {("hold-expires", a_hold().expires_at)}),
        (a_hold(EXPECTED), {("arrival-due", LATER)}),
        (a_hold(Confirmed()), set()),
        (a_hold(HERE), set()),
        (a_hold(replace(HERE, ends_at=LATER)), {("stay-ends", LATER)}),
        (CHILD, {("stay-limit-nears", ALARM), ("stay-ends", LIMIT)}),
        (
            replace(CHILD, state=replace(HERE, ends_at=LATER)),
            {("stay-limit-nears", ALARM), ("stay-ends", LATER)},
        ),
        (replace(CHILD, service_type="child-0-2"), set()),
        *((a_hold(state), set()) for state in GONE),
    ],
)
def test_each_state_has_its_clocks(hold: Any, clocks: Any) -> None:
    wanted = {Clock(kind=kind, due_at=due_at) for kind, due_at in clocks}
    assert clocks_of_hold(hold, PROFILE) == wanted


def test_a_child_stays_six_months_at_most_with_an_alarm_at_five_and_is_not_put_out() -> None:
    assert limit_is_near(CHILD, PROFILE, ALARM) == (
        facts.StayLimitIsNear(happened_at=ALARM, limit_at=LIMIT),
    )
    assert stay_is_over(CHILD, LIMIT, LIMIT) == (
        facts.StayIsOverdue(happened_at=LIMIT, ended_at=LIMIT),
    )
    assert limit_is_near(a_hold(HERE), PROFILE, ALARM) == ()
    assert stay_is_over(a_hold(CheckedOut()), LIMIT, LIMIT) == ()


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ((2026, 8, 31), 6, (2027, 2, 28)),
        ((2026, 3, 2), 0, (2026, 3, 2)),
        ((2026, 12, 1), 1, (2027, 1, 1)),
        ((2026, 11, 30), 13, (2027, 12, 30)),
    ],
)
def test_a_month_ends_with_its_last_day(start: Day, months: int, end: Day) -> None:
    assert after_months(datetime(*start, tzinfo=UTC), months) == datetime(*end, tzinfo=UTC)
