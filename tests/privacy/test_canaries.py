"""Names in every personal field, and everywhere an agency could put one by mistake.

After the run they are in the safe, sealed, and nowhere else: not in a topic, a log, a span, a
metric, an answer, a table, a file of the database server or of the broker.
"""

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from kafka import KafkaProducer

from deploy.demo.agency import StoryFailed
from deploy.demo.bus import Post
from deploy.demo.databases import Databases
from deploy.demo.stage import Stage
from deploy.demo.stories import loop
from deploy.local import broker_admin, control
from deploy.local.keys import key_path
from deploy.local.layout import StateFolder
from deploy.local.tokens import read_token
from services.chassis.cipher import KeyRing
from services.gateway.handlers.originals import original_codes_context
from services.gateway.handlers.persons import person_context
from tests.support import canary
from tests.support.misplaced import (
    IDENTITY,
    NODE,
    detected,
    hidden_records,
    misplaced_records,
    misplaced_requests,
)
from tests.support.stack import a_stage

STORY = "canaries"
INTAKE = f"nrm.local.{NODE}.intake.v1"
FAST_ROLL, SLOW_ROLL = {"segment.ms": "1000"}, {"segment.ms": "600000"}
GONE_SECONDS = 120.0
ROLL_SECONDS = 8.0
WITHOUT_ID = {"no headers", "attribute id"}
"""Answered by partition and offset."""


@dataclass
class Run:
    """What was sent and what came back."""

    stage: Stage
    case_id: str
    posted: dict[str, Post]
    hidden: dict[str, Post]
    lay_before: frozenset[str]
    """What other tests of the same stack had planted in the broker's files."""
    responses: dict[str, httpx.Response] = field(default_factory=dict)

    def answer(self, place: str) -> dict[str, object]:
        """The answer to a posted record."""
        record = (self.posted | self.hidden)[place]
        headers = dict(record.headers)
        named = headers["ce_id"].decode() if "ce_id" in headers else json.loads(record.value)["id"]
        return self.stage.agency(NODE).answer(named)

    @property
    def gateway(self) -> str:
        """The door's name."""
        return f"{NODE}.gateway"


@pytest.fixture(scope="module")
def run(stack_state: StateFolder) -> Iterator[Run]:
    with a_stage(stack_state) as stage:
        guard = stage.agency(NODE)
        lay_before = frozenset(canary.in_broker_files(stage.state))
        case_id, at_interior = loop.hand_over(stage, STORY)
        guard.put_person(case_id, IDENTITY)
        stage.agency(loop.INTERIOR).put_person(at_interior, IDENTITY)
        run = Run(stage, case_id, misplaced_records(guard), hidden_records(guard), lay_before)
        stage.bus.post([*run.posted.values(), *run.hidden.values()])
        for place, request in misplaced_requests(stage).items():
            run.responses[place] = _ask(stage, dict(request))
        for place in run.hidden:
            assert run.answer(place)["accepted"]
        stage.until(
            "the deletion of the records", lambda: not canary.in_topics(stage.bus), GONE_SECONDS
        )
        yield run


def _ask(stage: Stage, request: dict[str, Any]) -> httpx.Response:
    headers = {"authorization": f"Bearer {read_token(stage.state, NODE, 'agency-system')}"}
    headers |= dict(request.pop("headers", {}))
    address = stage.addresses[f"{NODE}.gateway"] + str(request.pop("url"))
    with httpx.Client(timeout=30, trust_env=False) as client:
        return client.request(url=address, headers=headers, **request)


def test_every_misplaced_name_is_refused_with_reasons(run: Run) -> None:
    named = run.posted.keys() - WITHOUT_ID
    assert [place for place in sorted(named) if run.answer(place)["accepted"]] == []
    answers = run.stage.agency(NODE).all_answers()
    by_place = [each for each in answers if each["intake_id"] is None and not each["accepted"]]
    assert len(by_place) >= len(WITHOUT_ID)


