"""A cell and what it means for one property of an event: a code, a number, a time, yes or no.

A word that is no code, no label and not in the mapping is never sent: it may be anybody's name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from contracts.vocabulary import LANGUAGES, NOT_YET_KNOWN, code_lists
from doors.tables.limits import WORDS_IN_A_CELL
from doors.tables.mapping import Source
from doors.tables.sheet import plain

YES: Final = frozenset({"да", "так", "yes", "true", "1", "+"})
NO: Final = frozenset({"нет", "не", "no", "false", "0", "-"})


class NoMeaning(Exception):  # noqa: N818 - it says what is the case
    """A cell has no meaning for its property; holds the code of the reason and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a property may hold: its privacy class, its code list, and whether it is a list."""

    kind: str
    codelist: str
    many: bool
    needs: bool = False
    """A list of needs: codes, each with an id of its own."""


@cache
def shapes_of(model: type[BaseModel]) -> Mapping[str, Shape]:
    """The shape of each property, out of the schema that everybody else reads."""
    schema = model.model_json_schema()
    return {name: _shape(each) for name, each in schema.get("properties", {}).items()}


def _shape(schema: Mapping[str, Any]) -> Shape:
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return _shape({**schema, **choice, "anyOf": ()})
    inner = schema.get("items", schema) if schema.get("type") == "array" else schema
    needs = str(inner.get("$ref", "")).endswith("/Need")
    return Shape(
        kind="code" if needs else str(inner.get("x-nrm-class", "")),
        codelist="service-type" if needs else str(inner.get("x-nrm-codelist", "")),
        many=schema.get("type") == "array",
        needs=needs,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """The value that goes into the event, and what was remarked about it (a code, or nothing)."""

    value: Any
    remark: str = ""


def meaning(cell: str, source: Source, shape: Shape, zone: ZoneInfo) -> Meaning:
    """What a filled cell says; raises NoMeaning with the code of the reason."""
    parts = cell.split(source.split) if source.split and shape.many else [cell]
    words = [part for part in parts if part.strip()]
    if len(words) > WORDS_IN_A_CELL:
        raise NoMeaning("out-of-range")
    read = [_one(word, source, shape, zone) for word in words]
    remark = next((each.remark for each in read if each.remark), "")
    if shape.many:
        known = [each.value for each in read if not each.remark]
        return Meaning(value=list(dict.fromkeys(known)), remark=remark)
    return read[0]


def _one(word: str, source: Source, shape: Shape, zone: ZoneInfo) -> Meaning:
    given = {plain(known): code for known, code in source.codes.items()}
    if plain(word) in given:
        return Meaning(value=given[plain(word)])
    match shape.kind:
        case "code" if shape.codelist:
            return _code(word, shape.codelist)
        case "flag":
            return Meaning(value=_flag(word))
        case "count":
            return Meaning(value=_count(word))
        case "time":
            return Meaning(value=_time(word, source, zone))
        case "reference":
            return Meaning(value=_reference(word))
        case _:  # an agency, the version of a form: any word has that form, a name too
            raise NoMeaning("unknown-word")


def _code(word: str, name: str) -> Meaning:
    """The code that a word is, as a code or as a label in any language that we have."""
    listed = code_lists()[name]
    said = plain(word)
    if (code := _codes_by_word(name).get(said)) is not None:
        return Meaning(value=code)
    if listed.fallback == NOT_YET_KNOWN:
        return Meaning(value=NOT_YET_KNOWN, remark="unknown-word")
    raise NoMeaning("unknown-word")


@cache
def _codes_by_word(name: str) -> Mapping[str, str]:
    """Codes and labels -> code; a label that two codes share says nothing."""
    listed = code_lists()[name]
    found: dict[str, set[str]] = {}
    for code in listed.codes:
        for language in LANGUAGES:
            found.setdefault(plain(listed.label(code, language)), set()).add(code)
    labels = {word: codes.pop() for word, codes in found.items() if len(codes) == 1}
    return labels | {plain(code): code for code in listed.codes}


def _flag(word: str) -> bool:
    if plain(word) in YES:
        return True
    if plain(word) in NO:
        return False
    raise NoMeaning("not-yes-or-no")


def _count(word: str) -> int:
    text = word.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 7):
        raise NoMeaning("not-a-number")
    return int(text)


def _time(word: str, source: Source, zone: ZoneInfo) -> str:
    for form in source.formats:
        try:
            moment = datetime.strptime(word.strip(), form)  # noqa: DTZ007 - the zone comes next
        except ValueError:
            continue
        local = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        try:
            return (local + timedelta(days=source.add_days)).isoformat()
        except OverflowError:  # the last day that a calendar has, as registers write "for ever"
            break
    raise NoMeaning("not-a-date")


def _reference(word: str) -> str:
    try:
        return str(UUID(word.strip()))
    except ValueError:
        raise NoMeaning("wrong-format") from None
