"""A key file is made once: where one is gone none is made in its place, and nobody is told to
restart what still has the right one in its memory.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.containers import prepare
from deploy.local.checks import CHECKS, RESTORE_KEY, Patient
from deploy.local.failures import StackFailure
from deploy.local.keys import key_path, make_keys
from deploy.local.layout import StateFolder, write_json
from deploy.local.runbooks import Runbook, path_of
from deploy.local.supervisor import Orders, Supervisor
from deploy.local.tokens import make_tokens
from deploy.local.topology import read_topology
from services.chassis.own_key import KEY_FILE_IS_ANOTHER, KEY_FILE_UNREADABLE

TOPOLOGY = read_topology()
NODES = sorted(TOPOLOGY.file.nodes)
NODE = NODES[0]
GONE = "is their disk mounted"


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    state = StateFolder(tmp_path / "state")
    state.make()
    return state


def keys_of(state: StateFolder) -> list[str]:
    return sorted(path.stem for path in state.keys.iterdir())


def a_stack_was_described(state: StateFolder) -> None:
    write_json(state.stack, {"nodes": dict.fromkeys(NODES, "detects")})


def tokens_were_made(state: StateFolder) -> None:
    make_tokens(state, TOPOLOGY)


def a_database_was_made(state: StateFolder) -> None:
    (state.postgres / "cluster").mkdir(parents=True)
    (state.postgres / "cluster" / "PG_VERSION").touch()


BEFORE = [a_stack_was_described, tokens_were_made, a_database_was_made]
"""Each is all that is left of what was there."""


@pytest.mark.parametrize("before", BEFORE)
def test_no_key_is_made_where_one_is_gone_and_the_page_is_named(
    state: StateFolder, before: Callable[[StateFolder], None]
) -> None:
    before(state)
    with pytest.raises(StackFailure, match=GONE) as told:
        make_keys(state, TOPOLOGY)
    assert f"docs/runbooks/{path_of(Runbook.KEY_WILL_NOT_OPEN).name}" in str(told.value)
    assert keys_of(state) == []


def test_one_key_that_is_gone_is_named_alone_and_no_other_is_made(state: StateFolder) -> None:
    make_keys(state, TOPOLOGY.only(NODE))
    make_tokens(state, TOPOLOGY.only(NODE))
    key_path(state, NODE).unlink()
    with pytest.raises(StackFailure, match=f"key files of {NODE} are gone"):
        make_keys(state, TOPOLOGY)
    assert keys_of(state) == []


def test_a_new_node_gets_a_key_beside_the_others(state: StateFolder) -> None:
    make_keys(state, TOPOLOGY.only(NODE))
    before = key_path(state, NODE).read_bytes()
    make_tokens(state, TOPOLOGY.only(NODE))
    write_json(state.stack, {"nodes": {NODE: "detects"}})
    a_database_was_made(state)
    make_keys(state, TOPOLOGY)
    assert keys_of(state) == NODES
    assert key_path(state, NODE).read_bytes() == before


def test_a_stack_without_its_keys_starts_nothing(state: StateFolder) -> None:
    a_stack_was_described(state)
    with state.supervisor_lock.open("w") as lock:
        supervisor = Supervisor(Orders(state, None), lock)
        with pytest.raises(StackFailure, match=GONE):
            supervisor.run()
    assert keys_of(state) == []
    assert list(state.tokens.iterdir()) == []
    assert not state.postgres.exists()


def test_containers_are_not_prepared_without_the_keys_that_they_had(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "container_user", lambda *_: (1000, 1000))
    prepare.prepare(state, TOPOLOGY, prepare.Wish())
    key_path(state, NODE).unlink()
    with pytest.raises(StackFailure, match=GONE):
        prepare.prepare(state, TOPOLOGY, prepare.Wish())
    assert NODE not in keys_of(state)


def test_a_folder_of_keys_that_is_gone_is_a_matter_for_the_page(state: StateFolder) -> None:
    state.keys.rmdir()
    patient = Patient(state, TOPOLOGY)
    assert CHECKS["keys"](patient).runbook is None
    a_stack_was_described(state)
    assert CHECKS["keys"](patient).runbook is Runbook.KEY_WILL_NOT_OPEN


@pytest.mark.parametrize("told", [RESTORE_KEY, KEY_FILE_IS_ANOTHER, KEY_FILE_UNREADABLE])
def test_nobody_is_told_to_restart_what_has_the_right_key_in_memory(told: str) -> None:
    assert "restart nothing" in told
    assert told.count("restart") == 1
