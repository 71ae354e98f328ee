"""One hostile sender at a door: its nonsense is answered, and everybody else is served.

A thousand bad among ten thousand; what it wrote is in no log, no table and no topic afterwards.
A house of its own: thirty thousand events would be read again by every later test of a shared one.
"""

import os
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from deploy.demo.bus import Post
from deploy.demo.databases import Databases
from deploy.demo.observer import places_of_text
from deploy.demo.stage import Stage, new_id
from deploy.demo.stories import loop
from deploy.local.control import topology_of
from tests.faults.processes.conftest import PATIENCE_SECONDS
from tests.faults.processes.traffic import NODE, Traffic
from tests.support.history import checked
from tests.support.stack import a_house, a_stage
from tests.support.told import Tell

EVENTS = int(os.environ.get("NRM_HOSTILE_EVENTS", "10000"))
BAD_EACH = 10
"""One of so many."""
A_NAME = "Zmicer Invented-Hostile"
AT_ONCE = 500
SECONDS = 1800.0

pytestmark = pytest.mark.long


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A patient stage on a house that ends with the test."""
    with a_house(whole_nodes=False) as state, a_stage(state, PATIENCE_SECONDS) as opened:
        yield opened


def bad(stage: Stage, chance: random.Random) -> tuple[str, Post]:
    """Nonsense of one of a few kinds, each with a name in it."""
    guard = stage.agency(NODE)
    codes = {**loop.detection(NODE), "name": A_NAME}
    event = guard.event("person-detected", new_id(), codes)
    event["source"] = f"urn:nrm:{NODE}:hostile"
    record = guard.record(event)
    kinds = (
        record,
        replace(record, value=A_NAME.encode()),
        replace(record, value=f'["{A_NAME}"]'.encode()),
        replace(record, headers=tuple(h for h in record.headers if h[0] != "ce_type")),
    )
    return str(event["id"]), chance.choice(kinds)


def good(stage: Stage) -> tuple[str, Post]:
    """A detection as it should be."""
    guard = stage.agency(NODE)
    event = guard.event("person-detected", new_id(), loop.detection(NODE, oblast="BY-BR"))
    return str(event["id"]), guard.record(event)


def answered(stage: Stage, ids: list[str]) -> dict[bool, int]:
    """How many of these were answered yes, and no."""
    rows = Databases(stage.state).rows(
        topology_of(stage.state).unit(f"{NODE}.gateway"),
        "SELECT accepted, count(*) AS many FROM answer WHERE intake_id::text = ANY($1)"
        " GROUP BY accepted",
        ids,
    )
    return {bool(row["accepted"]): int(row["many"]) for row in rows}


def parked(stage: Stage) -> int:
    """What lies in the parking places of the node."""
    rows = [
        Databases(stage.state).rows(
            unit, "SELECT count(*) AS many FROM inbox_row WHERE state = 'parked'"
        )
        for unit in topology_of(stage.state).units
        if unit.node == NODE
    ]
    return sum(int(row["many"]) for [row] in rows)


def test_a_thousand_bad_records_among_ten_thousand_stop_nobody(stage: Stage, tell: Tell) -> None:
    chance = random.Random(0)  # noqa: S311 - a schedule, no secret
    sent = [
        bad(stage, chance) if number % BAD_EACH == 0 else good(stage) for number in range(EVENTS)
    ]
    wrong = [event_id for event_id, _ in sent[::BAD_EACH]]
    right = [event_id for number, (event_id, _) in enumerate(sent) if number % BAD_EACH]
    before, traffic = parked(stage), Traffic(stage)
    with traffic.flowing():
        for first in range(0, EVENTS, AT_ONCE):
            stage.bus.post(record for _, record in sent[first : first + AT_ONCE])
            traffic.more(1)
        stage.until("all answers", lambda: answered(stage, right).get(True) == len(right), SECONDS)
    stage.until("all refusals", lambda: answered(stage, wrong).get(False) == len(wrong), SECONDS)
    stage.until("the deletion of the names", lambda: not places_of_text(stage, A_NAME), SECONDS)
    verdict = checked(stage, [traffic], SECONDS)
    tell(
        f"{len(right)} accepted, {len(wrong)} refused, {parked(stage) - before} parked,"
        f" {len(traffic.acknowledged)} of somebody else beside: {verdict}"
    )
    assert parked(stage) == before
    assert answered(stage, right) == {True: len(right)}
    assert verdict.faults == []
