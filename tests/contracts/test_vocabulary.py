"""Code lists and the working-day calendar of a jurisdiction."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import vocabulary
from contracts.catalogue import CATALOGUE
from contracts.tools.schemas import schema_of
from contracts.vocabulary import (
    LANGUAGES,
    PLACES_TO_LIVE,
    BusinessCalendar,
    CodeList,
    code_lists,
    is_a_reason,
    lists,
    load_profile,
    taken_as,
)
from contracts.vocabulary.mapping import read_mapping
from contracts.vocabulary.profile import known_profiles, read_profile
from services.statistics.contributor.domain import SERVICE_GROUPS

PROFILES = Path(vocabulary.__file__).parent / "profiles"
BELARUS = BusinessCalendar(country="BY")
ONLY_RUSSIAN, ONLY_BELARUSIAN = set("ищъ"), set("іў")
CYRILLIC = re.compile("[а-яёіў]")
LISTS_OF_NAMES = {"country", "language"}
"""Of Unicode CLDR: names of places are often spelt alike in Russian and Belarusian."""


def misspelt(lists: Iterable[CodeList]) -> list[tuple[str, str, str]]:
    """Every label that is missing, in another script, or of another language by its letters."""
    found = []
    for listed in lists:
        for code, words in [("its title", listed.title), *listed.words.items()]:
            english, russian, belarusian = (label.lower() for label in words.labels)
            wrong = {
                "nothing": not all(label.strip() for label in words.labels),
                "en": any("а" <= letter <= "я" for letter in english),
                "ru": bool(set(russian) & ONLY_BELARUSIAN) or not CYRILLIC.search(russian),
                "be": bool(set(belarusian) & ONLY_RUSSIAN) or not CYRILLIC.search(belarusian),
                "alike": russian == belarusian and listed.name not in LISTS_OF_NAMES,
            }
            found += [(listed.name, code, what) for what, is_so in wrong.items() if is_so]
    return found


def relabelled(listed: CodeList, code: str, *labels: str) -> CodeList:
    words = replace(listed.words[code], labels=labels)
    return replace(listed, words={**listed.words, code: words})


def test_every_code_has_a_label_in_each_language_in_its_own_letters() -> None:
    assert misspelt(code_lists().values()) == []


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (("Urgent", "Срочно", ""), ["nothing", "be"]),
        (("Urgent", "Срочно", "Срочно"), ["alike"]),
        (("Urgent", "Срочно", "Срочна и хутка"), ["be"]),
        (("Urgent", "Тэрмінова", "Тэрмінова"), ["ru", "alike"]),
        (("Срочно", "Срочно", "Тэрмінова"), ["en"]),
        (("Urgent", "Urgent", "Тэрмінова"), ["ru"]),
    ],
)
def test_a_wrong_label_is_found(labels: tuple[str, ...], found: list[str]) -> None:
    wrong = relabelled(code_lists()["urgency"], "urgent", *labels)
    assert misspelt([wrong]) == [("urgency", "urgent", what) for what in found]


def test_no_two_codes_of_a_list_read_alike() -> None:
    for listed in code_lists().values():
        for language in LANGUAGES:
            labels = [listed.label(code, language) for code in listed.codes]
            twice = {label for label in labels if labels.count(label) > 1}
            assert twice == set(), (listed.name, language)


def test_every_code_says_what_it_means() -> None:
    for listed in code_lists().values():
        assert listed.says
        assert listed.source
        assert all(words.definition.endswith(".") for words in listed.words.values())


def test_places_to_live_are_services_and_each_counts_as_accommodation() -> None:
    """A place that this list forgot would keep its address in the directory."""
    assert set(PLACES_TO_LIVE) <= set(vocabulary.code_lists()["service-type"].codes)
    counted = {code for code, group in SERVICE_GROUPS.items() if group == "accommodation"}
    assert set(PLACES_TO_LIVE) == counted


def test_an_unknown_code_and_an_unknown_language_still_read_as_something() -> None:
    urgency = code_lists()["urgency"]
    assert urgency.label("routine", "ru") == "В обычном порядке"
    assert urgency.label("at-leisure", "be") == "Тэрмінова"
    assert urgency.label("routine", "fr") == "Routine"


def test_a_code_goes_out_and_comes_back_wherever_the_standard_can_hold_it() -> None:
    checked = 0
    for listed in code_lists().values():
        for mapped in listed.maps.values():
            assert set(mapped.outward) | set(mapped.unsaid) == set(listed.codes)
            for code, word in mapped.outward.items():
                back = mapped.inward[word]
                alone = list(mapped.outward.values()).count(word) == 1
                assert back == code or not alone
                assert (back != code) == (code in mapped.losses)
                checked += 1
    assert checked > 500


def test_what_a_mapping_loses_is_known_by_name() -> None:
    lists = code_lists()
    assert lists["exploitation"].maps["htcds"].losses == {}
    assert lists["exploitation"].maps["htcds"].unsaid == ("not-yet-known",)
    assert lists["exploitation"].maps["glotip"].losses["forced-begging"] == "other"
    assert lists["task-state"].maps["gravity"].losses["loop-closed"] == "completed"
    assert lists["country"].maps["ctdc"].outward["BY"] == "BLR"
    assert lists["industry"].maps["htcds"].inward["F_Construction"] == "F"
    assert set(lists["gender"].maps["glotip"].inward) == {"Female", "Male", "Other", "Unknown"}
    assert lists["gender"].maps["glotip"].unsaid == ()
    assert lists["recruiter-relation"].maps["htcds"].losses == {"intimate-partner": "friend"}
    assert lists["majority"].maps["uk"].losses == {"believed-adult": "adult"}
    assert lists["country"].maps["uk"].outward["BY"] == "Belarusian"
    assert "GB" in lists["country"].maps["uk-place"].unsaid


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"field": "f", "to": {"c": "X"}}, "no such code: c"),
        ({"field": "f", "to": {"a": "X", "b": "X"}}, "shared words: X"),
        ({"field": "f", "to": {"a": "X"}, "back": {"X": "a"}}, "shared words"),
        ({"field": "f", "to": {"a": "X", "b": "X"}, "back": {"X": "c"}}, "does not go there: X"),
    ],
)
def test_a_wrong_mapping_is_refused(row: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_mapping(row, ("a", "b"), "b")


def test_an_unknown_code_is_taken_as_the_fallback() -> None:
    assert taken_as("exploitation", "moon-mining") == "not-yet-known"
    assert taken_as("exploitation", "forced-labour") == "forced-labour"


@given(st.sampled_from(sorted(code_lists())), st.text(max_size=12) | st.none())
def test_what_an_unknown_code_is_taken_as_is_no_reason(name: str, word: str | None) -> None:
    listed = code_lists()[name]
    assert [code for code in listed.codes if not is_a_reason(name, code)] == [listed.fallback]
    assert is_a_reason(name, word) is (word in listed and word != listed.fallback)
    assert not is_a_reason(name, taken_as(name, f"{word} unknown"))


@pytest.mark.parametrize(
    ("years", "sentence"),
    [
        ({"a": [1, 2], "b": [3]}, "the band a does not begin"),
        ({"a": [0, 2], "b": [4]}, "the band b does not begin"),
        ({"a": [0, 2], "b": [2]}, "the band b does not begin"),
        ({"a": [0], "b": [1]}, "the band b does not begin"),
        ({"a": [0, -1], "b": [0]}, "the band a does not begin"),
        ({"a": [0, 2], "b": [3, 9]}, "the last one is open"),
        ({"a": [0]}, "each code but the fallback"),
    ],
)
def test_bands_of_age_that_leave_somebody_out_are_refused(
    years: dict[str, list[int]], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        lists._years(years, {"a", "b"})


def test_everybody_is_in_one_band_of_each_banding() -> None:
    bandings = {name: listed.years for name, listed in code_lists().items() if listed.years}
    assert set(bandings) == {"placement-class", "age-band-glotip", "age-band-ctdc"}
    assert len(bandings["age-band-ctdc"]) == 9
    assert bandings["placement-class"]["from-3-to-17"] == (3, 17)


def test_every_code_fits_the_pattern_of_a_code() -> None:
    for listed in code_lists().values():
        assert all(len(code) <= 40 and code.replace("-", "").isalnum() for code in listed.codes)
        assert len(set(listed.codes)) == len(listed.codes)


def test_every_code_list_is_used_by_a_schema_or_told_apart_here() -> None:
    text = "".join(str(schema_of(spec)) for spec in CATALOGUE.values())
    unused = {name for name in code_lists() if f"'x-nrm-codelist': '{name}'" not in text}
    assert unused == {
        "identification-state",  # a state, shown by the API, in no event
        "gender",  # in the safe alone, in no event
        "directory-refusal",  # what is wrong with a record, told to whoever imports it
        "routing-verdict",  # why a service was offered or not, told in the node alone
        "file-reason",  # told by the doors for files, in no event
        "row-outcome",  # the same
        "problem",  # what HTTP answers, in no event
        "news-kind",  # what happened, shown to people of the node alone
        "audit-action",  # what a row of the audit is, shown to people of the node alone
        "export-reason",  # said to the safe and kept in its audit, in no event
        "age-band-glotip",  # derived from the safe for people of the node, in no event
        "age-band-ctdc",  # the same
    }


def test_working_days_skip_weekends_and_public_holidays() -> None:
    friday = datetime(2026, 5, 8, 10, tzinfo=UTC)
    assert not BELARUS.is_working_day(date(2026, 5, 9))
    assert BELARUS.add_working_days(friday, 1) == datetime(2026, 5, 11, 10, tzinfo=UTC)
    assert BELARUS.add_working_days(datetime(2026, 7, 2, 9, tzinfo=UTC), 1).day == 6


def test_two_hundred_working_days_of_one_day_a_week_are_reckoned() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    due = BELARUS.add_working_days(start, 200, {"SA"})
    assert due.weekday() == 5
    with pytest.raises(ValueError, match="no working day"):
        BELARUS.add_working_days(start, 1, set())


@given(st.integers(0, 3650), st.integers(0, 60))
def test_a_due_day_is_always_a_working_day(day: int, days: int) -> None:
    start = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=day)
    due = BELARUS.add_working_days(start, days)
    assert BELARUS.is_working_day(due.date())
    assert due >= start


@pytest.mark.parametrize("name", known_profiles())
def test_every_profile_says_how_much_of_it_is_not_verified(name: str) -> None:
    profile = load_profile(name)
    assert profile.days("reflection_days").days >= 30
    assert 0 < profile.not_verified < len(profile.values)


def test_a_profile_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(ValueError, match="no such profile; there are: BG, BY-draft, UK"):
        load_profile("nowhere")


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        (
            "reflection_days: {value: 30",
            "reflection_days: {value: 29",
            ["must be a whole number from 30"],
        ),
        ("reroute_hops: {value: 3", "reroute_hops: {value: 3.5", ["must be a whole number from 0"]),
        ("hold_hours: {value: 48", "hold_hours: {value: true", ["must be a whole number from 1"]),
        ("clocks_start_from: {value: rec", "clocks_start_from: {value: x", ["one of recorded"]),
        ("holiday_calendar: {value: BY", "holiday_calendar: {value: XX", ["public holidays"]),
        ("hold_hours:", "held_hours:", ["hold_hours is missing", "held_hours is no value"]),
        ("reroute_hops: {value: 3, ", "reroute_hops: {", ["needs value, source and status"]),
        ("country: BY", "state: BY", ["line 1: it must have profile, country and values"]),
    ],
)
def test_a_wrong_profile_is_refused_by_line(old: str, new: str, sentences: list[str]) -> None:
    text = (PROFILES / "BY-draft.yaml").read_text(encoding="utf-8")
    line = text[: text.index(old)].count("\n") + 1
    with pytest.raises(ValueError, match="profile tried") as refused:
        read_profile("tried", text.replace(old, new, 1))
    told = str(refused.value).split("; ")
    assert len(told) == len(sentences)
    assert all(sentence in one for sentence, one in zip(sentences, told, strict=True))
    assert f"line {line if new != 'state: BY' else 1}:" in told[-1]


def test_working_days_are_those_of_the_jurisdictions_own_dates() -> None:
    minsk = BusinessCalendar(country="BY", time_zone="Europe/Minsk")
    friday_night = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)  # Saturday, 01:30 in Minsk
    monday = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)  # Tuesday, 01:30 in Minsk
    assert minsk.add_working_days(friday_night, 2) == monday
    assert BELARUS.add_working_days(friday_night, 2) == monday + timedelta(days=1)
    london = BusinessCalendar(country="GB", time_zone="Europe/London")
    before = datetime(2026, 10, 23, 9, 0, tzinfo=UTC)  # 10:00; the clock goes back on the 25th
    assert london.add_working_days(before, 1) == datetime(2026, 10, 26, 10, 0, tzinfo=UTC)
