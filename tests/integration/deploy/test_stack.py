"""The embedded stack as its users see it: up, status, kill, restart, down."""

import asyncio
import json
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import broker_admin, buses, control, readiness
from deploy.local.checks import Patient, examine
from deploy.local.control import Wish
from deploy.local.failures import StackFailure
from deploy.local.layout import REPOSITORY, StateFolder, read_json
from deploy.local.processes import ProcessIdentity
from deploy.local.runbooks import FIRST_LOOK, Finding, Runbook, diagnoses
from services.chassis.messaging.broker import HUB, LOCAL, bus_of
from tests.integration.deploy.conftest import NODES, bring_up
from tests.support.runbooks import follow
from tests.support.waiting import until

SERVICE = "node-one.gateway"


def nrm(state: StateFolder, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, as a person types it."""
    command = [sys.executable, "-m", "cli.main", *words, "--state", str(state.root)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


def identities(state: StateFolder) -> dict[str, ProcessIdentity]:
    """Everything that runs."""
    told = control.processes(state)
    return {name: identity for name, identity in told.items() if identity is not None}


def test_status_tells_every_address_process_part_and_version(stack: StateFolder) -> None:
    told = json.loads(nrm(stack, "status", "--json").stdout)
    assert told["state"] == "ready"
    assert {entry["name"] for entry in told["processes"]} == {
        *("kafka", "kafka-hub", "postgres"),
        *("hub.statistics.publisher", "node-one.gateway"),
        *("node-one.identification", "node-two.gateway", "node-two.identification"),
    }
    gateway = next(entry for entry in told["processes"] if entry["name"] == SERVICE)
    assert gateway["parts"]["standing"] == {"ok": True}
    assert gateway["parts"]["demo"] is True
    assert gateway["address"].startswith("http://127.0.0.1:")
    assert told["versions"]["kafka"] == "4.3.1"


def test_up_twice_starts_nothing_twice(stack: StateFolder) -> None:
    before = identities(stack)
    done = nrm(stack, "up", "--demo", "--nodes", str(NODES))
    assert done.returncode == 0
    assert "ran already" in done.stdout
    assert identities(stack) == before


def test_secrets_are_only_for_their_owner(stack: StateFolder) -> None:
    secret = [stack.credentials, stack.stack, *stack.keys.iterdir(), *stack.tokens.rglob("*")]
    files = [path for path in secret if path.is_file()]
    assert len(files) > 8
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_no_secret_is_on_a_command_line_or_in_a_log(stack: StateFolder) -> None:
    passwords = read_json(stack.credentials).values()
    seen = [path.read_text(errors="replace") for path in stack.root.rglob("*.log")]
    for identity in identities(stack).values():
        seen.append(Path(f"/proc/{identity.pid}/cmdline").read_text())
    assert not [word for word in passwords if any(word in text for text in seen)]


async def test_a_killed_service_starts_again(stack: StateFolder) -> None:
    before = control.kill(stack, SERVICE)
    await until(lambda: identities(stack).get(SERVICE, before) != before)
    await until(lambda: not readiness.unready(stack))


def pages_named(stack: StateFolder) -> list[tuple[Runbook, str]]:
    """The pages that the doctor names, and what it says beside each."""
    findings = examine(Patient(stack, control.topology_of(stack)))
    return [(told.runbook, told.sentence) for told in diagnoses(findings)]


HELD = [
    (SERVICE, []),
    ("kafka-hub", [(Runbook.BROKER_DOWN, "the broker kafka-hub does not answer")]),
    ("postgres", [(Runbook.DATABASE_DOWN, "the database does not answer")]),
]


@pytest.mark.parametrize(("name", "pages"), HELD)
async def test_what_is_held_stays_down_until_it_is_released_and_the_doctor_names_it(
    stack: StateFolder, name: str, pages: list[tuple[Runbook, str]]
) -> None:
    control.hold(stack, name)
    await until(lambda: read_json(stack.processes)[name]["state"] == "held")
    assert name in readiness.unready(stack)
    assert await asyncio.to_thread(pages_named, stack) == pages
    control.release(stack, name)
    await until(lambda: not readiness.unready(stack), seconds=60)


def test_each_bus_is_on_its_own_broker(stack: StateFolder) -> None:
    told = buses.told(stack)
    here, hub = (broker_admin.topic_names(address) for address in told.brokers)
    assert {name for name in hub if name.startswith("nrm.")} == {
        name for name in here | hub if name.startswith("nrm.") and bus_of(name) == HUB
    }
    assert {name for name in here if name.startswith("nrm.")} == {
        name for name in here | hub if bus_of(name) == LOCAL
    }
    addresses = [nrm(stack, "address", node, "kafka").stdout for node in ("node-one", "hub")]
    assert addresses == [f"{told.local}\n", f"{told.hub}\n"]


def test_a_state_keeps_the_brokers_with_which_it_was_made(stack: StateFolder) -> None:
    with pytest.raises(StackFailure, match="made with 2 brokers"):
        control.start(Wish(state=stack, nodes_file=NODES, demo=True, brokers=1))


@pytest.mark.parametrize("name", [SERVICE, "kafka-hub", "postgres"])
def test_a_restart_gives_another_process_at_the_same_address(stack: StateFolder, name: str) -> None:
    addresses, before = read_json(stack.stack), identities(stack)[name]
    assert nrm(stack, "restart", name).returncode == 0
    assert identities(stack)[name] != before
    assert read_json(stack.stack) == addresses


async def test_a_killed_broker_and_database_start_again(stack: StateFolder) -> None:
    before = control.kill(stack, "kafka"), control.kill(stack, "postgres")
    for identity in before:
        assert identity.wait(10)
    control.wait_for(stack, lambda: bool(set(before) - set(identities(stack).values())))
    await until(lambda: readiness.status(stack)["state"] == "ready", seconds=60)


def test_the_doctor_finds_everything_well(stack: StateFolder) -> None:
    findings = list(examine(Patient(stack, control.topology_of(stack))))
    assert [finding for finding in findings if not finding.well] == []
    assert len(findings) == 12
    assert "partitioner" in follow(FIRST_LOOK, stack)


def test_the_doctor_names_one_action_for_what_is_wrong(stack: StateFolder) -> None:
    key = stack.keys / "node-one.key"
    key.chmod(0o644)
    stack.clock.write_text("tomorrow")
    try:
        findings = {f.name: f for f in examine(Patient(stack, control.topology_of(stack)))}
    finally:
        key.chmod(0o600)
        stack.clock.write_text("0")
    wrong = {name for name, finding in findings.items() if not finding.well}
    assert wrong == {"keys", "clock"}
    assert all(findings[name].action for name in wrong)


def keys_finding(stack: StateFolder) -> Finding:
    patient = Patient(stack, control.topology_of(stack))
    return next(finding for finding in examine(patient) if finding.name == "keys")


def test_the_doctor_says_which_key_or_token_is_missing(stack: StateFolder) -> None:
    key, token = stack.keys / "node-one.key", stack.tokens / "node-one" / "operator"
    for path, said in ((key, "the key file of node-one is missing"), (token, "1 tokens are miss")):
        aside = path.with_name("aside")
        path.rename(aside)
        try:
            finding = keys_finding(stack)
        finally:
            aside.rename(path)
        assert (finding.well, finding.seen.startswith(said), bool(finding.action)) == (
            False,
            True,
            True,
        ), finding
    assert keys_finding(stack).well


def test_the_doctor_of_a_stack_that_was_never_up_says_what_to_do(tmp_path: Path) -> None:
    done = nrm(StateFolder(tmp_path / "none"), "doctor", "--json")
    findings = {finding["name"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == 1
    assert {name for name, finding in findings.items() if finding["well"]} == {"programs", "disk"}
    assert all(finding["action"] for finding in findings.values() if not finding["well"])


def test_reset_deletes_only_a_state_folder_of_ours(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    done = nrm(StateFolder(tmp_path), "reset", "--yes")
    assert done.returncode == 1
    assert "not a state folder" in done.stderr
    assert (tmp_path / "thesis.txt").exists()


def test_migrating_a_stack_that_is_up_to_date_changes_nothing(stack: StateFolder) -> None:
    done = nrm(stack, "migrate")
    assert (done.returncode, "newest revision" in done.stdout) == (0, True)


def test_a_killed_supervisor_leaves_no_orphan_and_up_works_again(stack: StateFolder) -> None:
    supervisor, others = control.supervisor(stack), identities(stack)
    assert supervisor is not None
    supervisor.send(signal.SIGKILL)
    assert all(identity.wait(20) for identity in others.values())
    bring_up(stack)
    assert not set(identities(stack).values()) & set(others.values())


def test_down_stops_exactly_what_up_started(stack: StateFolder) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        running = [*identities(stack).values(), control.supervisor(stack)]
        assert nrm(stack, "down").returncode == 0
        assert not [identity for identity in running if identity and identity.alive()]
        assert bystander.poll() is None
    finally:
        bystander.communicate(b"\n")
    assert nrm(stack, "status").returncode == 3
    assert "Nothing ran" in nrm(stack, "down").stdout


def test_up_interrupted_while_starting_leaves_a_stack_that_up_finds(stack: StateFolder) -> None:
    control.stop(stack)
    command = [sys.executable, "-m", "cli.main", "up", "--demo", "--state", str(stack.root)]
    command += ["--nodes", str(NODES)]
    crashed = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL)
    control.wait_for_supervisor(stack)
    crashed.kill()
    crashed.wait()
    supervisor = control.supervisor(stack)
    bring_up(stack)
    assert control.supervisor(stack) == supervisor


def test_a_service_that_cannot_be_imported_is_told_by_name(own_folder: Path) -> None:
    nodes = own_folder / "nodes.yaml"
    nodes.write_text(
        "package: tests.support.dummies\nnodes:\n  n:\n    kind: x\n    services: [absent]\n"
    )
    state = StateFolder(own_folder / "state")
    control.start(Wish(state=state, nodes_file=nodes))
    with pytest.raises(StackFailure, match=r"absent\.main cannot be imported"):
        control.wait_for(state, lambda: not readiness.unready(state))
    assert control.supervisor(state) is None
