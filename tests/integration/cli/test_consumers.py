"""`nrm consumer` as an operator types it: who reads what, going on after a cut, reading again."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from kafka import TopicPartition
from typer.testing import CliRunner, Result

from cli.main import app
from contracts.catalogue import CATALOGUE
from deploy.demo.bus import Post
from deploy.demo.databases import Databases
from deploy.demo.stage import Stage, new_id
from deploy.demo.stories.loop import BORDER
from deploy.local import broker_admin
from deploy.local.control import topology_of
from deploy.local.failures import StackFailure
from deploy.local.layout import StateFolder
from services.chassis.clock import SystemClock

TOPIC = f"nrm.local.{BORDER}.assistance.v1"
"""Nobody publishes there at the border; statistics reads it."""
SERVICE = f"{BORDER}.statistics.contributor"
READER = f"{SERVICE}/assistance"
BODY_OF_NO_FORM = b"{}"
NOW = SystemClock().wall()


def nrm(state: StateFolder, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--state", str(state.root)])


def why_not(state: StateFolder, *words: str) -> str:
    """The sentence with which it is refused."""
    done = nrm(state, "consumer", *words)
    assert isinstance(done.exception, StackFailure), done.output
    return str(done.exception)


def listed(state: StateFolder) -> dict[str, Any]:
    done = nrm(state, "consumer", "list", "--of", SERVICE, "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = next(r for r in json.loads(done.output) if r["reader"] == READER)
    return found


def rows(state: StateFolder, query: str, *values: object) -> list[dict[str, Any]]:
    return Databases(state).rows(topology_of(state).unit(SERVICE), query, *values)


@pytest.fixture
def cut(stage: Stage) -> Iterator[str]:
    """A stream of which only the third event is in the log, and that has no form; its subject."""
    subject = new_id()
    attributes = {
        "specversion": "1.0",
        "id": new_id(),
        "source": f"urn:nrm:{BORDER}:assistance",
        "type": next(name for name in CATALOGUE if name.endswith(".episode-started.v1")),
        "time": NOW.isoformat(),
        "subject": subject,
        "dataschema": "urn:nrm:schema:test",
        "datacontenttype": "application/json",
        "dataclassification": "case-coded",
        "correlationid": new_id(),
        "sequence": "3",
        "epoch": "1",
    }
    headers = tuple((f"ce_{name}", value.encode()) for name, value in attributes.items())
    stage.bus.post([Post(topic=TOPIC, key=subject, value=BODY_OF_NO_FORM, headers=headers)])
    stage.until("the gap", lambda: listed(stage.state)["unfinished"].get("gap") == 1)
    yield subject
    with broker_admin.administrator(stage.bus.bootstrap) as client:
        client.delete_records({TopicPartition(TOPIC, number): -1 for number in range(4)})
    for table in ("inbox_row", "inbox_mark"):
        rows(stage.state, f"DELETE FROM {table} WHERE subject = $1", subject)  # noqa: S608


def test_a_cut_stream_goes_on_and_a_topic_is_read_again(stage: Stage, cut: str) -> None:
    state = stage.state
    done = nrm(state, "consumer", "baseline", READER, "--reason", "log-was-cut")
    assert done.exit_code == 0, done.output
    assert "1 streams go on; 2 records before them never came." in done.output
    stage.until("its parking", lambda: listed(state)["unfinished"] == {"parked": 1})

    done = nrm(state, "consumer", "seek", READER, "--to", "start", "--reason", "read-it-again")
    assert done.exit_code == 0, done.output
    assert f"{SERVICE} has gone back" in done.output
    stage.until("the end", lambda: listed(state)["lag"] == 0)
    assert listed(state)["unfinished"] == {"parked": 1}
    marks = rows(state, "SELECT read FROM inbox_mark WHERE subject = $1", cut)
    assert [row["read"] for row in marks] == [3]

    audited = "SELECT actor, subject, reason FROM audit WHERE action = $1 ORDER BY id DESC LIMIT 1"
    (told,) = rows(state, audited, "consumer.baseline")
    assert tuple(told.values()) == ("operator", f"statistics.contributor:{TOPIC}", "log-was-cut")
    (told,) = rows(state, audited, "consumer.seek")
    assert told["subject"].startswith(f"statistics.contributor:{TOPIC}/")
    assert (told["actor"], told["reason"]) == ("operator", "read-it-again")


def test_what_would_pass_over_events_or_is_unclear_is_refused(stage: Stage, cut: str) -> None:
    state, reason = stage.state, ("--reason", "test")
    partition, at = next((n, at) for n, at in listed(state)["partitions"].items() if at["log_end"])
    place = ("seek", READER, *reason, "--partition", partition)
    assert "not before what was read" in why_not(state, *place, "--to", str(at["log_end"]))
    assert "not in the log" in why_not(state, *place, "--to", "999999")
    late = (NOW + timedelta(days=1)).isoformat()
    assert "not before what was read" in why_not(state, *place, "--to", late)
    assert "with its zone" in why_not(state, *place, "--to", "2026-11-22T08:00:00")
    assert "with its zone" in why_not(state, *place, "--to", "yesterday")
    seek = ("seek", READER, *reason)
    assert "--partition" in why_not(state, *seek, "--to", "0")
    assert "no partition 77" in why_not(state, *seek, "--to", "start", "--partition", "77")
    for name in ("nowhere.gateway/x", f"{SERVICE}/incoming", SERVICE):
        assert "Nobody reads as" in why_not(state, "seek", name, *reason, "--to", "start")
        assert "Nobody reads as" in why_not(state, "baseline", name, *reason)
    assert "one-word" in why_not(state, "baseline", READER, "--reason", "Her name is a reason")
    assert listed(state)["unfinished"] == {"gap": 1}, f"nothing was done about {cut}"


def test_a_list_tells_everybody_who_reads(stage: Stage) -> None:
    told = nrm(stage.state, "consumer", "list").output
    assert all(unit.node in told for unit in topology_of(stage.state).units)
    of_one = nrm(stage.state, "consumer", "list", "--of", SERVICE).output
    assert "0: " in of_one
    assert READER in of_one
