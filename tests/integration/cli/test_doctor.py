"""`nrm doctor` on a whole house: what is broken is named by its page and by no other.

What takes seconds is also followed here; the rest of each page is in ``tests/faults/runbooks``.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

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


def test_a_key_file_that_is_another_is_named_and_its_page_puts_the_right_one_back(
    state: StateFolder,
) -> None:
    key = key_path(state, NODE)
    backup = key.with_suffix(".backup")
    key.rename(backup)
    try:
        KeyRing.create(key)
        must_name(state, Runbook.KEY_WILL_NOT_OPEN)
        follow(Runbook.KEY_WILL_NOT_OPEN, state, NODE=NODE, BACKUP=str(backup))
    finally:
        backup.replace(key)
    wait_until_ready(state)


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


def test_a_parked_event_is_named_and_handled_once_after_its_page(stage: Stage) -> None:
    state, border = stage.state, stage.agency(loop.BORDER)
    with a_service_that_cannot_write(state):
        case_id = stage.new_case("parked", loop.BORDER)
        detected = border.event("person-detected", case_id, loop.detection(loop.BORDER))
        border.post(detected)
        (handle,) = stage.until("the parking", lambda: parked_handles(state))
        must_name(state, Runbook.PARKED)
    said = follow(Runbook.PARKED, state, HANDLE=handle)
    assert UNIT in said
    stage.until("its case", lambda: cases_of(stage, case_id))
    assert cases_of(stage, case_id) == 1
    must_name(state)


def cases_of(stage: Stage, case_id: str) -> int:
    unit = control.topology_of(stage.state).unit(UNIT)
    query = "SELECT count(*) AS number FROM person_case WHERE case_id::text = $1"
    return int(Databases(stage.state).rows(unit, query, case_id)[0]["number"])


def parked_handles(state: StateFolder) -> list[str]:
    words = ["parked", "list", "--of", UNIT, "--json", "--state", str(state.root)]
    return [each["handle"] for each in json.loads(CliRunner().invoke(app, words).output)]