def test_no_answer_and_no_error_repeats_a_name(run: Run) -> None:
    texts: dict[str, bytes | str] = {}
    texts |= {place: each.content for place, each in run.responses.items()}
    texts |= {f"{place} headers": str(each.headers) for place, each in run.responses.items()}
    texts["answers"] = json.dumps(run.stage.agency(NODE).all_answers())
    assert canary.in_texts(texts) == []
    codes = {place: each.status_code for place, each in run.responses.items()}
    assert {place for place, code in codes.items() if not 400 <= code < 500} == set(), codes


def test_the_names_are_nowhere(run: Run) -> None:
    assert canary.everywhere(run.stage) == []


def test_the_names_are_in_the_safe_and_open_only_with_the_key(run: Run) -> None:
    keys = KeyRing.from_file(key_path(run.stage.state, NODE))
    unit = control.topology_of(run.stage.state).unit(run.gateway)
    rows = Databases(run.stage.state).rows(
        unit, "SELECT case_id, sealed FROM person WHERE case_id::text = $1", run.case_id
    )
    (row,) = rows
    assert canary.found_in(bytes(row["sealed"])) == []
    plain = keys.open(bytes(row["sealed"]), person_context(row["case_id"]))
    assert json.loads(plain) == json.loads(json.dumps(IDENTITY)) | {
        "addresses": [{"lines": list(IDENTITY["addresses"][0]["lines"])}]
    }
    assert len(canary.found_in(plain)) >= 10


def test_what_looked_like_a_code_is_kept_sealed_and_its_record_is_deleted(run: Run) -> None:
    keys = KeyRing.from_file(key_path(run.stage.state, NODE))
    unit = control.topology_of(run.stage.state).unit(run.gateway)
    rows = Databases(run.stage.state).rows(unit, "SELECT cause_id, sealed FROM original_code")
    plain = [
        keys.open(bytes(row["sealed"]), original_codes_context(row["cause_id"])) for row in rows
    ]
    for place in run.hidden:
        assert [text for text in plain if f"qcanary-{place}".encode() in text], place
    assert canary.in_texts({"sealed": b"".join(bytes(row["sealed"]) for row in rows)}) == []


def test_only_who_may_read_the_safe_reads_it(run: Run) -> None:
    agency = run.stage.agency(NODE)
    assert canary.CYRILLIC in agency.person(run.case_id).text
    assert canary.in_texts({"refused": _ask(run.stage, _read(run.case_id)).content}) == []
    assert _ask(run.stage, _read(run.case_id)).status_code == 403


def _read(case_id: str) -> dict[str, object]:
    return {"method": "GET", "url": f"/v1/persons/{case_id}"}


def test_after_a_roll_the_brokers_files_hold_no_name(run: Run) -> None:
    """Only of this run: a segment of a topic where a test planted a canary may still be there."""
    stage = run.stage
    bootstrap = stage.bus.bootstrap
    broker_admin.change_settings(bootstrap, {INTAKE: FAST_ROLL})
    try:
        deadline = time.monotonic() + GONE_SECONDS
        while found := _intake_files(stage):
            assert time.monotonic() < deadline, found
            _append_to_every_partition(stage)
            with contextlib.suppress(StoryFailed):  # a segment is rolled by the next append
                stage.until("a roll", lambda: not _intake_files(stage), ROLL_SECONDS)
    finally:
        broker_admin.change_settings(bootstrap, {INTAKE: SLOW_ROLL})
    assert set(canary.in_broker_files(stage.state)) - run.lay_before == set()


def _intake_files(stage: Stage) -> list[str]:
    return [each for each in canary.in_broker_files(stage.state) if INTAKE in each]


def _append_to_every_partition(stage: Stage) -> None:
    guard = stage.agency(NODE)
    producer = KafkaProducer(bootstrap_servers=stage.bus.bootstrap, acks="all")
    try:
        for partition in range(4):
            good = guard.record(detected(guard))
            producer.send(
                INTAKE,
                partition=partition,
                key=good.key.encode(),
                value=good.value,
                headers=list(good.headers),
            ).get(timeout=30)
    finally:
        producer.close()
