"""Which page helps, what to mend first; and that every alarm leads to a page that knows it."""

import re
import shutil
import subprocess
from collections import namedtuple
from pathlib import Path

import pytest
import yaml

from deploy.local import buses, control, databases, logfiles, room
from deploy.local.checks import CHECKS, Patient
from deploy.local.failures import StackFailure
from deploy.local.kafka import KafkaServer
from deploy.local.layout import REPOSITORY, StateFolder, write_json
from deploy.local.postgres import PostgresServer
from deploy.local.runbooks import FIRST_LOOK, FOLDER, Finding, Runbook, diagnoses, path_of
from deploy.observe.dashboards import INSIDE
from deploy.observe.grafana import inside_rules, rules
from deploy.observe.panels import questions
from tests.docs.commands import Block, blocks
from tests.support.runbooks import follow, typed

Usage = namedtuple("Usage", "total used free")
PAGES = {path.stem: path.read_text() for path in (REPOSITORY / FOLDER).glob("*.md")}
ALARM = re.compile(r"`([A-Z][a-z]+[A-Z][A-Za-z]+)`")
PARTS = ("**You see**", "**Safe**", "**Never", "**Over**", "**Write down**")


def finding(name: str, runbook: Runbook | None, *, well: bool = False) -> Finding:
    return Finding(name, well, f"{name} is wrong", runbook=runbook)


def test_several_pages_come_in_the_order_in_which_to_mend() -> None:
    told = diagnoses(finding(page, page) for page in reversed(Runbook))
    assert [each.runbook for each in told] == list(Runbook)


def test_what_is_well_or_only_follows_names_no_page_and_a_cause_is_named_once() -> None:
    findings = [
        finding("services", None),
        finding("clock", Runbook.CLOCK_JUMPED, well=True),
        finding("disk", Runbook.DISK_FULL),
        finding("broker", Runbook.DISK_FULL),
    ]
    (only,) = diagnoses(findings)
    assert only.page == "docs/runbooks/disk-full.md"
    assert only.sentence == "disk is wrong; broker is wrong"


def test_there_is_a_page_for_each_condition_and_no_other() -> None:
    assert PAGES.keys() == {FIRST_LOOK, *Runbook}
    for page in Runbook:
        written = PAGES[page].replace("\n", " ")
        assert [part for part in PARTS if part not in written] == [], page
        assert f"({page}.md)" in PAGES[FIRST_LOOK]


WRONG = ("nrm docktor", 'mv -T "$RECORDS" nowhere/at/all')


@pytest.mark.parametrize("command", WRONG)
def test_a_wrong_command_in_a_page_is_noticed(state: StateFolder, command: str) -> None:
    block = Block(1, f"{command}\n", long=False, expects=())
    with pytest.raises(AssertionError):
        typed(block, state, {"RECORDS": str(state.logs)})


def test_a_page_that_says_something_else_or_wants_something_else_is_noticed(
    state: StateFolder,
) -> None:
    with pytest.raises(AssertionError, match="does not say"):
        typed(Block(1, "echo no\n", long=False, expects=("yes",)), state, {})
    with pytest.raises(AssertionError, match="wants"):
        follow(Runbook.BROKER_DOWN, state)


@pytest.mark.parametrize(("said", "restarts"), [(None, False), ("no", False), ("yes", True)])
def test_the_page_of_a_clock_restarts_nothing_until_somebody_compared(
    said: str | None, restarts: bool
) -> None:
    """Pasted, as at night: into a shell that goes on after a command that failed."""
    (block,) = (each for each in blocks(path_of(Runbook.CLOCK_JUMPED)) if "restart" in each.code)
    pasted = [str(shutil.which("bash")), "-c", block.code.replace(".venv/bin/nrm", "echo")]
    environment = {} if said is None else {"TIME_IS_RIGHT": said}
    told = subprocess.run(pasted, env=environment, capture_output=True, text=True, check=False)
    assert told.stdout == ("restart --services\n" if restarts else "")


@pytest.mark.parametrize("folder", ["kafka", "kafka-hub", "postgres"])
def test_the_page_of_a_full_disk_deletes_nothing_of_a_server(
    state: StateFolder, folder: str
) -> None:
    kept, film = state.root / folder / "large", state.root / "film"
    kept.parent.mkdir()
    for path in (kept, film):
        path.touch()
    delete = next(block for block in blocks(path_of(Runbook.DISK_FULL)) if 'rm "$T' in block.code)
    with pytest.raises(AssertionError):
        typed(delete, state, {"TOO_LARGE": str(kept)})
    typed(delete, state, {"TOO_LARGE": str(film)})
    assert (kept.exists(), film.exists()) == (True, False)


