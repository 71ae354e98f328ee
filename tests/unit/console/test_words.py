"""Every text is there in every language, and in each it is that language's own."""

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from jinja2 import Environment, FileSystemLoader

import console.words
from console.words import Words, texts
from contracts.vocabulary import LANGUAGES
from services.identification.domain.merging import LOST

CONSOLE = Path(__file__).parents[3] / "console"
ALIKE: frozenset[str] = frozenset()
"""Texts that two languages rightly share."""
CYRILLIC = re.compile(r"[а-яёіўА-ЯЁІЎ]")
ASKED = re.compile(r"""\bt\("([a-z-]+)"|(?:text|hint|said|gone|why|wrong)\s*=\s*"([a-z-]+)\"""")


def test_no_text_is_missing_or_the_same_by_accident() -> None:
    alike = {name for name, said in texts().items() if len(set(said)) < len(LANGUAGES)}
    assert alike == ALIKE
    empty = {name for name, said in texts().items() if not all(text.strip() for text in said)}
    assert empty == set()


def test_each_text_is_written_in_its_own_letters() -> None:
    wrong = {
        name
        for name, (english, russian, belarusian) in texts().items()
        if CYRILLIC.search(english)
        or not CYRILLIC.search(russian)
        or not CYRILLIC.search(belarusian)
        or re.search("[іўІЎ]", russian)
        or re.search("[ищъИЩЪ]", belarusian)
    }
    assert wrong == set()


def test_the_same_places_are_left_for_values_in_every_language() -> None:
    def places(text: str) -> set[str]:
        return set(re.findall(r"\{(\w+)\}", text))

    differ = {name for name, said in texts().items() if len({*map(str, map(places, said))}) > 1}
    assert differ == set()


def asked_for() -> set[str]:
    sources = [*CONSOLE.rglob("*.html"), *CONSOLE.rglob("*.py")]
    found = (ASKED.findall(path.read_text(encoding="utf-8")) for path in sources)
    return {one or two for pairs in found for one, two in pairs}


def test_every_text_that_a_page_asks_for_is_written() -> None:
    whole = {name for name in asked_for() if not name.endswith("-")}
    assert whole - set(texts()) == set()
    begun = asked_for() - whole
    assert [begin for begin in begun if not any(name.startswith(begin) for name in texts())] == []


@pytest.mark.parametrize("name", ["not-for-you", "not-there", "not-now", "our-fault"])
def test_who_meets_an_error_is_told_what_to_do(name: str) -> None:
    assert f"{name}-what-to-do" in texts()


@pytest.mark.parametrize("word", sorted(LOST))
def test_what_a_merge_would_lose_is_said_in_words(word: str) -> None:
    """The answer names it as a property, and a page has no field of that name."""
    templates = Path(console.words.__file__).with_name("templates")
    page = Environment(loader=FileSystemLoader(templates), autoescape=True)
    reason = {"code": "only-in-this-case", "field": word}
    macro = page.get_template("parts.html").module.objections  # type: ignore[attr-defined]
    said = macro("no", [reason], [], lambda _list, code: code, Words("be", ZoneInfo("UTC")).text)

    assert texts()[f"only-here-{word.replace('_', '-')}"][2] in unescape(said)


ENDS_OF_THE_CALENDAR = (
    *("9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00"),
    *("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"),
)


@pytest.mark.parametrize("told", ENDS_OF_THE_CALENDAR)
@pytest.mark.parametrize(
    "zone", ["Europe/Minsk", "Europe/London", "Pacific/Kiritimati", "America/Los_Angeles"]
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_moment_is_too_far_away_to_be_said(told: str, zone: str, language: str) -> None:
    words, at = Words(language, ZoneInfo(zone)), datetime.fromisoformat(told)
    year = str(at.year)
    assert year in words.moment_of(told)
    assert year in words.day(at)
    assert words.away(at, datetime(2026, 3, 2, tzinfo=UTC))


def test_a_moment_is_said_by_the_clock_of_its_zone() -> None:
    words = Words("en", ZoneInfo("Pacific/Kiritimati"))
    assert words.moment_of("2026-03-02T10:00:00Z") == "3 Mar 2026, 00:00"
    assert words.day(datetime(2026, 3, 2, 10, tzinfo=UTC)) == "3 Mar 2026"
