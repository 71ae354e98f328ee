"""Code lists and the working-day calendar of a jurisdiction."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.catalogue import CATALOGUE
from contracts.tools.schemas import schema_of
from contracts.vocabulary import BusinessCalendar, code_lists, load_profile, taken_as

BELARUS = BusinessCalendar(country="BY")


def test_an_unknown_code_is_taken_as_the_fallback() -> None:
    assert taken_as("exploitation", "moon-mining") == "not-yet-known"
    assert taken_as("exploitation", "forced-labour") == "forced-labour"


def test_every_code_fits_the_pattern_of_a_code() -> None:
    for listed in code_lists().values():
        assert all(len(code) <= 40 and code.replace("-", "").isalnum() for code in listed.codes)
        assert len(set(listed.codes)) == len(listed.codes)


def test_every_code_list_is_used_by_a_schema_or_told_apart_here() -> None:
    text = "".join(str(schema_of(spec)) for spec in CATALOGUE.values())
    unused = {name for name in code_lists() if f"'x-nrm-codelist': '{name}'" not in text}
    assert unused == {"identification-state"}  # a state, shown by the API, in no event


def test_working_days_skip_weekends_and_public_holidays() -> None:
    friday = datetime(2026, 5, 8, 10, tzinfo=UTC)
    assert not BELARUS.is_working_day(date(2026, 5, 9))
    assert BELARUS.add_working_days(friday, 1) == datetime(2026, 5, 11, 10, tzinfo=UTC)
    assert BELARUS.add_working_days(datetime(2026, 7, 2, 9, tzinfo=UTC), 1).day == 6


@given(st.integers(0, 3650), st.integers(0, 60))
def test_a_due_day_is_always_a_working_day(day: int, days: int) -> None:
    start = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=day)
    due = BELARUS.add_working_days(start, days)
    assert BELARUS.is_working_day(due.date())
    assert due >= start


def test_the_profile_says_how_much_of_it_is_not_verified() -> None:
    profile = load_profile("BY-draft")
    assert profile.days("reflection_days").days >= 30
    assert 0 < profile.not_verified < len(profile.values)
    with pytest.raises(ValueError, match="no such profile"):
        load_profile("nowhere")
