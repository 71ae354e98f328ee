"""Who the person is, out of a row's own columns: for the safe, by a way that no event takes.

What is built here may go to one route only (`PUT /v1/persons/…`) and into no file of ours.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final

from doors.tables.mapping import PersonPlan, Source
from doors.tables.sheet import plain

LINE: Final = 200
NOTES: Final = 2_000
_PHONE: Final = re.compile(r"\+?[0-9][0-9 ()-]{2,29}")
Cell = Callable[[str], str]
Found = tuple[str, str]
"""A code and a column."""


def identity_of(plan: PersonPlan | None, cell: Cell) -> tuple[dict[str, Any] | None, list[Found]]:
    """Identity as the safe takes it, or None where the row has none; and objections."""
    if plan is None:
        return None, []
    troubles: list[Found] = []
    identity = {
        "names": _names(plan, cell),
        "documents": _documents(plan, cell),
        "phones": _phones(plan, cell, troubles),
        "addresses": [{"lines": [cell(each)]} for each in plan.addresses if cell(each)],
        "born_on": _born_on(plan.born_on, cell, troubles),
        "birth_year": _birth_year(plan.birth_year, cell, troubles),
        "notes": cell(plan.notes) if plan.notes else "",
    }
    troubles += _too_long(plan, cell)
    filled = {name: value for name, value in identity.items() if value}
    return filled or None, troubles


def _names(plan: PersonPlan, cell: Cell) -> list[dict[str, Any]]:
    return [
        {"full": cell(each.column), "kind": each.kind}
        | ({"script": each.script} if each.script else {})
        for each in plan.names
        if cell(each.column)
    ]


def _documents(plan: PersonPlan, cell: Cell) -> list[dict[str, Any]]:
    return [
        {"kind": each.kind, "number": cell(each.column)}
        | ({"country": each.country} if each.country else {})
        for each in plan.documents
        if cell(each.column)
    ]


def _phones(plan: PersonPlan, cell: Cell, troubles: list[Found]) -> list[dict[str, Any]]:
    phones = []
    for each in plan.phones:
        number = cell(each.column)
        if not number:
            continue
        if _PHONE.fullmatch(number) is None:
            troubles.append(("wrong-format", each.column))
        words = set(map(plain, each.safe.words)) if each.safe else set()
        safe = each.safe is not None and plain(cell(each.safe.column)) in words
        phones.append({"number": number, "safe": safe})
    return phones


def _born_on(source: Source | None, cell: Cell, troubles: list[Found]) -> str | None:
    if source is None or not source.column or not cell(source.column):
        return None
    for form in source.formats:
        try:
            return _day(cell(source.column), form).isoformat()
        except ValueError:
            continue
    troubles.append(("not-a-date", source.column))
    return None


def _day(text: str, form: str) -> date:
    return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone


def _birth_year(source: Source | None, cell: Cell, troubles: list[Found]) -> int | None:
    if source is None or not source.column or not cell(source.column):
        return None
    text = cell(source.column)
    if re.fullmatch(r"(19|20)[0-9]{2}", text) is None:
        troubles.append(("not-a-number", source.column))
        return None
    return int(text)


def _too_long(plan: PersonPlan, cell: Cell) -> list[Found]:
    named = [each.column for each in plan.names]
    lines = [*named, *(each.column for each in plan.documents), *plan.addresses]
    found = [("cell-too-long", column) for column in lines if len(cell(column)) > LINE]
    if plan.notes and len(cell(plan.notes)) > NOTES:
        found.append(("cell-too-long", plan.notes))
    return found
