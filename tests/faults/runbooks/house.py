"""The smallest house in which something can be lost on its way, and a hand-over through it.

Two nodes with a gateway and identification each, on a broker and a database of their own.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.demo.databases import Databases
from deploy.demo.stage import Stage, new_id, on_stage
from deploy.demo.stories.loop import BORDER, INTERIOR, a_man_from_a_construction_site, consent
from deploy.local import control
from deploy.local.failures import StackFailure
from deploy.local.layout import StateFolder
from deploy.local.tokens import read_token
from tests.support.history import Fault, faults_in, history_of
from tests.support.machine_clock import with_machine_clock
from tests.support.stack import wait_until_ready

NODES = Path(__file__).with_name("nodes.yaml")
SECONDS = 300.0
TABLES = ((f"{BORDER}.identification", "person_case"), (f"{BORDER}.identification", "hand_over"))
ALL_CASES = "SELECT count(*) AS number FROM person_case"
OK = 300


@contextmanager
def house_in(state: StateFolder) -> Iterator[StateFolder]:
    """The house, ready; stopped at the end."""
    try:
        try:
            with pytest.MonkeyPatch.context() as patch:
                for name, value in with_machine_clock(state).items():
                    patch.setenv(name, value)
                control.start(control.Wish(state=state, nodes_file=NODES, demo=True))
            wait_until_ready(state)
        except StackFailure as failure:
            pytest.fail(f"the house does not start: {failure}", pytrace=False)
        yield state
    finally:
        control.stop(state)


@contextmanager
def stage_of(state: StateFolder) -> Iterator[Stage]:
    """A stage on the ready house."""
    wait_until_ready(state)
    with on_stage(state, lambda _sentence: None) as stage:
        stage.everybody_listens()
        yield stage


@dataclass
class HandOver:
    """One man's hand-over, whose events can be posted as often as it takes."""

    stage: Stage
    name: str = field(default_factory=lambda: f"man-{new_id()[:8]}")
    events: list[dict[str, Any]] = field(init=False)
    case_id: str = field(init=False)

    def __post_init__(self) -> None:
        """The agency's system makes both events; their ids stay the same."""
        guard = self.stage.agency(BORDER)
        self.case_id = self.stage.new_case(self.name, BORDER)
        agreed = consent(self.stage, ["hand-over"], [INTERIOR])
        self.events = [
            guard.event("consent-recorded", self.case_id, agreed),
            guard.event("person-detected", self.case_id, a_man_from_a_construction_site()),
        ]

    def posted(self) -> bool:
        """Post both by HTTP once; whether the node took them."""
        return all(self._taken(event) for event in self.events)

    def _taken(self, event: Mapping[str, Any]) -> bool:
        token = read_token(self.stage.state, BORDER, "agency-system")
        try:
            answer = httpx.post(
                f"{self.stage.addresses[f'{BORDER}.gateway']}/v1/intake",
                content=json.dumps(event),
                headers={
                    "authorization": f"Bearer {token}",
                    "content-type": "application/cloudevents+json",
                },
                timeout=30,
                trust_env=False,
            )
        except httpx.TransportError:
            return False
        return answer.status_code < OK

    def arrives(self) -> None:
        """Both are accepted and the other agency has him."""
        guard = self.stage.agency(BORDER)
        for event in self.events:
            self.stage.must(bool(guard.answer(event["id"])["accepted"]), "was refused")
        guard.news(
            "identification.hand-over-confirmed",
            lambda news: news["case_id"] == self.case_id,
        )


def faults_after(stage: Stage, men: list[HandOver], cases_before: int) -> list[Fault]:
    """What was lost, doubled, reordered or is stuck when each man should be there once."""
    wait_until_ready(stage.state)
    databases, topology = Databases(stage.state), control.topology_of(stage.state)
    effects = {
        f"{man.name} in {table}": int(
            databases.rows(
                topology.unit(unit),
                f"SELECT count(*) AS number FROM {table} WHERE case_id::text = $1",  # noqa: S608
                man.case_id,
            )[0]["number"]
        )
        for man in men
        for unit, table in TABLES
    }
    expected = dict.fromkeys(effects, 1)
    effects["cases at interior"] = cases_at_interior(stage)
    expected["cases at interior"] = cases_before + len(men)

    def history() -> list[Fault]:
        return faults_in(history_of(stage, effects=effects, expected=expected))

    stage.until("the house to come to rest", lambda: not history(), SECONDS)
    return history()


def cases_at_interior(stage: Stage) -> int:
    """How many people the interior authority has."""
    unit = control.topology_of(stage.state).unit(f"{INTERIOR}.identification")
    return int(Databases(stage.state).rows(unit, ALL_CASES)[0]["number"])
