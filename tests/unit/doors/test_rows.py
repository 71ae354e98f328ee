"""What a row becomes: events with derived ids, identity apart; objections by column and code."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from doors.failures import DoorFailure
from doors.identifiers import DoorKey, key_in
from doors.tables.mapping import read_mapping_file
from doors.tables.reading import rows_of
from doors.tables.rows import ReadyRow
from tests.support.tables import CANARY, KEY, a_row, a_table, read, the_mapping


def one(**cells: str) -> ReadyRow:
    (row,) = read(a_table(a_row(**cells)).encode())
    return row


def objections(row: ReadyRow) -> set[tuple[str, str]]:
    return {(each.code, each.column) for each in row.objections}


def a_mapping(tmp_path: Path, **changes: Any) -> Path:
    path = tmp_path / "mapping.yaml"
    mapping = {
        "node": "ngo-brest",
        "system": "registration-desk",
        "key": "№",
        "events": [],
        **changes,
    }
    path.write_text(json.dumps(mapping), encoding="utf-8")
    return path


def test_a_row_is_a_detection_and_a_consent_of_one_case() -> None:
    row = one(Эксплуатация="принудительный труд/Принудительное попрошайничество")
    detection, consent = row.events
    assert detection.subject == consent.subject == row.case_id
    assert detection.body == {
        "detecting_agency": "border-brest",
        "case_type": "trafficking",
        "majority": "adult",
        "immediate_danger": False,
        "occurred_at": "2026-02-16T00:00:00+03:00",
        "oblast": "BY-BR",
        "exploitation": ["forced-labour", "forced-begging"],
        "language": "ru",
        "consent_outcome": "given",
    }
    assert consent.body["expires_at"] == "2030-02-16T00:00:00+03:00"


def test_no_consent_is_made_for_whoever_did_not_give_one() -> None:
    assert [event.type.split(".")[-2] for event in one(Согласие="нет").events] == [
        "person-detected"
    ]


def test_identity_is_in_no_event() -> None:
    row = one(Телефон="+375 00 000-01-41", Телефон_безопасен="да", Год_рождения="1988")
    assert row.identity == {
        "names": [{"full": CANARY, "kind": "usual", "script": "Cyrl"}],
        "phones": [{"number": "+375 00 000-01-41", "safe": True}],
        "birth_year": 1988,
    }
    for event in row.events:
        assert not {CANARY, "000-01-41", "1988"} & set(map(str, event.body.values()))
    assert CANARY not in repr(row)


def test_a_phone_is_safe_only_where_the_table_says_so() -> None:
    identity = one(Телефон="+375000000141").identity
    assert identity is not None
    assert identity["phones"] == [{"number": "+375000000141", "safe": False}]


def test_the_same_row_has_the_same_ids_and_another_row_others() -> None:
    assert one() == one()
    assert one().case_id != one(Номер_записи="2").case_id
    changed = one(Область="Витебская область")
    assert changed.case_id == one().case_id
    assert changed.events[0].id != one().events[0].id
    assert changed.events[1].id == one().events[1].id


def test_ids_say_nothing_to_whoever_has_another_key() -> None:
    other = DoorKey(b"o" * 32)
    (row,) = rows_of(a_table(a_row()).encode(), the_mapping(), other).read()
    assert row.case_id != one().case_id
    assert KEY.id_of("a", "bc") != KEY.id_of("ab", "c")
    assert isinstance(row.case_id, UUID)
    assert row.case_id.version == 4


def test_a_key_is_made_once_for_its_owner_alone_and_never_anew(tmp_path: Path) -> None:
    first = key_in(tmp_path / "door")
    assert first == key_in(tmp_path / "door")
    assert (tmp_path / "door" / "key").stat().st_mode & 0o077 == 0
    assert first.secret.hex() not in repr(first)
    (tmp_path / "door" / "key").write_bytes(b"half")
    with pytest.raises(DoorFailure, match="bring it back"):
        key_in(tmp_path / "door")


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ({"Опасность_сейчас": "может быть"}, {("not-yes-or-no", "Опасность сейчас")}),
        ({"Опасность_сейчас": ""}, {("required", "Опасность сейчас")}),
        ({"Дата_встречи": "вчера"}, {("not-a-date", "Дата встречи")}),
        ({"Возраст": CANARY}, {("unknown-word", "Возраст")}),
        ({"Язык": CANARY}, {("unknown-word", "Язык")}),
        ({"Телефон": CANARY}, {("wrong-format", "Телефон")}),
        ({"Год_рождения": "88"}, {("not-a-number", "Год рождения")}),
        ({"Номер_записи": ""}, {("key-missing", "Номер записи")}),
        ({"ФИО": "я" * 201}, {("cell-too-long", "ФИО")}),
        (
            {"Опасность_сейчас": "", "Телефон": "нет", "Дата_встречи": "?"},
            {
                ("wrong-format", "Телефон"),
                ("not-a-date", "Дата встречи"),
            },
        ),
    ],
)
def test_what_is_wrong_is_told_by_column_and_code(
    cells: dict[str, str], found: set[tuple[str, str]]
) -> None:
    row = one(**cells)
    assert objections(row) == found
    assert (row.events, row.identity, row.case_id) == ((), None, None)
    assert CANARY not in str(row)


def test_in_a_detection_an_unknown_word_is_not_yet_known_and_never_sent() -> None:
    row = one(Гражданство=CANARY, Эксплуатация=f"{CANARY}/Принудительный труд", Согласие="нет")
    assert row.objections == ()
    assert {(each.code, each.column) for each in row.remarks} == {
        ("unknown-word", "Гражданство"),
        ("unknown-word", "Эксплуатация"),
    }
    assert row.events[0].body["citizenship"] == "not-yet-known"
    assert row.events[0].body["exploitation"] == ["forced-labour"]


def test_a_key_that_stands_twice_is_read_once() -> None:
    rows = read(a_table(a_row("1"), a_row("1"), a_row("2")).encode())
    assert [objections(row) for row in rows] == [
        set(),
        {("key-repeated", "Номер записи")},
        set(),
    ]


def test_needs_get_ids_of_their_own(tmp_path: Path) -> None:
    needs = {"column": "Нужно", "split": ","}
    plan = {
        "event": "referral-requested",
        "properties": {
            "request_id": {"made": True},
            "needs": needs,
            "urgency": {"value": "urgent"},
        },
    }
    mapping = read_mapping_file(a_mapping(tmp_path, events=[plan]))
    table = "№;Нужно\n5;nursing-visit, vocational\n6;ерунда\n"
    good, bad = read(table.encode(), mapping)
    told = good.events[0].body["needs"]
    assert [each["service_type"] for each in told] == ["nursing-visit", "vocational"]
    assert len({each["need_id"] for each in told}) == 2
    assert objections(bad) == {("unknown-word", "Нужно")}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"events": []}, "events: "),
        ({"events": [{"event": "person-found", "properties": {}}]}, "events.0: .*person-detected"),
        ({"node": "Not A Node"}, "node: "),
        ({"surprise": 1}, "surprise: "),
        (
            {"events": [{"event": "person-detected", "properties": {"name": {"column": "x"}}}]},
            "events.0: .*no property name",
        ),
        (
            {"events": [{"event": "person-detected", "properties": {"oblast": {}}}]},
            "events.0.properties.oblast: .*column, value, made",
        ),
    ],
)
def test_a_mistake_in_a_mapping_is_told_by_its_place(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(DoorFailure, match=told):
        read_mapping_file(a_mapping(tmp_path, **changes))
