"""The whole house for the tests: every node, every service, one broker, one database server.

Real processes, started once for a session and shared by the scenarios, the privacy tests and the
faults of processes; it is always stopped. What cannot start is a failure with the sentence that a
person would see: these tests may never be skipped in silence.
"""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.agency import PATIENCE_SECONDS
from deploy.demo.bus import SeenRecord
from deploy.demo.knew import known_classes
from deploy.demo.stage import Stage, on_stage
from deploy.demo.stories import STORIES, nodes_on_call
from deploy.local import control, readiness
from deploy.local.buses import wanted_brokers
from deploy.local.failures import StackFailure
from deploy.local.layout import StateFolder
from tests.support.machine_clock import with_machine_clock

UP_SECONDS = 300.0
RUNNING_STACK = "NRM_TEST_STACK"
"""The state folder of a stack that runs already: for quick work on one test, never in `make`."""
WHOLE_NODES = "NRM_TEST_WHOLE_NODES"
"""When it is set, the same tests run on a stack with one process for each node."""


def wait_until_ready(state: StateFolder) -> None:
    """Every process is there and says that it is ready."""
    control.wait_for(state, lambda: not readiness.unready(state), UP_SECONDS)


@pytest.fixture(scope="session")
def stack_state() -> Iterator[StateFolder]:
    """The state folder of the stack that runs."""
    if running := os.environ.get(RUNNING_STACK):
        yield StateFolder(Path(running).absolute())
        return
    on_call = nodes_on_call(STORIES)
    with a_house(on_call, whole_nodes=WHOLE_NODES in os.environ) as state:
        yield state


@contextmanager
def a_house(
    also: tuple[str, ...] = (),
    /,
    *,
    whole_nodes: bool,
    nodes_file: Path | None = None,
    **environment: str,
) -> Iterator[StateFolder]:
    """Start a stack with these variables beside the others, and stop it in any case."""
    folder = Path(tempfile.mkdtemp(prefix="nrm-test-house-"))
    state = StateFolder(folder / "state")
    form = control.Wish(
        state,
        nodes_file=nodes_file,
        demo=True,
        whole_nodes=whole_nodes,
        brokers=wanted_brokers(),
        also=also,
    )
    try:
        try:
            with pytest.MonkeyPatch.context() as patch:
                for name, value in {**with_machine_clock(state), **environment}.items():
                    patch.setenv(name, value)
                control.start(form)
            wait_until_ready(state)
        except StackFailure as failure:
            pytest.fail(f"the stack does not start: {failure}", pytrace=False)
        yield state
    finally:
        control.stop(state)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def a_stage(state: StateFolder, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[Stage]:
    """A stage on the ready stack, on which every agency listens."""
    wait_until_ready(state)
    with on_stage(state, lambda _sentence: None, patience_seconds) as stage:
        stage.everybody_listens()
        yield stage


@pytest.fixture
def stage(stack_state: StateFolder) -> Iterator[Stage]:
    """A stage for one test."""
    with a_stage(stack_state) as opened:
        yield opened


@dataclass(frozen=True)
class Told:
    """A story that was told, and what an observer can see of it."""

    name: str
    stage: Stage

    @cached_property
    def records(self) -> list[SeenRecord]:
        """Every record of every topic."""
        return self.stage.bus.everything()

    def cases(self, node: str) -> list[str]:
        """The story's cases at one node."""
        return [case_id for known, case_id in self.stage.cases[self.name] if known == node]

    def case(self, node: str) -> str:
        """The story's one case at one node."""
        (case_id,) = self.cases(node)
        return case_id

    def of(self, node: str, word: str = "") -> list[SeenRecord]:
        """What the node's services said about the story's cases, in order of time."""
        cases = set(self.cases(node))
        found = [
            record
            for record in self.records
            if record.topic.startswith(f"nrm.local.{node}.")
            and not record.topic.endswith(".intake.v1")
            and record.attribute("subject") in cases
            and word in ("", word_of(record))
        ]
        return sorted(found, key=lambda record: record.timestamp)

    def body(self, node: str, word: str) -> dict[str, object]:
        """The body of the one event of this kind."""
        (record,) = self.of(node, word)
        return record.body()

    def words(self, node: str) -> Counter[str]:
        """How often each event was said about the story's cases in a node."""
        return Counter(word_of(record) for record in self.of(node))

    def dues(self, node: str, word: str, name: str) -> dict[str, datetime]:
        """Task -> the time ``name`` that the node's events of this kind say of it."""
        bodies = [record.body() for record in self.of(node, word)]
        return {str(body["task_id"]): moment(body[name]) for body in bodies}

    def spans(self, node: str, word: str, name: str) -> list[timedelta]:
        """How long after it happened each event's time ``name`` is."""
        bodies = [record.body() for record in self.of(node, word)]
        return [moment(body[name]) - moment(body["happened_at"]) for body in bodies]

    def states(self, node: str, side: str) -> list[tuple[str, str, str]]:
        """(service, other agency, state) of each of the story's tasks, as an officer sees them."""
        asked = [{"side": side, "case_id": case_id} for case_id in self.cases(node)]
        unit = f"{node}.referral"
        rows = [self.stage.get(unit, "/v1/tasks", "case-officer", **each).json() for each in asked]
        return sorted(
            (str(row["service_type"]), str(row["other_agency"]), str(row["state"]))
            for listed in rows
            for row in listed
        )

    def shown(self, node: str, case_id: str) -> dict[str, Any]:
        """One case as the node's own officer sees it."""
        unit = f"{node}.identification"
        return dict(self.stage.get(unit, f"/v1/cases/{case_id}", "case-officer").json())

    def knew(self) -> dict[str, set[str]]:
        """Node -> classes of facts. A node on call that knows nothing is not named: few need it."""
        known = known_classes(self.stage, self.name, self.records)
        on_call = nodes_on_call(STORIES)
        return {node: found for node, found in known.items() if found or node not in on_call}


def moment(said: object) -> datetime:
    """A time out of an event."""
    return datetime.fromisoformat(str(said))


def word_of(record: SeenRecord) -> str:
    """``case-opened`` of ``org.nrm.identification.case-opened.v1``."""
    return record.attribute("type").removesuffix(".v1").rpartition(".")[2]


@contextmanager
def told(state: StateFolder, name: str) -> Iterator[Told]:
    """Tell a story and look at what it left."""
    with a_stage(state) as stage:
        STORIES[name](stage)
        yield Told(name, stage)
