"""The scanner of the privacy tests finds a canary that is planted in any medium, in any form."""

import base64
import json
import secrets
from collections.abc import Iterator

import pytest
from kafka import TopicPartition

from deploy.demo.bus import Post
from deploy.demo.databases import Databases
from deploy.demo.observer import units_of
from deploy.demo.stage import Stage
from deploy.local import broker_admin
from deploy.local.layout import StateFolder
from deploy.local.shapes import TopicShape
from tests.support import canary

PLANTED = canary.canary("planted")


@pytest.fixture
def topic(stage: Stage) -> Iterator[str]:
    name = f"nrm.planted.t{secrets.token_hex(4)}.v1"
    broker_admin.create(stage.bus.bootstrap, [TopicShape(name, 1, {})])
    yield name
    with broker_admin.administrator(stage.bus.bootstrap) as client:
        client.delete_topics([name])


@pytest.mark.parametrize("mark", [*canary.MARKS, PLANTED, canary.CYRILLIC, canary.PHONE])
def test_every_form_of_a_mark_is_found(mark: str) -> None:
    plain = mark.encode()
    for content in (
        plain,
        plain.upper() if mark.isascii() else plain,
        plain.hex().encode(),
        b'{"x": "' + mark.encode("ascii", "backslashreplace") + b'"}',
        *(base64.b64encode(b"x" * shift + plain + b"yz") for shift in range(3)),
    ):
        assert canary.found_in(b"\x00\xff before " + content + b" after"), content


def test_nothing_is_found_where_nothing_is() -> None:
    assert canary.found_in(b"a canary bird, born 1931, 730 04 19") == []
    assert canary.found_in(secrets.token_bytes(100_000)) == []


@pytest.mark.parametrize("part", ["key", "value", "header", "header name"])
def test_a_canary_in_a_record_is_found_in_the_topic_and_in_the_brokers_file(
    stage: Stage, topic: str, part: str
) -> None:
    headers = {"header": (("x", PLANTED.encode()),), "header name": ((PLANTED, b"x"),)}
    record = Post(
        topic=topic,
        key=PLANTED if part == "key" else "k",
        value=PLANTED.encode() if part == "value" else b"v",
        headers=headers.get(part, ()),
    )
    stage.bus.post([record])
    assert [each for each in canary.in_topics(stage.bus) if topic in each]
    assert [each for each in canary.in_broker_files(stage.state) if topic in each]


def test_a_record_that_was_deleted_is_found_in_the_brokers_file_only(
    stage: Stage, topic: str
) -> None:
    stage.bus.post([Post(topic=topic, key="k", value=PLANTED.encode(), headers=())])
    with broker_admin.administrator(stage.bus.bootstrap) as client:
        client.delete_records({TopicPartition(topic, 0): 1})
    assert [each for each in canary.in_topics(stage.bus) if topic in each] == []
    assert [each for each in canary.in_broker_files(stage.state) if topic in each]


@pytest.mark.parametrize("name", ["logs/planted.log", "spans/planted.jsonl", "planted"])
def test_a_canary_in_a_file_is_found(stack_state: StateFolder, name: str) -> None:
    path = stack_state.root / name
    path.write_text(f'{{"name": "{PLANTED}"}}\n')
    try:
        found = canary.in_files(stack_state.root, canary.FILES_APART)
        assert [each for each in found if each.startswith(f"file {name}: ")]
    finally:
        path.unlink()


def test_a_canary_in_the_text_of_a_metric_or_an_answer_is_found() -> None:
    text = f'nrm_requests_total{{outcome="{PLANTED}"}} 1.0'
    assert canary.in_texts({"metrics a.b": text, "metrics c.d": "nrm_requests_total 1.0"}) == [
        "metrics a.b: qcanary planted"
    ]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", f"'{PLANTED}'"),
        ("text[]", f"ARRAY['{PLANTED}']"),
        ("jsonb", f'\'{{"names": [{{"full": "{PLANTED}"}}]}}\''),
        ("jsonb", f'\'{{"names": "{canary.CYRILLIC}"}}\''),
        ("json", f"'{json.dumps(canary.CYRILLIC)}'"),
        ("bytea", f"'\\x{PLANTED.encode().hex()}'"),
        ("bytea", f"'\\x{canary.CYRILLIC.encode().hex()}'"),
        ("date", f"'{canary.BORN_ON}'"),
    ],
)
def test_a_canary_in_a_column_is_found(stage: Stage, kind: str, value: str) -> None:
    unit = next(each for each in units_of(stage) if each.service == "identification")
    databases = Databases(stage.state)
    databases.rows(unit, "CREATE SCHEMA planted")
    try:
        databases.rows(unit, f"CREATE TABLE planted.planted (id int, here {kind})")
        databases.rows(unit, f"INSERT INTO planted.planted VALUES (1, {value})")  # noqa: S608
        assert canary.in_tables(stage.state, unit.database) == [
            f"column {unit.database}:planted.planted.here"
        ]
    finally:
        databases.rows(unit, "DROP SCHEMA planted CASCADE")


@pytest.mark.long
def test_a_canary_in_a_file_of_the_database_is_found(stage: Stage) -> None:
    """Long: the server keeps it in its journal, so that the stack is spoilt for other scans."""
    unit = next(each for each in units_of(stage) if each.service == "identification")
    Databases(stage.state).rows(unit, f"SELECT pg_logical_emit_message(true, 'p', '{PLANTED}')")
    assert canary.in_database_files(stage.state)
