"""A caller is answered in the language that it likes best, of those of the house."""

import pytest

from services.chassis.language import RANGE_LENGTH, RANGES_LIMIT, language_of


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("ru", "ru"),
        ("be-BY", "be"),
        ("BE-tarask, ru;q=0.9", "be"),
        ("ru;q=0.5, be;q=0.9, en;q=0.1", "be"),
        ("pl, ru;q=0.3", "ru"),
        ("pl", "en"),
        ("ru;q=0, be;q=0.1", "be"),
        ("ru;q=0", "en"),
        ("*", "en"),
        ("be;q=0.5, *;q=0.4", "be"),
        ("ru , be", "ru"),
        ("ru;q=2, be;q=0.1", "be"),
        ("ru;level=1, be;q=0.1", "be"),
        ("\x00, ;;, q=1", "en"),
        (",".join(["pl"] * RANGES_LIMIT + ["ru"]), "en"),
        (" " * (RANGE_LENGTH - 2) + "ru", "ru"),
        (" " * (RANGE_LENGTH - 1) + "ru", "en"),
        ("en" + " " * 60_000 + "x, ru", "ru"),
    ],
)
def test_the_best_liked_language_of_the_house_is_taken(header: str, language: str) -> None:
    assert language_of(header) == language
