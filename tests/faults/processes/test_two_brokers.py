"""The hub's broker and the agencies' broker are two: while one is away, the other's work goes on.

A whole house of its own, every node in one process, with the hub's bus on a broker of its own. What
is meant for the bus that is away stays in the gateways' queues and arrives when it is back.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.demo.bus import Bus
from deploy.demo.databases import Databases
from deploy.demo.stage import Stage
from deploy.demo.stories import loop
from deploy.demo.stories.loop import BORDER, INTERIOR
from deploy.local import buses, control
from deploy.local.buses import BROKER, HUB_BROKER, Buses
from deploy.local.layout import StateFolder, read_json
from services.gateway.domain.wrapping import unwrap
from tests.faults.processes.test_crashes import sound
from tests.support.one_case import OneCase
from tests.support.stack import a_stage, wait_until_ready

pytestmark = pytest.mark.long
AWAY_SECONDS = 120.0
TO_ITS_OWN_BUS, TO_THE_HUB = "outbox", "exchange_sending"
WITHDRAWN, RECEIPT = "org.nrm.exchange.sharing-withdrawn.v1", "org.nrm.exchange.receipt.v1"


@pytest.fixture(scope="module")
def two_brokers() -> Iterator[StateFolder]:
    """The state folder of a stack with two brokers."""
    folder = Path(tempfile.mkdtemp(prefix="nrm-test-two-"))
    state = StateFolder(folder / "state")
    try:
        control.start(control.Wish(state=state, demo=True, whole_nodes=True, brokers=buses.TWO))
        wait_until_ready(state)
        yield state
    finally:
        control.stop(state)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def stage(two_brokers: StateFolder) -> Iterator[Stage]:
    """A stage on it; no broker stays away after a test."""
    try:
        with a_stage(two_brokers, AWAY_SECONDS) as opened:
            yield opened
    finally:
        for name in (BROKER, HUB_BROKER):
            control.release(two_brokers, name)


def goes_away(stage: Stage, broker: str) -> None:
    """From now on this broker is not there."""
    control.hold(stage.state, broker)
    stage.until(
        f"the end of {broker}",
        lambda: read_json(stage.state.processes)[broker]["state"] == "held",
        AWAY_SECONDS,
    )


def waiting_at(stage: Stage, node: str, table: str) -> int:
    """How many events wait at a node's gateway: for its own bus, or for a receipt by the hub's."""
    unit = control.topology_of(stage.state).unit(f"{node}.gateway")
    query = f"SELECT count(*) AS number FROM {table}"  # noqa: S608 - a name of ours
    return int(Databases(stage.state).rows(unit, query)[0]["number"])


def said_on_the_hub(stage: Stage) -> list[str]:
    """The types of every event on the exchange bus; it asks the hub's broker alone."""
    hub = buses.told(stage.state).hub
    bus = Bus(Buses(local=hub, hub=hub))
    try:
        types: list[str] = []
        for record in bus.everything():
            inner = unwrap(record.value).inner
            assert inner is not None
            types.append(json.loads(inner)["type"])
        return types
    finally:
        bus.close()


def goes_round(stage: Stage) -> None:
    """Both brokers are there again: another case goes all the way, and nothing at all is lost."""
    wait_until_ready(stage.state)
    case = OneCase(stage)
    case.goes_round()
    assert sound(stage, case) == []


def test_local_work_goes_on_while_the_hub_is_away_and_nothing_is_lost(stage: Stage) -> None:
    guard, known = stage.agency(BORDER), len(loop.taken_over(stage))
    goes_away(stage, HUB_BROKER)
    here = stage.new_case("detected", BORDER)
    agreed = guard.event("consent-recorded", here, loop.consent(stage, ["hand-over"], [INTERIOR]))
    met = guard.event("person-detected", here, loop.a_man_from_a_construction_site())
    for intake_id in guard.post(agreed, met):
        guard.accepted(intake_id, "what the agency's own system posted")
    stage.until(
        "the offer in its queue", lambda: waiting_at(stage, BORDER, TO_THE_HUB) > 0, AWAY_SECONDS
    )
    assert len(loop.taken_over(stage)) == known
    control.release(stage.state, HUB_BROKER)
    guard.news("identification.hand-over-confirmed", lambda news: news["case_id"] == here)
    goes_round(stage)


def test_the_hub_s_traffic_goes_on_while_the_agencies_bus_is_away(stage: Stage) -> None:
    at_border, _at_interior = loop.hand_over(stage, "withdrawn")
    before = said_on_the_hub(stage)
    goes_away(stage, BROKER)
    guard = stage.agency(BORDER)
    guard.send(guard.event("consent-withdrawn", at_border, {"kind": "stop-sharing"}))

    def received() -> bool:
        said = said_on_the_hub(stage)
        return all(said.count(each) > before.count(each) for each in (WITHDRAWN, RECEIPT))

    stage.until("the notice and its receipt on the hub", received, AWAY_SECONDS)
    assert waiting_at(stage, BORDER, TO_ITS_OWN_BUS) > 0
    control.release(stage.state, BROKER)
    goes_round(stage)
