"""`poison`, told by `nrm demo` as a person types it: exit code, figures, report; and red ones."""

import json
import subprocess
import sys
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from deploy.demo import figures, telling
from deploy.demo.databases import Databases
from deploy.demo.observer import places_of_text
from deploy.demo.stage import Stage
from deploy.demo.stories.loop import BORDER
from deploy.demo.stories.poison import A_NAME, GOOD
from deploy.local.control import topology_of
from deploy.local.layout import REPOSITORY, StateFolder
from tests.support.stack import a_stage, wait_until_ready, word_of

NAME = "poison"
BAD = 8
PLANTED = "INSERT INTO outbox_counter VALUES ('urn:nrm:planted:loss', 1, 'nrm.planted.v1', 's', 1)"
CLEARED = "DELETE FROM outbox_counter WHERE source = 'urn:nrm:planted:loss'"


def report_of(state: StateFolder) -> dict[str, Any]:
    return dict(json.loads((state.root / telling.REPORT).read_text()))


def cases_at_the_border(stage: Stage) -> set[str]:
    return {
        record.attribute("subject")
        for record in stage.bus.everything(f"nrm.local.{BORDER}.identification.")
        if word_of(record) == "case-opened"
    }


@pytest.fixture(scope="module")
def before(stack_state: StateFolder) -> set[str]:
    with a_stage(stack_state) as stage:
        return cases_at_the_border(stage)


@pytest.fixture(scope="module")
def typed(stack_state: StateFolder, before: set[str]) -> subprocess.CompletedProcess[str]:
    assert before is not None  # looked at first: other stories of this stack open cases there, too
    wait_until_ready(stack_state)
    command = [sys.executable, "-m", "cli.main", "demo", "tell", NAME]
    return subprocess.run(
        [*command, "--state", str(stack_state.root)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_the_command_ends_well_and_its_last_line_has_the_figures(
    typed: subprocess.CompletedProcess[str],
) -> None:
    assert typed.returncode == 0, typed.stdout[-3000:] + typed.stderr[-2000:]
    last = typed.stdout.strip().splitlines()[-1]
    assert last.startswith("events sent ")
    assert last.endswith("lost 0")
    assert "FAILED" not in typed.stdout


def test_the_report_says_the_same_to_a_program(
    typed: subprocess.CompletedProcess[str], stack_state: StateFolder
) -> None:
    report = report_of(stack_state)
    assert report["failures"] == []
    assert report["stories"][NAME]["told"] == "told"
    assert report["figures"]["lost"] == report["figures"]["unfinished"] == 0
    assert report["figures"]["refused"] >= BAD - 3  # three have no id to be answered under
    assert str(report["figures"]["sent"]) in typed.stdout.strip().splitlines()[-1]
    assert report["stories"][NAME]["knew"][BORDER] == ["detection"]


def test_nobody_else_knew_anything(
    typed: subprocess.CompletedProcess[str], stack_state: StateFolder
) -> None:
    knew = report_of(stack_state)["stories"][NAME]["knew"]
    assert {node for node, classes in knew.items() if classes} == {BORDER}
    assert A_NAME not in typed.stdout


def test_every_good_event_opened_a_case_whose_clocks_stand_still_and_no_bad_one_did(
    typed: subprocess.CompletedProcess[str], before: set[str], stage: Stage
) -> None:
    """Notices nonsense that opened a case, a good one that was lost, and a clock that runs where
    nobody may decide.
    """
    opened = cases_at_the_border(stage) - before
    assert len(opened) == GOOD
    for case_id in opened:
        path = f"/v1/cases/{case_id}"
        shown = stage.get(f"{BORDER}.identification", path, "case-officer").json()
        assert shown["state"] == "detected"
        assert shown["clocks"].pop("counts_from") == {}
        assert set(shown["clocks"].values()) == {None}


def test_the_good_are_done_and_the_name_is_nowhere(
    typed: subprocess.CompletedProcess[str], stage: Stage
) -> None:
    answers = stage.agency(BORDER).all_answers()
    assert sum(bool(each["accepted"]) for each in answers) >= GOOD
    assert sum(not each["accepted"] for each in answers) >= BAD
    assert A_NAME not in json.dumps(answers)
    assert places_of_text(stage, A_NAME) == []


def test_an_event_that_was_lost_makes_the_command_end_badly(
    stack_state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_until_ready(stack_state)
    monkeypatch.setattr(figures, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr(telling, "STORIES", {NAME: lambda _stage: None})
    in_a_node(stack_state, PLANTED)
    try:
        done = CliRunner().invoke(app, ["demo", "tell", NAME, "--state", str(stack_state.root)])
    finally:
        in_a_node(stack_state, CLEARED)
    assert done.exit_code == 1
    assert report_of(stack_state)["figures"]["lost"] == 1
    assert any("1 events lost" in failure for failure in report_of(stack_state)["failures"])


def test_an_invariant_that_does_not_hold_makes_the_command_end_badly(
    stack_state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_until_ready(stack_state)

    def broken(stage: Stage) -> None:
        log = stack_state.log_of("planted")
        log.write_text(A_NAME)
        try:
            stage.must(not places_of_text(stage, A_NAME), "the name is somewhere")
        finally:
            log.unlink()

    monkeypatch.setattr(telling, "STORIES", {NAME: broken})
    done = CliRunner().invoke(app, ["demo", "tell", NAME, "--state", str(stack_state.root)])
    assert done.exit_code == 1
    assert report_of(stack_state)["failures"] == [f"{NAME}: the name is somewhere"]


def in_a_node(state: StateFolder, statement: str) -> None:
    Databases(state).rows(topology_of(state).unit(f"{BORDER}.gateway"), statement)
