"""A row becomes events of its case and, apart from them, identity for the safe; or objections.

Nothing is sent and nothing written here. No event built here may hold a word of a cell: only codes,
numbers, times and ids come through ``words``. Every objection of a row is collected.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from pydantic import ValidationError

from contracts.intake import CapacityReported
from doors.failures import DoorFailure, FileRefused
from doors.identifiers import DoorKey
from doors.tables.mapping import INTAKE, EventPlan, MappingFile, Source, When
from doors.tables.person import identity_of
from doors.tables.sheet import Row, Sheet, plain
from doors.tables.words import Meaning, NoMeaning, Shape, meaning, shapes_of

KEY_LENGTH: Final = 200
DETECTION: Final = "person-detected"
"""Never refused for being incomplete: a word that nobody knows becomes a to-do, not a refusal."""
_CODES: Final = {"missing": "required", "extra_forbidden": "unknown-property"}
_RANGES: Final = ("greater", "less", "too_", "string_too")


@dataclass(frozen=True, slots=True, order=True)
class Remark:
    """A code of ``file-reason`` or ``refusal-reason``, and the column as the mapping calls it."""

    code: str
    column: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyEvent:
    """An event that may be posted."""

    id: UUID
    type: str
    dataschema: str
    subject: UUID
    body: dict[str, Any] = field(repr=False)
    columns: Mapping[str, str]
    """Property -> the column that it came from, so that a refusal finds its way back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyRow:
    """What a row is: events in order and identity; or why nothing of it can be sent."""

    number: int
    case_id: UUID | None
    events: tuple[ReadyEvent, ...]
    identity: dict[str, Any] | None = field(repr=False)
    objections: tuple[Remark, ...]
    remarks: tuple[Remark, ...] = ()
    """What was taken as not yet known: the row goes in all the same."""


