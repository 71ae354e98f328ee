"""The code lists, read once from `codes/*.yaml`; and what an unknown code means.

Each list has a title, what it says, its source and one row per code: labels in English, Russian and
Belarusian, and a definition. Codes are added, never renamed. An unknown code is taken as the list's
fallback at once and the original is kept beside it: help never waits for a mapping.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from contracts.vocabulary.mapping import StandardMapping, read_mapping
from contracts.vocabulary.strict import read_strictly

NOT_YET_KNOWN: Final = "not-yet-known"
PLACES_TO_LIVE: Final = ("crisis-room", "shelter", "child-0-2", "child-3-17")
"""Codes of the list ``service-type``: people live there, and where they are is confidential."""
LANGUAGES: Final = ("en", "ru", "be")
"""ISO 639-1: what every code has a label in."""
_FOLDER: Final = Path(__file__).parent / "codes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A label in each of ``LANGUAGES``, in that order."""

    labels: tuple[str, ...]
    definition: str = ""

    def in_language(self, language: str) -> str:
        """The label in ``language`` (ISO 639-1); English for one that has none."""
        return self.labels[LANGUAGES.index(language) if language in LANGUAGES else 0]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeList:
    """One list: its codes in order, and the code that an unknown one is taken as."""

    name: str
    codes: tuple[str, ...]
    fallback: str
    source: str
    title: Words
    says: str
    words: Mapping[str, Words] = field(repr=False)
    maps: Mapping[str, StandardMapping] = field(repr=False)
    """By standard: htcds, glotip, ctdc, uk, fhir, gravity."""
    years: Mapping[str, tuple[int, int | None]] = field(repr=False, default_factory=dict)
    """Of a list of bands of age: code -> its first and last completed year; None: it is open."""

    def __contains__(self, code: object) -> bool:
        return code in self.words

    def label(self, code: str, language: str) -> str:
        """What people read for ``code``; the fallback's label for an unknown one."""
        return self.words[code if code in self.words else self.fallback].in_language(language)


@cache
def code_lists() -> Mapping[str, CodeList]:
    """Every list by name; ValueError names the list in which something is wrong."""
    lists: dict[str, CodeList] = {}
    for path in sorted(_FOLDER.glob("*.yaml")):
        for name, body in _read(path.name, path.read_text(encoding="utf-8")).items():
            if name in lists:
                raise ValueError(f"code list {name} is written twice")
            try:
                lists[name] = _list(name, body)
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"code list {name}: {error}") from error
    return lists


def _read(file: str, text: str) -> dict[str, Any]:
    try:
        found = read_strictly(text)
    except ValueError as error:
        raise ValueError(f"code lists, {file}, {error}") from None
    if found.twice:
        told = "; ".join(f"line {line}: {name} is written twice" for line, name in found.twice)
        raise ValueError(f"code lists, {file}, {told}")
    return dict(found.body)


def _list(name: str, body: Mapping[str, Any]) -> CodeList:
    words = {code: _words(row) for code, row in body["codes"].items()}
    codes, fallback = tuple(words), body["fallback"]
    if fallback not in words:
        raise ValueError("fallback is not one of its codes")
    return CodeList(
        name=name,
        codes=codes,
        fallback=fallback,
        source=body["source"],
        title=Words(labels=tuple(body["title"])),
        says=body["says"],
        words=words,
        maps={
            standard: read_mapping(row, codes, fallback)
            for standard, row in body.get("maps", {}).items()
        },
        years=_years(body["years"], set(codes) - {fallback}) if "years" in body else {},
    )


def _years(rows: Mapping[str, list[int]], codes: set[str]) -> dict[str, tuple[int, int | None]]:
    """Bands from birth on, one behind the other, the last one open: everybody is in just one."""
    years = {code: (row[0], row[1] if len(row) > 1 else None) for code, row in rows.items()}
    after: int | None = 0
    for code, (first, last) in years.items():
        if first != after or (last is not None and last < first):
            raise ValueError(f"the band {code} does not begin where the one before it ends")
        after = None if last is None else last + 1
    if after is not None or set(years) != codes:
        raise ValueError("each code but the fallback is a band, and the last one is open")
    return years


def _words(row: list[str]) -> Words:
    *labels, definition = row
    if len(labels) != len(LANGUAGES):
        raise ValueError("a row is a label in each language and a definition")
    return Words(labels=tuple(labels), definition=definition)


def is_a_reason(list_name: str, code: str | None) -> bool:
    """Whether ``code`` says why: a word of the list, and not the one that an unknown is taken as.

    Where something is allowed for a reason only, this is asked and never whether a code is there:
    a word that this version does not know is no reason.
    """
    codes = code_lists()[list_name]
    return code in codes and code != codes.fallback


def taken_as(list_name: str, code: str) -> str:
    """``code`` if the list holds it, else the list's fallback."""
    codes = code_lists()[list_name]
    return code if code in codes else codes.fallback
