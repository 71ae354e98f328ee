"""How old somebody is, as a band: out of the date or the year of birth that only the safe holds.

A code goes out of here and nothing else: no date, no year, no number of years. The bounds are the
code lists' own. Nothing here knows whose age it is.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from contracts.vocabulary import CodeList, code_lists

PLACEMENT: Final = "placement-class"
GLOTIP: Final = "age-band-glotip"
CTDC: Final = "age-band-ctdc"
BANDINGS: Final = (PLACEMENT, GLOTIP, CTDC)
STATISTICS: Final = (GLOTIP, CTDC)
OF_AGE: Final = "from-18"


@dataclass(frozen=True, slots=True, kw_only=True)
class Birth:
    """What the safe says of a birth: a day, a year alone, both, or nothing."""

    day: date | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A code of a banding; not ``certain``: the person may be in the next older one, or in any."""

    code: str
    certain: bool


def band_of(birth: Birth, on: date, banding: str) -> Band:
    """The band in which the person is on a day.

    A year alone fits two ages, and may fit two bands. Who may be a child is taken for one: age not
    certain, reasons to believe that it is a child (Council of Europe Convention on Action against
    Trafficking in Human Beings, Art. 10(3)); so in statistics, too, as ``believed-child`` counts
    there. No law prefers a side of any other bound: between two such bands nothing is known yet,
    and a person who has seen whom it is about says which (Belarus Law 350-Z, Art. 20, on 3 years).
    """
    listed = code_lists()[banding]
    years = possible_years(birth, on)
    if years is None:
        return Band(code=listed.fallback, certain=False)
    fewest, most = years
    youngest = _code_for(listed, fewest)
    if youngest == _code_for(listed, most):
        return Band(code=youngest, certain=True)
    majority = _majority()
    may_be_a_child = fewest < majority <= most
    if may_be_a_child and youngest == _code_for(listed, majority - 1):
        return Band(code=youngest, certain=False)
    return Band(code=listed.fallback, certain=False)


def possible_years(birth: Birth, on: date) -> tuple[int, int] | None:
    """The fewest and the most years that the person can have completed; None: nothing is known.

    A day and a year that contradict each other count both. Who is born on 29 February completes a
    year on 1 March where there is no such day: until then a child stays a child. A birth after the
    day is a mistake, not an age.
    """
    ages: list[int] = []
    if birth.day is not None:
        had_no_birthday = (on.month, on.day) < (birth.day.month, birth.day.day)
        ages.append(on.year - birth.day.year - had_no_birthday)
    if birth.year is not None and (birth.day is None or birth.day.year != birth.year):
        ages += [on.year - birth.year - 1, on.year - birth.year]
    if not ages or max(ages) < 0:
        return None
    return max(min(ages), 0), max(ages)


def _code_for(listed: CodeList, years: int) -> str:
    """The band of so many completed years; every list of bands has one for each."""
    return next(
        code
        for code, (first, last) in listed.years.items()
        if first <= years and (last is None or years <= last)
    )


def _majority() -> int:
    """From so many years on nobody is a child (Council of Europe Convention, Art. 4(d))."""
    return code_lists()[GLOTIP].years[OF_AGE][0]
