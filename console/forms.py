"""Forms as lists of fields: how they are asked, and what body they become at the door.

Every list of codes offers "not yet known" where the list has it. What a person left open is left
out of the body; the door says what it lacks. No value is repeated in an error.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import Enum
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from console.desk import Visit
from console.words import Words
from contracts.vocabulary import NOT_YET_KNOWN, code_lists

FEW: Final = 8
"""So many codes are asked as buttons, more as a list that opens."""
DIGITS: Final = 7
YES, NO = "yes", "no"
CASE_NUMBER: Final = re.compile(r"[0-9a-f]{8}((-[0-9a-f]{4}){3}-[0-9a-f]{12})?")

Objections = list[Mapping[str, str | None]]


class Kind(Enum):
    """How a field is asked."""

    CHOICE = "choice"
    MANY = "many"
    YES_NO = "yes-no"
    NUMBER = "number"
    DAY = "day"
    """To its end."""
    FIRST_DAY = "first-day"
    """From its beginning."""
    LAST_DAY = "last-day"
    """Up to where the next day begins, as a period ends for which its end is no part of it."""
    MOMENT = "moment"
    CASE = "case"
    """Another case of this node, by the number that stands on its page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question. ``options`` overrules the list's codes."""

    name: str
    kind: Kind
    code_list: str = ""
    text: str = ""
    """The name of its label; without one, the code list's title."""
    hint: str = ""
    required: bool = False
    options: tuple[tuple[str, str], ...] = ()
    given: tuple[str, ...] = ()
    """What is chosen before anybody chose."""
    nothing: str = ""
    """The name of what a list says before anybody chose, where that is an answer of its own."""
    agencies: bool = False
    """Whether a participant is asked for: the page offers those that there are."""
    named: tuple[str, str] | None = None
    """A code of a list whose label it has: (list, code)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One field as a template shows it."""

    field: Field
    label: str
    hint: str
    options: Sequence[tuple[str, str]]
    chosen: Sequence[str]
    wrong: Sequence[str]
    """What is wrong with it, in words."""

    @property
    def as_list(self) -> bool:
        """Whether the codes are too many for buttons."""
        several = len(self.options) > FEW or bool(self.field.nothing)
        return self.field.kind is Kind.CHOICE and several

    @property
    def nothing(self) -> str:
        """The name of what a list says before anybody chose."""
        if self.field.nothing:
            return self.field.nothing
        unknown = not self.field.required and self.field.code_list in _with_unknown()
        return "not-yet-known" if unknown else "choose"


def asked(
    visit: Visit, fields: Sequence[Field], reasons: Sequence[Mapping[str, str | None]] = ()
) -> list[Asked]:
    """The fields with what was chosen and what is wrong."""
    words = visit.words
    wrong: dict[str, list[str]] = {}
    for reason in reasons:
        place = (reason.get("field") or "").partition("/")[0]
        wrong.setdefault(place, []).append(words.label("refusal-reason", reason["code"] or ""))
    return [
        Asked(
            field=field,
            label=_label(words, field),
            hint=words.text(field.hint) if field.hint else "",
            options=_options(words, field),
            chosen=visit.form.get(field.name, _at_first(field, came_back=bool(reasons))),
            wrong=wrong.get(field.name, ()),
        )
        for field in fields
    ]


def _at_first(field: Field, *, came_back: bool) -> tuple[str, ...]:
    """What is chosen where the form says nothing; of a form that came back somebody emptied it."""
    return () if came_back and field.kind is Kind.MANY else field.given


def _label(words: Words, field: Field) -> str:
    if field.named is not None:
        return words.label(*field.named)
    return words.text(field.text) if field.text else words.title(field.code_list)


@cache
def _with_unknown() -> frozenset[str]:
    """The code lists in which something may be not yet known."""
    return frozenset(name for name, codes in code_lists().items() if NOT_YET_KNOWN in codes)


def _options(words: Words, field: Field) -> Sequence[tuple[str, str]]:
    """What can be chosen; to leave it open says *not yet known* wherever a list opens."""
    if field.options or not field.code_list:
        return field.options
    codes = words.codes(field.code_list)
    if len(codes) > FEW or field.kind is Kind.MANY or field.required or field.nothing:
        return [(code, label) for code, label in codes if code != NOT_YET_KNOWN]
    return codes


def read(visit: Visit, fields: Sequence[Field]) -> tuple[dict[str, Any], Objections]:
    """The body that the form says, and what of it cannot be read."""
    body: dict[str, Any] = {}
    objections: Objections = []
    zone = ZoneInfo(visit.desk.settings.time_zone)
    for field in fields:
        given = [text.strip() for text in visit.form.get(field.name, ()) if text.strip()]
        if not given:
            if field.required:
                objections.append({"code": "required", "field": field.name})
            continue
        try:
            body[field.name] = _value(field, given, zone)
        except (ValueError, OverflowError):
            objections.append({"code": "wrong-format", "field": field.name})
    return body, objections


def _value(field: Field, given: Sequence[str], zone: ZoneInfo) -> Any:
    match field.kind:
        case Kind.CHOICE:
            return given[-1]
        case Kind.MANY:
            return list(dict.fromkeys(given))
        case Kind.YES_NO:
            return _yes(given[-1])
        case Kind.NUMBER:
            return _number(given[-1])
        case Kind.DAY | Kind.FIRST_DAY | Kind.LAST_DAY | Kind.MOMENT:
            return _moment(field.kind, datetime.fromisoformat(given[-1]), zone)
        case Kind.CASE:
            return _number_of_case(given[-1])


def _moment(kind: Kind, at: datetime, zone: ZoneInfo) -> str:
    """The moment as the wire has it; a day begins and is over when it is so here."""
    day = at.date()
    match kind:
        case Kind.DAY:
            here = datetime.combine(day, time(23, 59))
        case Kind.FIRST_DAY:
            here = datetime.combine(day, time())
        case Kind.LAST_DAY:
            here = datetime.combine(day + timedelta(days=1), time())
        case _:
            here = at
    return here.replace(tzinfo=zone).astimezone(UTC).isoformat()


def _yes(text: str) -> bool:
    if text not in (YES, NO):
        raise ValueError
    return text == YES


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > DIGITS:
        raise ValueError
    return int(text)


def _number_of_case(text: str) -> str:
    """As it stands on a case's page, short or whole."""
    number = text.lower()
    if CASE_NUMBER.fullmatch(number) is None:
        raise ValueError
    return number
