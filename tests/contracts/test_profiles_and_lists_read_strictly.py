"""A wrong profile or list is refused with the line; nothing in it is lost without a word."""

from pathlib import Path

import pytest

from contracts.vocabulary import profile as profiles
from contracts.vocabulary.lists import _read
from contracts.vocabulary.profile import VALUES, known_profiles, read_profile
from contracts.vocabulary.strict import read_strictly

PROFILES = Path(profiles.__file__).parent / "profiles"
TEXT = (PROFILES / "BY-draft.yaml").read_text(encoding="utf-8")


def refused(text: str) -> list[str]:
    with pytest.raises(ValueError, match="profile tried, line") as refusal:
        read_profile("tried", text)
    return str(refusal.value).removeprefix("profile tried, ").split("; profile tried, ")


def changed(text: str, name: str, part: str, to: str) -> tuple[str, int]:
    """The text with one part of one value's row changed, and the row's line."""
    rows = text.split("\n")
    (number,) = (place for place, row in enumerate(rows) if row.startswith(f"  {name}: "))
    before, after = rows[number].split(f"{part}: ", 1)
    ends = {"value": ", source: ", "source": ", status: ", "status": "}"}[part]
    rest = after[after.index(ends) :]
    rows[number] = f"{before}{part}: {to}{rest}"
    return "\n".join(rows), number + 1


ODD = ["[a]", "[[a]]", "{a: b}", "", "null", "[null]", "[1]", "true", "2026-11-23", "[a, [b]]"]


@pytest.mark.parametrize("odd", ODD)
def test_no_odd_value_is_more_than_an_error_that_names_its_line(odd: str) -> None:
    """In the place of every value at once: each is told, by its own line."""
    text, lines = TEXT, {}
    for name in VALUES:
        text, lines[name] = changed(text, name, "value", odd)
    told = refused(text)
    assert len(told) == len(VALUES)
    for name, line in lines.items():
        assert any(each.startswith(f"line {line}: {name} must be ") for each in told)


@pytest.mark.parametrize("odd", [*ODD, "unsure"])
def test_a_status_that_is_none_of_three_is_told_by_its_line(odd: str) -> None:
    text, line = changed(TEXT, "reflection_days", "status", odd)
    (told,) = refused(text)
    assert told.startswith(f"line {line}: reflection_days has no known status: ")


@pytest.mark.parametrize("odd", ['""', '"  "', "null", "[a]", "{a: b}", "5"])
def test_a_value_without_a_source_is_told_by_its_line(odd: str) -> None:
    text, line = changed(TEXT, "reflection_days", "source", odd)
    assert refused(text) == [
        f"line {line}: reflection_days has no source: say where its value is from"
    ]


@pytest.mark.parametrize(
    "odd", ["Belarus", "by", "XX", "", '""', "[BY]", "{BY: BY}", "not-yet-known", "BLR", "NO"]
)
def test_a_country_is_a_code_of_the_list(odd: str) -> None:
    """`NO` is a code, and YAML reads it as *no*: whoever means Norway writes it in quotes."""
    line = TEXT[: TEXT.index("country: BY")].count("\n") + 1
    assert refused(TEXT.replace("country: BY", f"country: {odd}", 1)) == [
        f"line {line}: country must be a code of ISO 3166-1 alpha-2 (BY)"
    ]
    assert read_profile("tried", TEXT.replace("country: BY", 'country: "NO"', 1)).country == "NO"


@pytest.mark.parametrize("odd", ["", " []", " text", " 5"])
def test_values_that_are_no_values_are_told(odd: str) -> None:
    head, _ = TEXT.split("values:\n", 1)
    told = refused(f"{head}values:{odd}\n")
    line = head.count("\n") + 1
    assert told == [f"line {line}: values must be the values of a profile, each by its name"]


def test_a_name_that_is_no_word_is_told_by_its_line() -> None:
    told = refused(f"{TEXT}  5: {{value: 1}}\n")
    assert told == [f"line {TEXT.count(chr(10)) + 1}: 5 is no value of a profile"]
    assert "null is no value" in refused(f"{TEXT}  null: 1\n")[0].replace("None", "null")


def test_what_stands_twice_is_told_by_the_second_line() -> None:
    again = '  reflection_days: {value: 31, source: "x", status: verified}\n'
    last = TEXT.count("\n") + 1
    assert refused(TEXT + again) == [f"line {last}: reflection_days is written twice"]
    assert refused(f"{TEXT}country: BY\n") == [f"line {last}: country is written twice"]
    inner = TEXT.replace("reflection_days: {value: 30", "reflection_days: {value: 29, value: 30")
    line = TEXT[: TEXT.index("  reflection_days:")].count("\n") + 1
    assert refused(inner) == [f"line {line}: value is written twice"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("profile: x\ncountry: [\n", 3),
        ("profile: x\n\t- y\n", 2),
        ("a: 1\n---\nb: 2\n", 2),
        ("a: 1\n? [b]\n: 2\n", 2),
        ("a: !!python/object:os.system x\n", 1),
        ("a: \x00\n", 1),
    ],
)
def test_what_is_no_yaml_is_told_by_its_line(text: str, line: int) -> None:
    assert refused(text) == [f"line {line}: it is no YAML"]
    assert refused("") == ["line 1: it must have profile, country and values, and nothing else"]


@pytest.mark.parametrize(
    "silent", ["anonymous_notification_recipients", "anonymous_notification_fields"]
)
def test_a_law_for_anonymous_numbers_says_to_whom_and_what(silent: str) -> None:
    law = "anonymous_notification_law: {value: none"
    cited = TEXT.replace(law, 'anonymous_notification_law: {value: "An invented Act, s. 52"')
    told = cited.replace(
        "anonymous_notification_recipients: {value: []",
        "anonymous_notification_recipients: {value: [prosecutor]",
    )
    assert read_profile("tried", told).law("anonymous_notification_law")
    rows = told.split("\n")
    (number,) = (place for place, row in enumerate(rows) if f"  {silent}:" in row)
    value = rows[number].split("{value: ")[1].split("]")[0] + "]"
    rows[number] = rows[number].replace(value, "[]")
    assert refused("\n".join(rows)) == [
        f"line {number + 1}: {silent} must not be empty where a law is cited"
    ]


def test_every_profile_that_comes_along_is_called_as_its_file() -> None:
    for name in known_profiles():
        text = (PROFILES / f"{name}.yaml").read_text(encoding="utf-8")
        assert read_strictly(text).body["profile"] == name


def test_a_code_or_a_word_of_a_mapping_that_stands_twice_is_told_by_its_line() -> None:
    text = "one:\n  codes:\n    a: [1]\n    b: [2]\n    a: [3]\n  maps: {x: {to: {a: 1, a: 2}}}\n"
    with pytest.raises(ValueError, match=r"code lists, help\.yaml, ") as refusal:
        _read("help.yaml", text)
    assert "line 5: a is written twice" in str(refusal.value)
    assert "line 6: a is written twice" in str(refusal.value)
    with pytest.raises(ValueError, match=r"code lists, help\.yaml, line 2: it is no YAML"):
        _read("help.yaml", "a: [")
