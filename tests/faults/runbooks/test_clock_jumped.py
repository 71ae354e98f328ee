"""`clock-jumped.md`, followed: the services began with a wrong time, which was then corrected."""

import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.local import control
from deploy.local.layout import StateFolder
from deploy.local.runbooks import Runbook
from tests.faults.runbooks.house import (
    SECONDS,
    HandOver,
    cases_at_interior,
    faults_after,
    house_in,
    stage_of,
)
from tests.support.machine_clock import set_machine_clock
from tests.support.runbooks import clocks_disagree, follow, jumps, must_name


@pytest.fixture
def state() -> Iterator[StateFolder]:
    folder = Path(tempfile.mkdtemp(prefix="nrm-test-runbook-"))
    state = StateFolder(folder / "state")
    state.make()
    try:
        yield state
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.long
def test_services_that_began_with_a_wrong_time_are_named_and_begin_anew(state: StateFolder) -> None:
    with jumps(state, hours=1), house_in(state), stage_of(state) as stage:
        before, first, second = cases_at_interior(stage), HandOver(stage), HandOver(stage)
        must_name(state)  # they believe the time that they found
        assert first.posted()
        first.arrives()
        set_machine_clock(state, timedelta())
        stage.until("the jump to be seen", lambda: clocks_disagree(state), SECONDS)
        must_name(state, Runbook.CLOCK_JUMPED)
        running = control.processes(state)
        with pytest.raises(AssertionError):
            follow(Runbook.CLOCK_JUMPED, state, TIME_IS_RIGHT="no")
        assert control.processes(state) == running
        follow(Runbook.CLOCK_JUMPED, state, TIME_IS_RIGHT="yes")
        must_name(state)
        assert second.posted()
        second.arrives()
        assert faults_after(stage, [first, second], before) == []
