"""Real processes die by SIGKILL at every failpoint, again and again; nothing is lost or doubled.

The seed draws which service dies at which pass. A failpoint that the load never reaches fails.
"""

import os
import time

import pytest

from deploy.demo.stage import Stage
from services.chassis.failpoints import Failpoint
from tests.faults.processes.sweep import LONGEST_CHAIN, Sweep, drawn, rounds_of
from tests.support.history import checked
from tests.support.told import Tell

SEEDS = int(os.environ.get("NRM_FAULT_SEEDS", "10"))
"""Fewer of them for trying."""


def test_the_rounds_of_a_seed_kill_at_every_failpoint_once() -> None:
    for seed in range(SEEDS):
        rounds = rounds_of(drawn(seed))
        followed = [order.place.failpoint for each in rounds for order in each]
        assert sorted(followed) == sorted(Failpoint)
        for each in rounds:
            units = [order.unit for order in each]
            assert max(map(units.count, units)) <= LONGEST_CHAIN


@pytest.mark.long
@pytest.mark.parametrize("seed", range(SEEDS))
def test_services_die_at_every_failpoint(patient_stage: Stage, seed: int, tell: Tell) -> None:
    cases = []
    for number, orders in enumerate(rounds := rounds_of(drawn(seed)), 1):
        begun = time.monotonic()
        sweep = Sweep(patient_stage, orders)
        sweep.run()
        cases += sweep.load.cases
        seconds = time.monotonic() - begun
        tell(
            f"round {number} of {len(rounds)}: {len(orders)} deaths,"
            f" {len(sweep.load.cases)} cases, {seconds:.0f} s"
        )
    verdict = checked(patient_stage, cases)
    tell(str(verdict))
    assert verdict.faults == []
