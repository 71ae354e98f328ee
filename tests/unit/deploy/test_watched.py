"""Restarts grow apart and never stop; logs stay bounded; ports are free ones."""

import socket
from pathlib import Path

import pytest

from deploy.local import logfiles, ports, watched
from deploy.local.failures import StackFailure, as_sentence
from deploy.local.layout import StateFolder
from deploy.local.processes import ProcessIdentity
from deploy.local.watched import Watched

SOMEBODY = ProcessIdentity(pid=1, started=1, boot="b")


class Hands:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    """The clock that the supervisor reads."""
    hands = Hands()
    monkeypatch.setattr(watched, "time", hands)
    return hands


def pause_after_crash(process: Watched, hands: Hands) -> float:
    process.started(SOMEBODY)
    process.ended(1)
    paused = 0.0
    while not process.due():
        hands.now += 0.1
        paused += 0.1
    return paused


def test_pauses_grow_to_a_limit_and_restarts_never_stop(hands: Hands) -> None:
    process = Watched("x")
    pauses = [pause_after_crash(process, hands) for _ in range(40)]
    assert pauses[0] < 0.5
    assert pauses == sorted(pauses) or max(pauses) < watched.LONGEST_PAUSE_SECONDS + 0.5
    assert 19 < pauses[-1] < watched.LONGEST_PAUSE_SECONDS + 0.5
    assert process.restarts == 39


def test_who_lived_long_or_was_asked_to_stop_starts_at_once(hands: Hands) -> None:
    process = Watched("x")
    for _ in range(8):
        pause_after_crash(process, hands)
    process.started(SOMEBODY)
    hands.now += watched.HEALTHY_SECONDS + 1
    process.ended(1)
    hands.now += watched.FIRST_PAUSE_SECONDS + 0.01
    assert process.due()


def test_a_held_process_is_not_due(hands: Hands) -> None:
    process = Watched("x")
    assert process.due()
    process.held = True
    assert not process.due()
    assert process.told()["state"] == "held"


def test_a_log_is_bounded_and_one_old_one_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    with log.open("a") as writer:
        for _ in range(3):
            writer.write("line\n" * 100)
            writer.flush()
            logfiles.bound_all(tmp_path, largest=200)
        writer.write("last\n")
    assert log.read_text() == "last\n"
    assert (tmp_path / "a.log.1").stat().st_size == 500
    assert logfiles.last_lines(log, 5) == ["last"]
    assert logfiles.last_lines(tmp_path / "none.log", 5) == []


def test_what_a_server_prints_is_bounded_too_and_has_no_hole(tmp_path: Path) -> None:
    beside = tmp_path / "elsewhere" / "server.log"
    beside.parent.mkdir()
    beside.write_text("of an earlier life")
    for path in (tmp_path / "zipkin.out", beside):
        with logfiles.emptied(path) as output:
            output.write(b"line\n" * 100)
            output.flush()
            logfiles.bound_all(tmp_path, beside, tmp_path / "none.log", largest=200)
            output.write(b"last\n")
        assert path.read_text() == "last\n"
        assert path.with_name(f"{path.name}.1").read_text() == "line\n" * 100


def test_a_taken_port_is_replaced_by_a_free_one() -> None:
    with socket.socket() as taken:
        taken.bind((ports.LOOPBACK, 0))
        taken.listen()
        number = taken.getsockname()[1]
        assert not ports.is_free(number)
        assert ports.keep_or_choose(number) != number
    chosen = ports.free_ports(20)
    assert len(set(chosen)) == 20
    assert ports.keep_or_choose(chosen[0]) == chosen[0]


@pytest.mark.parametrize(
    ("number", "words"), [(28, "disk is full"), (13, "--state"), (30, "--state"), (5, "EIO")]
)
def test_what_the_system_refuses_becomes_a_sentence(number: int, words: str) -> None:
    assert words in str(as_sentence(OSError(number, "x"), doing="the state folder"))


def test_a_state_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StackFailure, match="state folder"):
        StateFolder(tmp_path / "file" / "below").make()
