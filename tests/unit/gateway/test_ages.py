"""Bands of age: bounds, a year alone, what contradicts itself, and that no child is made older."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import code_lists
from services.gateway.domain.ages import (
    BANDINGS,
    CTDC,
    GLOTIP,
    PLACEMENT,
    Band,
    Birth,
    band_of,
    possible_years,
)

ON = date(2026, 11, 23)
DAYS = st.dates(date(1920, 1, 1), ON)
UNKNOWN = Band(code="not-yet-known", certain=False)


def born(years: int, *, days: int = 0) -> Birth:
    """Somebody who completed so many years on the day, or so many days before it."""
    return Birth(day=date(ON.year - years, ON.month, ON.day) - timedelta(days=days))


@pytest.mark.parametrize(
    ("banding", "years", "code"),
    [
        (PLACEMENT, 2, "below-3"),
        (PLACEMENT, 3, "from-3-to-17"),
        (PLACEMENT, 17, "from-3-to-17"),
        (PLACEMENT, 18, "adult"),
        (GLOTIP, 0, "below-18"),
        (GLOTIP, 17, "below-18"),
        (GLOTIP, 18, "from-18"),
        *(
            (CTDC, years, code)
            for years, code in (
                (8, "from-0-to-8"),
                (9, "from-9-to-17"),
                (17, "from-9-to-17"),
                (18, "from-18-to-20"),
                (20, "from-18-to-20"),
                (21, "from-21-to-23"),
                (24, "from-24-to-26"),
                (29, "from-27-to-29"),
                (38, "from-30-to-38"),
                (47, "from-39-to-47"),
                (48, "from-48"),
                (106, "from-48"),
            )
        ),
    ],
)
def test_a_birthday_is_in_one_band_from_its_day_on(banding: str, years: int, code: str) -> None:
    assert band_of(born(years), ON, banding) == Band(code=code, certain=True)
    first, _ = code_lists()[banding].years[code]
    if years == first and years:
        before = Birth(day=date(ON.year - years, ON.month, ON.day + 1))
        assert band_of(before, ON, banding).code != code


@pytest.mark.parametrize(
    ("year", "placement", "glotip", "ctdc"),
    [
        (2026, ("below-3", True), ("below-18", True), ("from-0-to-8", True)),
        (2023, ("not-yet-known", False), ("below-18", True), ("from-0-to-8", True)),
        (2017, ("from-3-to-17", True), ("below-18", True), ("not-yet-known", False)),
        (2009, ("from-3-to-17", True), ("below-18", True), ("from-9-to-17", True)),
        (2008, ("from-3-to-17", False), ("below-18", False), ("from-9-to-17", False)),
        (2007, ("adult", True), ("from-18", True), ("from-18-to-20", True)),
        (2005, ("adult", True), ("from-18", True), ("not-yet-known", False)),
        (1940, ("adult", True), ("from-18", True), ("from-48", True)),
    ],
)
def test_a_year_alone_may_fit_two_bands_and_who_may_be_a_child_is_one(
    year: int, placement: tuple[str, bool], glotip: tuple[str, bool], ctdc: tuple[str, bool]
) -> None:
    bands = [band_of(Birth(year=year), ON, banding) for banding in BANDINGS]
    assert [(band.code, band.certain) for band in bands] == [placement, glotip, ctdc]


@pytest.mark.parametrize(
    "birth",
    [Birth(), Birth(day=ON + timedelta(days=1)), Birth(year=ON.year + 1)],
)
def test_where_nothing_is_known_or_somebody_is_not_born_yet_the_band_is_not_known(
    birth: Birth,
) -> None:
    assert possible_years(birth, ON) is None
    assert {band_of(birth, ON, banding) for banding in BANDINGS} == {UNKNOWN}


def test_born_on_a_leap_day_a_child_stays_one_until_the_first_of_march() -> None:
    birth = Birth(day=date(2008, 2, 29))
    assert band_of(birth, date(2026, 2, 28), GLOTIP).code == "below-18"
    assert band_of(birth, date(2026, 3, 1), GLOTIP).code == "from-18"


def test_a_day_and_a_year_that_contradict_each_other_count_both() -> None:
    assert possible_years(Birth(day=date(2000, 1, 1), year=2000), ON) == (26, 26)
    torn = Birth(day=date(2000, 1, 1), year=2010)
    assert possible_years(torn, ON) == (15, 26)
    assert band_of(torn, ON, GLOTIP) == Band(code="below-18", certain=False)
    assert band_of(Birth(day=date(2000, 1, 1), year=2020), ON, CTDC) == UNKNOWN
    assert possible_years(Birth(day=ON + timedelta(days=400), year=2010), ON) == (0, 16)


@given(DAYS, st.sampled_from(BANDINGS))
def test_what_is_certain_is_true_and_no_child_is_made_older_by_a_year_alone(
    day: date, banding: str
) -> None:
    true, by_year = band_of(Birth(day=day), ON, banding), band_of(Birth(year=day.year), ON, banding)
    assert true.certain
    assert not by_year.certain or by_year.code == true.code
    is_child = band_of(Birth(day=day), ON, GLOTIP).code == "below-18"
    if is_child:
        assert band_of(Birth(year=day.year), ON, GLOTIP).code == "below-18"
        assert by_year.code in (true.code, UNKNOWN.code)
