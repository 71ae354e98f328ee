"""`nrm address` prints one address and nothing else, or one sentence."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from deploy.local.failures import StackFailure
from deploy.local.layout import StateFolder, write_json
from deploy.local.processes import ProcessIdentity, write_identity

PORTS = {"border-brest.gateway": 5001, "border-brest.statistics.contributor": 5002}


def ask(state: StateFolder, *words: str) -> Result:
    return CliRunner().invoke(app, ["address", *words, "--state", str(state.root)])


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    """A stack whose supervisor lives: this very process stands for it."""
    folder = StateFolder(tmp_path)
    write_json(folder.stack, {"ports": PORTS, "bootstrap": "127.0.0.1:5003"})
    identity = ProcessIdentity.of(os.getpid())
    assert identity is not None
    write_identity(folder.supervisor_identity, identity)
    return folder


@pytest.mark.parametrize(
    ("service", "line"),
    [
        ("gateway", "http://127.0.0.1:5001\n"),
        ("statistics.contributor", "http://127.0.0.1:5002\n"),
        ("kafka", "127.0.0.1:5003\n"),
    ],
)
def test_one_line_is_printed(state: StateFolder, service: str, line: str) -> None:
    done = ask(state, "border-brest", service)
    assert done.exit_code == 0
    assert done.stdout == line


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("border", "gateway"), r"no node 'border'.*border-brest"),
        (("border-brest", "referral"), r"no 'referral' in border-brest.*gateway.*kafka"),
    ],
)
def test_who_asks_for_what_is_not_there_is_told_what_is(
    state: StateFolder, words: tuple[str, str], sentence: str
) -> None:
    done = ask(state, *words)
    assert done.stdout == ""
    with pytest.raises(StackFailure, match=sentence):
        raise done.exception or AssertionError("it was answered")


def test_a_stack_that_does_not_run_has_no_address(state: StateFolder) -> None:
    state.supervisor_identity.unlink()
    with pytest.raises(StackFailure, match="Nothing runs here"):
        raise ask(state, "border-brest", "gateway").exception or AssertionError("answered")


def test_a_broker_that_is_not_there_yet_has_no_address(state: StateFolder) -> None:
    write_json(state.stack, {"ports": PORTS})
    with pytest.raises(StackFailure, match="no address yet"):
        raise ask(state, "border-brest", "kafka").exception or AssertionError("answered")
