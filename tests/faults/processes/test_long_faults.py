"""What is away, stopped, full or wrong for a long time; nothing that was acknowledged is lost.

Each prints its figures. How long things are broken is a setting, so that a test can be tried.
"""

import os
from datetime import timedelta

import pytest

from deploy.demo.stage import Stage
from deploy.demo.stories import loop
from deploy.local import control, readiness
from tests.faults.processes import breaking
from tests.faults.processes.places import EVERYBODY
from tests.faults.processes.traffic import Traffic
from tests.support.history import Counted, checked
from tests.support.machine_clock import set_machine_clock
from tests.support.one_case import OneCase
from tests.support.stack import wait_until_ready
from tests.support.told import Tell

AWAY_SECONDS = float(os.environ.get("NRM_AWAY_SECONDS", "600"))
STOPPED_SECONDS = float(os.environ.get("NRM_STOPPED_SECONDS", "60"))
FULL_SECONDS = float(os.environ.get("NRM_FULL_SECONDS", "30"))
QUIET_SECONDS = 240.0
DATABASE_ENDS = 4
ROUND_OVER = timedelta(minutes=15)
"""After so long a round of asking for capacity ends, whatever was noted for a wrong time."""
SERVERS = ("kafka", "postgres")

pytestmark = pytest.mark.long


def sound(stage: Stage, tell: Tell, *counted: Counted) -> None:
    """Everybody is back and the history has no fault."""
    wait_until_ready(stage.state)
    verdict = checked(stage, counted, QUIET_SECONDS)
    tell(str(verdict))
    assert verdict.faults == []


def test_the_broker_is_away_while_intake_goes_on(patient_stage: Stage, tell: Tell) -> None:
    traffic = Traffic(patient_stage)
    with traffic.flowing():
        traffic.more()
        with breaking.away(patient_stage, "kafka"):
            before = len(traffic.acknowledged)
            traffic.wait(AWAY_SECONDS)
            during = len(traffic.acknowledged) - before
    tell(f"{AWAY_SECONDS:.0f} s away: {during} acknowledged meanwhile")
    assert during > 0, "intake stopped while the broker was away"
    sound(patient_stage, tell, traffic)


def test_the_database_ends_again_and_again_under_load(patient_stage: Stage, tell: Tell) -> None:
    traffic, case = Traffic(patient_stage), OneCase(patient_stage)
    with traffic.flowing():
        for number in range(DATABASE_ENDS):
            traffic.more()
            end = control.kill if number % 2 else control.restart
            end(patient_stage.state, "postgres")
        case.goes_round()
    tell(f"{DATABASE_ENDS} ends, {len(traffic.acknowledged)} acknowledged")
    sound(patient_stage, tell, traffic, case)


@pytest.mark.parametrize("name", [*EVERYBODY, *SERVERS])
def test_anything_may_stand_still_for_a_while(patient_stage: Stage, tell: Tell, name: str) -> None:
    traffic, case = Traffic(patient_stage), OneCase(patient_stage)
    with traffic.flowing():
        traffic.more()
        with breaking.stopped(patient_stage, name):
            before = len(traffic.acknowledged)
            traffic.wait(STOPPED_SECONDS)
            during = len(traffic.acknowledged) - before
        case.goes_round()
    tell(f"{STOPPED_SECONDS:.0f} s still: {during} acknowledged meanwhile")
    sound(patient_stage, tell, traffic, case)


@pytest.mark.parametrize("name", SERVERS)
def test_a_disk_is_full_for_a_while(patient_stage: Stage, tell: Tell, name: str) -> None:
    traffic, case = Traffic(patient_stage), OneCase(patient_stage)
    with breaking.on_a_small_disk(patient_stage, name) as folder, traffic.flowing():
        traffic.more()
        breaking.fill(folder)
        before = len(traffic.acknowledged)
        traffic.wait(FULL_SECONDS)
        during = len(traffic.acknowledged) - before
        late = readiness.unready(patient_stage.state)
        (folder / breaking.BALLOON).unlink()
        wait_until_ready(patient_stage.state)
        case.goes_round()
    tell(f"{FULL_SECONDS:.0f} s full: {during} acknowledged meanwhile, {len(late)} not ready")
    assert late, "nobody said that anything is wrong"
    sound(patient_stage, tell, traffic, case)


def test_business_time_jumps_under_load(patient_stage: Stage, tell: Tell) -> None:
    """Forth and back: what is not near a deadline is done all the same."""
    hours = timedelta(hours=3)
    steps = {"hand-over": hours, "referral": -hours, "help": hours}

    def jump(step: str) -> None:
        if step in steps:
            patient_stage.move_clock(steps[step])

    traffic, case = Traffic(patient_stage), OneCase(patient_stage, jump)
    with traffic.flowing():
        case.goes_round()
    patient_stage.move_clock(-hours)
    sound(patient_stage, tell, traffic, case)


def test_no_offer_expires_by_a_jump_of_the_machines_clock(patient_stage: Stage, tell: Tell) -> None:
    """Ten days pass for the machine while an offer is open: nothing fires, and it is said."""
    state = patient_stage.state
    deciding = [unit for unit in EVERYBODY if not unit.endswith(".gateway")]

    def jumped(wanted: float) -> bool:
        return all(f"nrm_clock_jumped {wanted}" in patient_stage.metrics(unit) for unit in deciding)

    def jump(step: str) -> None:
        if step != "offer":
            return
        set_machine_clock(state, timedelta(days=10))
        try:
            patient_stage.until("the jump to be noticed", lambda: jumped(1.0))
            traffic.more()
        finally:
            set_machine_clock(state, timedelta())
        patient_stage.until("the time set right to be noticed", lambda: jumped(0.0))
        patient_stage.move_clock(ROUND_OVER)

    traffic, case = Traffic(patient_stage), OneCase(patient_stage, jump)
    with traffic.flowing():
        case.goes_round()
    expired = [
        each
        for each in patient_stage.bus.everything()
        if each.attribute("type").endswith(".task-expired.v1")
        and each.attribute("subject") in case.cases(loop.INTERIOR)
    ]
    assert expired == []
    sound(patient_stage, tell, traffic, case)
