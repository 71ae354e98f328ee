"""`nrm parked` and `nrm trace` as an operator types them, on a record that nobody can handle."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from kafka import TopicPartition
from typer.testing import CliRunner, Result

from cli.main import app
from deploy.demo.bus import Post
from deploy.demo.databases import Databases
from deploy.demo.stage import Stage, new_id
from deploy.demo.stories import loop
from deploy.local import broker_admin
from deploy.local.control import topology_of
from deploy.local.keys import key_path
from deploy.local.layout import StateFolder
from services.chassis.cipher import KeyRing
from services.gateway.domain.wrapping import Head, wrap
from services.gateway.store.exchange.parked import seal_place
from tests.support import canary
from tests.support.stack import a_stage, wait_until_ready

TOPIC = f"nrm.local.{loop.BORDER}.assistance.v1"
"""Nobody publishes there at the border; identification and statistics read it."""
READER = f"{loop.BORDER}.statistics.contributor"
GATEWAY = f"{loop.BORDER}.gateway"


def nrm(state: StateFolder, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--state", str(state.root)])


def parked(state: StateFolder, *words: str) -> list[dict[str, Any]]:
    done = nrm(state, "parked", "list", "--json", *words)
    assert done.exit_code == 0, done.output
    return [each for each in json.loads(done.output) if each["topic"] == TOPIC]


@pytest.fixture
def put_aside(stage: Stage) -> Iterator[dict[str, Any]]:
    """A record with a canary that no service can read: parked, then deleted from the topic."""
    record = Post(
        topic=TOPIC,
        key=new_id(),
        value=canary.canary("parked").encode(),
        headers=(("ce_id", new_id().encode()), ("ce_type", canary.canary("type").encode())),
    )
    stage.bus.post([record])
    stage.until("the parking", lambda: parked(stage.state, "--of", READER))
    with broker_admin.administrator(stage.bus.bootstrap) as client:
        client.delete_records({TopicPartition(TOPIC, number): -1 for number in range(4)})
    yield parked(stage.state, "--of", READER)[0]
    for each in parked(stage.state, "--kind", "all"):
        nrm(stage.state, "parked", "discard", each["handle"], "--reason", "end-of-test")


def audited(state: StateFolder, action: str) -> list[dict[str, Any]]:
    unit = topology_of(state).unit(READER)
    query = "SELECT actor, subject, reason FROM audit WHERE action = $1 ORDER BY id"
    return Databases(state).rows(unit, query, action)


def test_a_parked_record_is_listed_shown_redriven_and_given_up(
    stage: Stage, put_aside: dict[str, Any]
) -> None:
    state, handle = stage.state, put_aside["handle"]
    assert (put_aside["service"], put_aside["state"]) == (READER, "parked")
    assert put_aside["error"]
    assert canary.in_topics(stage.bus) == []
    assert canary.in_tables(state) == []

    shown = nrm(state, "parked", "show", handle)
    assert json.loads(shown.output)["attributes"]["type"].startswith("(not a code")
    assert canary.found_in(shown.output) == []
    whole = nrm(state, "parked", "show", handle, "--body", "--reason", "what-was-it")
    assert json.loads(whole.output)["body"] == canary.canary("parked")
    assert [row["reason"] for row in audited(state, "parked.show")][-2:] == [
        "looked-at",
        "what-was-it",
    ]

    assert nrm(state, "parked", "redrive", handle, "--reason", "after-the-fix").exit_code == 0
    stage.until("its return", lambda: parked(state, "--of", READER))
    assert audited(state, "parked.redrive")[-1]["actor"] == "operator"

    assert nrm(state, "parked", "discard", handle, "--reason", "not-ours").exit_code == 0
    assert parked(state, "--of", READER, "--kind", "all") == []
    assert audited(state, "parked.discard")[-1]["reason"] == "not-ours"


@pytest.fixture
def exchanged(stage: Stage) -> Iterator[dict[str, Any]]:
    """A record of another agency with a canary inside, as the exchange puts it aside."""
    unit = topology_of(stage.state).unit(GATEWAY)
    head = Head(
        id=UUID(new_id()),
        sender=loop.INTERIOR,
        recipient=loop.BORDER,
        epoch=7,
        seq=7_000,
        registry_version=1,
        registry_hash="0" * 64,
        not_after=datetime(2030, 1, 1, tzinfo=UTC),
    )
    keys = KeyRing.from_file(key_path(stage.state, loop.BORDER))
    place = seal_place(loop.INTERIOR, 7, 7_000)
    sealed = keys.seal(wrap(head, canary.canary("exchanged").encode()), place)
    insert = """
        INSERT INTO exchange_parked (agency, epoch, seq, sealed, error, parked_at, again)
        VALUES ($1, 7, 7000, $2, 'MalformedEvent', clock_timestamp(), false)
    """
    Databases(stage.state).rows(unit, insert, loop.INTERIOR, sealed)
    try:
        yield of_the_exchange(stage.state)[0]
    finally:
        Databases(stage.state).rows(unit, "DELETE FROM exchange_parked WHERE seq = 7000")


def of_the_exchange(state: StateFolder) -> list[dict[str, Any]]:
    done = nrm(state, "parked", "list", "--json", "--kind", "exchange")
    assert done.exit_code == 0, done.output
    told: list[dict[str, Any]] = json.loads(done.output)
    return told


def test_a_record_that_the_exchange_put_aside_is_listed_shown_redriven_and_given_up(
    stage: Stage, exchanged: dict[str, Any]
) -> None:
    state, handle = stage.state, exchanged["handle"]
    assert (exchanged["service"], exchanged["offset"]) == (GATEWAY, 7_000)
    assert handle in nrm(state, "parked", "list").output
    shown = nrm(state, "parked", "show", handle)
    assert json.loads(shown.output)["handle"] == handle
    assert canary.found_in(shown.output) == []
    whole = nrm(state, "parked", "show", handle, "--body")
    assert json.loads(whole.output)["body"] == canary.canary("exchanged")

    assert nrm(state, "parked", "redrive", handle, "--reason", "after-the-fix").exit_code == 0
    tried = "SELECT 1 FROM exchange_parked WHERE seq = 7000 AND NOT again"
    unit = topology_of(state).unit(GATEWAY)
    stage.until("its return", lambda: Databases(state).rows(unit, tried))
    assert [each["handle"] for each in of_the_exchange(state)] == [handle]

    assert nrm(state, "parked", "discard", handle, "--reason", "not-ours").exit_code == 0
    assert of_the_exchange(state) == []
    query = "SELECT action FROM audit WHERE subject LIKE 'exchange:%' ORDER BY id"
    acts = [row["action"] for row in Databases(state).rows(unit, query)]
    assert acts[-4:] == ["parked.show", "parked.show", "parked.redrive", "parked.discard"]


def test_nothing_is_done_without_a_reason_or_to_a_record_that_is_not_there(
    stack_state: StateFolder,
) -> None:
    wait_until_ready(stack_state)
    assert nrm(stack_state, "parked", "discard", "abc").exit_code == 2
    for words in (["discard", "abc", "--reason", " "], ["redrive", "0000000000", "--reason", "x"]):
        assert nrm(stack_state, "parked", *words).exit_code == 1
    named = nrm(stack_state, "parked", "discard", "abc", "--reason", "Her name is a reason")
    assert (named.exit_code, "one-word" in str(named.exception)) == (1, True)
    assert nrm(stack_state, "parked", "list", "--kind", "nonsense").exit_code == 1


def test_a_stack_that_does_not_run_is_told_in_a_sentence(tmp_path: Any) -> None:
    done = nrm(StateFolder(tmp_path / "none"), "parked", "list")
    assert (done.exit_code, "nrm up" in str(done.exception)) == (1, True)


def _tells_of_an_opened_case(state: StateFolder, words: tuple[str, ...]) -> bool:
    return "case-opened" in nrm(state, *words).output


@pytest.fixture(scope="module")
def handed_over(stack_state: StateFolder) -> tuple[str, str]:
    with a_stage(stack_state) as stage:
        cases = loop.hand_over(stage, "traced")
        for node, case_id in zip((loop.BORDER, loop.INTERIOR), cases, strict=True):
            words = ("trace", "case", node, case_id, "--json")
            stage.until("the spans", partial(_tells_of_an_opened_case, stack_state, words))
    return cases


def test_the_traces_of_a_case_are_drawn_from_what_the_node_remembers(
    stack_state: StateFolder, handed_over: tuple[str, str]
) -> None:
    at_border, at_interior = handed_over
    drawn = nrm(stack_state, "trace", "case", loop.BORDER, at_border)
    assert drawn.exit_code == 0, drawn.output
    assert f"{loop.BORDER}.identification: process" in drawn.output
    assert "case-opened" in drawn.output
    assert at_border not in drawn.output
    assert loop.INTERIOR + "." not in drawn.output  # no trace crosses the exchange
    spans = json.loads(
        nrm(stack_state, "trace", "case", loop.INTERIOR, at_interior, "--json").output
    )
    assert {span["service"].partition(".")[0] for span in spans} == {loop.INTERIOR}


def test_one_trace_is_one_tree_over_the_services_of_a_node(
    stack_state: StateFolder, handed_over: tuple[str, str]
) -> None:
    words = ("trace", "case", loop.BORDER, handed_over[0], "--json")
    spans = json.loads(nrm(stack_state, *words).output)
    widest = max({each["trace_id"] for each in spans}, key=lambda one: len(services(spans, one)))
    assert len(services(spans, widest)) >= 3
    drawn = nrm(stack_state, "trace", "show", widest)
    assert drawn.exit_code == 0
    members = [each for each in spans if each["trace_id"] == widest]
    ids = {each["span_id"] for each in members}
    orphans = [each for each in members if each["parent_id"] not in ids]
    assert len(orphans) == 1, [each["name"] for each in orphans]


def services(spans: list[dict[str, Any]], trace_id: str) -> set[str]:
    return {each["service"] for each in spans if each["trace_id"] == trace_id}


@pytest.mark.parametrize(
    "words",
    [
        ("trace", "show", "0" * 32),
        ("trace", "case", "nowhere", "x"),
        ("trace", "case", loop.BORDER, "no-such-case"),
    ],
)
def test_what_is_not_known_is_told_in_a_sentence(
    stack_state: StateFolder, words: tuple[str, ...]
) -> None:
    done = nrm(stack_state, *words)
    assert done.exit_code == 1
    assert str(done.exception).endswith(".")