def test_every_alarm_leads_to_a_page_that_knows_it() -> None:
    pages = {
        panel.alert.name: panel.alert.runbook
        for question in questions()
        for panel in question.panels
        if panel.alert
    }
    pages["ServiceSilent"] = FIRST_LOOK
    assert {name: page for name, page in pages.items() if f"`{name}`" not in PAGES[page]} == {}
    named = {name for text in PAGES.values() for name in ALARM.findall(text)}
    assert named - pages.keys() == set()
    annotated = {
        rule["alert"]: Path(rule["annotations"]["runbook"])
        for told in (rules(), *map(inside_rules, INSIDE))
        for group in told["groups"]
        for rule in group["rules"]
    }
    assert annotated == {name: FOLDER / f"{page}.md" for name, page in pages.items()}
    assert yaml.safe_load((REPOSITORY / "deploy/observe/provisioned/alerts.yaml").read_text())


class BothSilent(Patient):
    silent_brokers = (buses.HUB_BROKER, buses.BROKER)


def test_each_silent_broker_is_named_and_the_full_disk_of_one_is_mended_first(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "supervisor", lambda _state: "somebody")
    whys = {buses.HUB_BROKER: "it has no port", buses.BROKER: "The disk is full: it stopped."}
    write_json(state.processes, {name: {"why": why} for name, why in whys.items()})
    told = CHECKS["broker"](BothSilent(state, control.topology_of(state)))
    assert told.runbook is Runbook.DISK_FULL
    assert told.seen == (
        "the broker kafka-hub does not answer: it has no port; "
        "the broker kafka does not answer: no room"
    )


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    state = StateFolder(tmp_path / "state")
    state.make()
    return state


def with_free(monkeypatch: pytest.MonkeyPatch, free: int, only: str = "") -> None:
    plenty = 100 * room.FREE_BYTES

    def usage(path: Path) -> Usage:
        return Usage(plenty, 0, free if str(path).endswith(only) else plenty)

    monkeypatch.setattr(shutil, "disk_usage", usage)


def test_the_reserve_is_made_when_there_is_room_and_given_up_for_ever_when_not(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "RESERVE_BYTES", 2**20)
    with_free(monkeypatch, room.FREE_BYTES)
    room.keep_reserve(state)
    assert not state.reserve.exists()
    with_free(monkeypatch, room.FREE_BYTES + 2**20)
    room.keep_reserve(state)
    assert state.reserve.stat().st_blocks * 512 >= 2**20
    state.reserve.unlink()
    with_free(monkeypatch, room.FREE_BYTES)
    room.keep_reserve(state)
    assert list(state.root.glob("reserve*")) == []


def test_the_least_room_of_any_folder_counts(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (state.postgres / "cluster").mkdir(parents=True)
    with_free(monkeypatch, 5, only="postgres/cluster")
    assert room.fullest(state) == (5, "cluster")


def test_files_that_were_made_and_are_gone_are_never_made_anew(tmp_path: Path) -> None:
    for server, there in (
        (KafkaServer(tmp_path / "kafka"), Path("records/meta.properties")),
        (PostgresServer(tmp_path / "postgres"), Path("cluster/PG_VERSION")),
    ):
        made = server.folder / there
        made.parent.mkdir(parents=True)
        assert not server._made_before(made, "files")
        made.touch()
        assert server._made_before(made, "files")
        made.unlink()
        with pytest.raises(StackFailure, match="is their disk mounted"):
            server.prepare()
        assert list(made.parent.iterdir()) == []


def test_no_sentence_of_the_stack_advises_what_every_page_forbids() -> None:
    sources = (REPOSITORY / "deploy").rglob("*.py")
    assert [path.name for path in sources if "nrm reset" in path.read_text()] == []


async def test_a_password_that_cannot_be_used_is_made_anew_and_nothing_is_deleted() -> None:
    with pytest.raises(StackFailure, match="for nrm_some that cannot be used: take its line out"):
        await databases._make_role(None, "nrm_some", "it's")


def test_a_log_is_bounded_on_a_full_disk_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_source: Path, target: Path) -> None:
        target.write_text("half")
        raise OSError(28, "no space left")

    monkeypatch.setattr(shutil, "copyfile", full)
    log = tmp_path / "server.log"
    log.write_text("x" * 300)
    logfiles.bound_all(tmp_path, tmp_path / "none", largest=200)
    assert (log.stat().st_size, list(tmp_path.iterdir())) == (0, [log])
