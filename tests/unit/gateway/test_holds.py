"""Legal holds: each rule with the case in which it alone objects, ends, and what they block."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import load_profile
from contracts.vocabulary.profile import known_profiles
from services.gateway.domain.holds import (
    Destroying,
    LegalHold,
    Placing,
    Stay,
    Terms,
    confirming_objections,
    destroying_objections,
    notice_at,
    placing_objections,
    standing_objections,
    stands,
    terms_of,
    that_one_person_saw,
)
from services.gateway.domain.refusals import Objection

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TERMS = Terms(
    longest=180 * DAY, confirmed_within=72 * HOUR, notice=14 * DAY, destroyed_after=72 * HOUR
)
ASKED = Placing(
    ground="court-order",
    ends_at=NOW + 180 * DAY,
    now=NOW,
    terms=TERMS,
    case_known=True,
    id_taken=False,
    again_alone=False,
)
HOLD = LegalHold(
    hold_id=UUID(int=1, version=4),
    case_id=UUID(int=2, version=4),
    ground="court-order",
    placed_at=NOW,
    ends_at=NOW + 100 * DAY,
    confirm_by=NOW + 72 * HOUR,
)
CONFIRMED = replace(HOLD, confirmed_at=NOW + HOUR)
LIFTED = replace(CONFIRMED, ended_at=NOW + 10 * DAY)


def test_a_hold_with_a_ground_and_an_end_in_time_is_placed() -> None:
    assert placing_objections(ASKED) == ()


@pytest.mark.parametrize(
    ("changes", "objection"),
    [
        ({"case_known": False}, Objection("unknown-case")),
        ({"id_taken": True}, Objection("id-reused", "hold_id")),
        ({"ground": "not-yet-known"}, Objection("reason-missing", "ground")),
        ({"again_alone": True}, Objection("second-person-needed")),
        ({"ends_at": NOW}, Objection("out-of-range", "ends_at")),
        ({"ends_at": NOW + 180 * DAY + HOUR}, Objection("hold-too-long", "ends_at")),
    ],
)
def test_each_rule_of_placing_objects_alone(changes: dict[str, Any], objection: Objection) -> None:
    assert placing_objections(replace(ASKED, **changes)) == (objection,)


def test_every_objection_to_a_hold_is_told() -> None:
    wrong = replace(ASKED, ground="not-yet-known", ends_at=NOW - DAY, case_known=False)
    codes = [found.code for found in placing_objections(replace(wrong, id_taken=True))]
    assert codes == ["unknown-case", "id-reused", "reason-missing", "out-of-range"]


@pytest.mark.parametrize(
    ("hold", "until", "kind"),
    [
        (HOLD, NOW + 72 * HOUR, "not-confirmed"),
        (replace(HOLD, ends_at=NOW + DAY), NOW + DAY, "expired"),
        (CONFIRMED, NOW + 100 * DAY, "expired"),
    ],
)
def test_it_stands_at_once_and_without_a_second_person_not_for_long(
    hold: LegalHold, until: datetime, kind: str
) -> None:
    assert hold.stands_until == until
    assert stands(hold, NOW)
    assert stands(hold, until - HOUR)
    assert not stands(hold, until)
    assert not stands(hold, NOW - HOUR)
    assert hold.kind_of_end == kind


@pytest.mark.parametrize(
    ("hold", "counts"),
    [
        (HOLD, True),
        (replace(HOLD, ended_at=NOW + 2 * DAY), True),
        (replace(HOLD, ended_at=NOW + 3 * DAY), True),
        (CONFIRMED, False),
        (LIFTED, False),
        (replace(HOLD, ground="persons-claim"), False),
    ],
)
def test_what_nobody_confirmed_was_seen_by_one_person_while_it_stands_and_after(
    hold: LegalHold, *, counts: bool
) -> None:
    assert that_one_person_saw([hold], "court-order") == ((hold,) if counts else ())


def test_a_lifted_hold_stands_no_longer() -> None:
    assert stands(LIFTED, NOW + 9 * DAY)
    assert not stands(LIFTED, NOW + 10 * DAY)


def test_only_a_hold_that_stands_is_confirmed_or_lifted() -> None:
    assert standing_objections(None, NOW) == (Objection("unknown-hold", "hold_id"),)
    assert standing_objections(HOLD, NOW + 4 * DAY) == (Objection("hold-ended", "hold_id"),)
    assert standing_objections(HOLD, NOW) == ()
    second = (Objection("second-person-needed"),)
    assert confirming_objections(HOLD, NOW, ()) == ()
    assert confirming_objections(HOLD, NOW, second) == second
    assert confirming_objections(CONFIRMED, NOW, ()) == (Objection("wrong-state"),)
    assert confirming_objections(None, NOW, second) == (
        Objection("unknown-hold", "hold_id"),
        *second,
    )


def destroying(*keep: LegalHold | Stay, at: datetime, stopped: datetime | None = NOW) -> Destroying:
    holds = tuple(each for each in keep if isinstance(each, LegalHold))
    stays = tuple(each for each in keep if isinstance(each, Stay))
    return Destroying(
        stopped_at=stopped, holds=holds, stays=stays, now=at, terms=TERMS, lifted_by_the_same=False
    )


@pytest.mark.parametrize(
    ("asked", "against"),
    [
        (destroying(at=NOW + 72 * HOUR), ()),
        (destroying(at=NOW + 71 * HOUR), ("not-yet-due",)),
        (destroying(at=NOW + 99 * DAY, stopped=None), ("not-stopped",)),
        (destroying(CONFIRMED, at=NOW + 99 * DAY), ("legal-hold", "not-yet-due")),
        (destroying(CONFIRMED, at=NOW + 100 * DAY), ("not-yet-due",)),
        (destroying(CONFIRMED, at=NOW + 103 * DAY), ()),
        (destroying(LIFTED, at=NOW + 12 * DAY), ("not-yet-due",)),
        (destroying(LIFTED, at=NOW + 13 * DAY), ()),
        (
            replace(destroying(LIFTED, at=NOW + 13 * DAY), lifted_by_the_same=True),
            ("second-person-needed",),
        ),
        (
            replace(destroying(LIFTED, at=NOW + 12 * DAY), lifted_by_the_same=True),
            ("second-person-needed", "not-yet-due"),
        ),
        (destroying(HOLD, at=NOW + 6 * DAY), ()),
        (destroying(Stay(None), at=NOW + 99 * DAY), ("running-stay",)),
        (destroying(Stay(None), Stay(NOW), at=NOW + 99 * DAY), ("running-stay",)),
        (destroying(Stay(NOW + 9 * DAY), at=NOW + 11 * DAY), ("not-yet-due",)),
        (destroying(Stay(NOW + 9 * DAY), at=NOW + 12 * DAY), ()),
        (
            destroying(CONFIRMED, Stay(None), at=NOW + DAY, stopped=None),
            ("not-stopped", "legal-hold", "running-stay"),
        ),
        (destroying(CONFIRMED, at=NOW + DAY, stopped=None), ("not-stopped", "legal-hold")),
    ],
)
def test_a_hold_blocks_destruction_and_an_ended_one_does_not(
    asked: Destroying, against: tuple[str, ...]
) -> None:
    assert destroying_objections(asked) == against


def test_the_time_to_destroy_is_counted_from_the_last_of_stop_and_ends() -> None:
    later = replace(LIFTED, ended_at=NOW + 20 * DAY)
    left = Stay(NOW + 25 * DAY)

    def free_at(days: int, *keep: LegalHold | Stay, stopped: datetime = NOW) -> bool:
        before = destroying(*keep, at=NOW + days * DAY - HOUR, stopped=stopped)
        assert destroying_objections(before) == ("not-yet-due",)
        return destroying_objections(replace(before, now=NOW + days * DAY)) == ()

    assert free_at(3)
    assert free_at(23, LIFTED, later)
    assert free_at(28, LIFTED, left, later)
    assert free_at(43, LIFTED, left, stopped=NOW + 40 * DAY)


@pytest.mark.parametrize(
    ("hold", "at"),
    [
        (HOLD, NOW + 36 * HOUR),
        (replace(CONFIRMED, confirmed_at=NOW), NOW + 86 * DAY),
        (replace(HOLD, ends_at=NOW + 10 * DAY, confirmed_at=NOW), NOW + 5 * DAY),
    ],
)
def test_people_hear_in_time_or_halfway(hold: LegalHold, at: datetime) -> None:
    assert notice_at(hold, TERMS) == at


@given(
    st.integers(1, 180 * 24),
    st.one_of(st.none(), st.integers(0, 72)),
    st.one_of(st.none(), st.integers(0, 72)),
    st.integers(0, 200 * 24),
)
def test_a_record_is_either_held_or_its_clock_runs_from_a_time_that_is_known(
    hours: int, confirmed: int | None, lifted: int | None, later: int
) -> None:
    hold = replace(HOLD, ends_at=NOW + hours * HOUR)
    if confirmed is not None and confirmed < hours:
        hold = replace(hold, confirmed_at=NOW + confirmed * HOUR)
    if lifted is not None and NOW + lifted * HOUR < hold.stands_until:
        hold = replace(hold, ended_at=NOW + lifted * HOUR)
    at = NOW + later * HOUR
    against = destroying_objections(destroying(hold, at=at))
    assert ("legal-hold" in against) == stands(hold, at)
    free_at = max(NOW, hold.stands_until) + TERMS.destroyed_after
    assert (against == ()) == (at >= free_at)


@pytest.mark.parametrize("name", known_profiles())
def test_every_profile_has_terms_under_which_somebody_hears_before_the_end(name: str) -> None:
    terms = terms_of(load_profile(name))
    assert timedelta(0) < terms.notice < terms.longest
    assert terms.confirmed_within < terms.longest
