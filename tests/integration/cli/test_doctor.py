"""`nrm doctor` on a whole house: what is broken is named by its page and by no other.

What takes long is followed by the long ones here, in ``tests/faults/runbooks`` and, where it needs
no whole house, in ``tests/integration/deploy``.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from deploy.demo.databases import Databases
from deploy.demo.stage import Stage
from deploy.demo.stories import loop
from deploy.local import control, room
from deploy.local.keys import key_path
from deploy.local.layout import StateFolder
from deploy.local.runbooks import Runbook
from services.chassis.cipher import KeyRing
from tests.support.runbooks import clocks_disagree, follow, jumps, must_name
from tests.support.stack import wait_until_ready

NODE = loop.INTERIOR
UNIT = f"{loop.BORDER}.identification"
PLANT = (
    "CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'planted'; END $$",
    "CREATE TRIGGER planted BEFORE INSERT ON person_case FOR EACH ROW EXECUTE FUNCTION planted()",
)
HEAL = ("DROP TRIGGER IF EXISTS planted ON person_case", "DROP FUNCTION IF EXISTS planted()")


@pytest.fixture
def state(stack_state: StateFolder) -> StateFolder:
    wait_until_ready(stack_state)
    return stack_state


@contextmanager
def another_key(state: StateFolder) -> Iterator[Path]:
    """Somebody wrote another key where a node's is; where its backup lies."""
    key = key_path(state, NODE)
    backup = key.with_suffix(".backup")
    key.rename(backup)
    try:
        KeyRing.create(key)
        yield backup
    finally:
        backup.replace(key)


def test_a_key_file_that_is_another_is_named(state: StateFolder) -> None:
    with another_key(state):
        must_name(state, Runbook.KEY_WILL_NOT_OPEN)
    must_name(state)


@pytest.mark.long
def test_the_page_of_a_foreign_key_puts_the_right_one_back(state: StateFolder) -> None:
    with another_key(state) as backup:
        must_name(state, Runbook.KEY_WILL_NOT_OPEN)
        said = follow(Runbook.KEY_WILL_NOT_OPEN, state, NODE=NODE, BACKUP=str(backup))
        assert f"{NODE}." in said
        must_name(state)


def test_a_clock_that_jumped_and_a_full_disk_are_named_in_the_order_to_mend(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = stage.state
    with jumps(state, hours=1):
        stage.until("the jump to be seen", lambda: clocks_disagree(state))
        must_name(state, Runbook.CLOCK_JUMPED)
        monkeypatch.setattr(room, "free_bytes", lambda _folder: 0)
        must_name(state, Runbook.DISK_FULL, Runbook.CLOCK_JUMPED)
    stage.until("the clocks to agree", lambda: not clocks_disagree(state))
    must_name(state, Runbook.DISK_FULL)
    assert shutil.disk_usage(state.root).free > room.FREE_BYTES


@contextmanager
def a_service_that_cannot_write(state: StateFolder) -> Iterator[None]:
    """As a bad deploy would: every new case fails in it."""
    databases, unit = Databases(state), control.topology_of(state).unit(UNIT)
    for statement in PLANT:
        databases.rows(unit, statement)
    try:
        yield
    finally:
        for statement in HEAL:
            databases.rows(unit, statement)


@dataclass(frozen=True)
class Parked:
    """A case whose first event was put aside, though its cause is mended now."""

    stage: Stage
    case_id: str
    handle: str

    def is_handled_once(self) -> None:
        """Its event was handled, and nothing is put aside."""
        self.stage.until("its case", lambda: cases_of(self.stage, self.case_id))
        assert cases_of(self.stage, self.case_id) == 1
        must_name(self.stage.state)


def parked_event(stage: Stage) -> Parked:
    """A service puts a case aside; the doctor names it."""
    border = stage.agency(loop.BORDER)
    with a_service_that_cannot_write(stage.state):
        case_id = stage.new_case("parked", loop.BORDER)
        border.post(border.event("person-detected", case_id, loop.detection(loop.BORDER)))
        (handle,) = stage.until("the parking", lambda: parked_handles(stage.state))
        must_name(stage.state, Runbook.PARKED)
    return Parked(stage, case_id, handle)


def test_a_parked_event_is_named(stage: Stage) -> None:
    parked = parked_event(stage)
    nrm(stage.state, "parked", "redrive", parked.handle, "--reason", "after-the-fix")
    parked.is_handled_once()


@pytest.mark.long
def test_a_parked_event_is_handled_once_after_its_page(stage: Stage) -> None:
    parked = parked_event(stage)
    assert UNIT in follow(Runbook.PARKED, stage.state, HANDLE=parked.handle)
    parked.is_handled_once()


def cases_of(stage: Stage, case_id: str) -> int:
    unit = control.topology_of(stage.state).unit(UNIT)
    query = "SELECT count(*) AS number FROM person_case WHERE case_id::text = $1"
    return int(Databases(stage.state).rows(unit, query, case_id)[0]["number"])


def parked_handles(state: StateFolder) -> list[str]:
    listed = json.loads(nrm(state, "parked", "list", "--of", UNIT, "--json"))
    return [each["handle"] for each in listed]


def nrm(state: StateFolder, *words: str) -> str:
    """What the command says, as a person types it."""
    done = CliRunner().invoke(app, [*words, "--state", str(state.root)])
    assert done.exit_code == 0, done.output
    return done.output