class RowReader:
    """Reads the rows of one sheet by one mapping; refuses a file that the mapping does not fit."""

    def __init__(self, mapping: MappingFile, sheet: Sheet, key: DoorKey) -> None:
        self.mapping = mapping
        self._key = key
        self._places = _places(mapping, sheet)
        self._titles = {place: title for title, place in self._places.items()}
        self._seen: set[str] = set()
        self.sheet = sheet
        try:
            self._zone = ZoneInfo(mapping.zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise DoorFailure(f"zone: there is no time zone {mapping.zone!r}.") from error

    def unread(self) -> tuple[int, ...]:
        """Numbers of columns that the mapping does not name: nobody reads them."""
        known = set(self._places.values())
        return tuple(place + 1 for place in range(len(self.sheet.header)) if place not in known)

    def read(self) -> Iterator[ReadyRow]:
        """Every row, in order."""
        for row in self.sheet.rows:
            yield self._row(row)

    def _row(self, row: Row) -> ReadyRow:
        key = self._cell(row, self.mapping.key)
        troubles = [
            Remark(code, self._titles.get(place, "")) for place, code in row.troubles.items()
        ]
        told = [*troubles, *self._key_objections(key, told_already=bool(troubles))]
        case_id = self._key.id_of(self.mapping.node, "case", key)
        events: list[ReadyEvent] = []
        remarks: list[Remark] = []
        for plan in self.mapping.events:
            if plan.when is None or self._is(row, plan.when):
                event, found, noted = self._event(row, plan, (key, case_id))
                told += found
                remarks += noted
                events += [event] if event is not None else []
        identity, wrong = identity_of(self.mapping.person, lambda name: self._cell(row, name))
        told += [Remark(code, column) for code, column in wrong]
        sound = not told
        return ReadyRow(
            number=row.number,
            case_id=case_id if sound else None,
            events=tuple(events) if sound else (),
            identity=identity if sound else None,
            objections=tuple(dict.fromkeys(told)),
            remarks=tuple(dict.fromkeys(remarks)),
        )

    def _key_objections(self, key: str, *, told_already: bool) -> list[Remark]:
        if not key:
            return [] if told_already else [Remark("key-missing", self.mapping.key)]
        if len(key) > KEY_LENGTH:
            return [Remark("cell-too-long", self.mapping.key)]
        if key in self._seen:
            return [Remark("key-repeated", self.mapping.key)]
        self._seen.add(key)
        return []

    def _cell(self, row: Row, column: str) -> str:
        return row.cells[self._places[column]].strip()

    def _is(self, row: Row, when: When) -> bool:
        return plain(self._cell(row, when.column)) in set(map(plain, when.words))

    def _event(
        self, row: Row, plan: EventPlan, about: tuple[str, UUID]
    ) -> tuple[ReadyEvent | None, list[Remark], list[Remark]]:
        key, case_id = about
        spec = INTAKE[plan.event]
        shapes = shapes_of(spec.model)
        body: dict[str, Any] = {}
        objections: list[Remark] = []
        remarks: list[Remark] = []
        for name, source in plan.properties.items():
            try:
                found = self._value(row, source, shapes[name], (key, plan.event, name))
            except NoMeaning as reason:
                objections.append(Remark(str(reason), source.column or name))
                continue
            if found is not None:
                body[name] = found.value
                remarks += [Remark(found.remark, source.column or name)] if found.remark else []
        columns = {name: source.column or name for name, source in plan.properties.items()}
        if not objections:
            objections = _form_objections(plan, body, columns)
        if objections:
            return None, objections, remarks
        told = orjson.dumps(body, option=orjson.OPT_SORT_KEYS).decode()
        pool = spec.model is CapacityReported
        event = ReadyEvent(
            id=self._key.id_of(self.mapping.node, "event", key, spec.type, told),
            type=spec.type,
            dataschema=spec.dataschema,
            subject=UUID(str(body["pool_id"])) if pool else case_id,
            body=body,
            columns=columns,
        )
        return event, [], remarks

    def _value(
        self, row: Row, source: Source, shape: Shape, about: tuple[str, str, str]
    ) -> Meaning | None:
        if source.made:
            return Meaning(value=str(self._key.id_of(self.mapping.node, *about)))
        if source.column is None:
            return Meaning(value=source.value)
        cell = self._cell(row, source.column)
        if not cell:
            return None
        found = meaning(cell, source, shape, self._zone)
        if found.remark and about[1] != DETECTION:
            raise NoMeaning(found.remark)
        if not shape.needs:
            return found
        needs = [
            {
                "need_id": str(self._key.id_of(self.mapping.node, *about, code)),
                "service_type": code,
            }
            for code in found.value
        ]
        return Meaning(value=needs, remark=found.remark)


def _places(mapping: MappingFile, sheet: Sheet) -> dict[str, int]:
    """Column of the mapping -> position in the sheet."""
    words = [plain(cell) for cell in sheet.header]
    columns = mapping.columns()
    missing = tuple(column for column in columns if plain(column) not in words)
    if missing:
        raise FileRefused("columns-missing", missing)
    repeated = tuple(column for column in columns if words.count(plain(column)) > 1)
    if repeated:
        raise FileRefused("column-repeated", repeated)
    return {column: words.index(plain(column)) for column in columns}


def _form_objections(
    plan: EventPlan, body: dict[str, Any], columns: Mapping[str, str]
) -> list[Remark]:
    """What the contract says of the body, by columns."""
    try:
        INTAKE[plan.event].model.model_validate_json(orjson.dumps(body), strict=True)
    except ValidationError as error:
        found = error.errors(include_input=False, include_context=False, include_url=False)
        return [
            Remark(_code_of(each["type"]), columns.get(name, name))
            for each in found
            for name in [str(each["loc"][0]) if each["loc"] else ""]
        ]
    return []


def _code_of(kind: str) -> str:
    return _CODES.get(kind) or ("out-of-range" if kind.startswith(_RANGES) else "wrong-format")
