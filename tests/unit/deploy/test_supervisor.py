"""The supervisor never gives up: neither a full disk nor a refused fork ends it."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.local import __main__ as program
from deploy.local import kafka, layout, logfiles, parts, supervisor
from deploy.local.failures import DiskFull, NotReady
from deploy.local.layout import StateFolder
from deploy.local.processes import ProcessIdentity
from deploy.local.supervisor import Orders, Supervisor

FULL = "The disk is full while writing processes.json."


@pytest.fixture
def keeper(tmp_path: Path) -> Supervisor:
    """A supervisor of which nothing was started; its servers are due."""
    state = StateFolder(tmp_path)
    state.make()
    with (tmp_path / "lock").open("w") as lock:
        return Supervisor(Orders(state, None, demo=False), lock)


def fails(error: Exception) -> Any:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_a_full_disk_is_said_once_and_outlived(
    keeper: Supervisor, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    kept: list[str] = []
    monkeypatch.setattr(keeper, "_keep_servers", lambda: None)
    monkeypatch.setattr(keeper, "_keep_process", lambda process: kept.append(process.name))
    monkeypatch.setattr(supervisor, "write_json", fails(DiskFull(FULL)))
    keeper._tick()
    keeper._tick()
    assert len(kept) == 2 * len([*keeper.topology.units, *keeper.topology.desks])
    assert capfd.readouterr().err.count(FULL) == 1

    written: list[object] = []
    monkeypatch.setattr(supervisor, "write_json", lambda _path, told: written.append(told))
    keeper._tick()
    assert len(written) == 1, "once there is room, it is written"


def test_a_refused_fork_or_log_keeps_nothing_else_from_being_done(
    keeper: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = OSError(errno.EAGAIN, "Resource temporarily unavailable")
    monkeypatch.setattr(keeper, "_fork", fails(refused))
    monkeypatch.setattr(logfiles, "bound_all", fails(OSError(errno.ENOSPC, "full")))
    for server in keeper.servers.values():
        monkeypatch.setattr(server, "prepare", lambda: None)
        monkeypatch.setattr(server, "spawn", fails(refused))
    keeper._tick()
    assert keeper.state.processes.exists()
    assert all(watched.identity is None for watched in keeper.watched.values())
    everything = (*keeper.watched_servers.values(), *keeper.watched.values())
    assert not any(watched.due() for watched in everything), "tried again, but later"


def test_it_stops_when_the_process_it_lives_for_has_ended(
    keeper: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal, "sigtimedwait", lambda *_: None)
    with subprocess.Popen(["sleep", "60"]) as living:
        keeper.dies_with = ProcessIdentity.of(living.pid)
        keeper._wait(0)
        assert not keeper.stopping
        living.terminate()
    keeper._wait(0)
    assert keeper.stopping


def test_every_test_says_for_whom_its_stacks_live(monkeypatch: pytest.MonkeyPatch) -> None:
    orders: list[Orders] = []

    def supervise(told: Orders) -> int:
        orders.append(told)
        return 0

    monkeypatch.setattr(program, "supervise", supervise)
    monkeypatch.setattr(sys, "argv", ["supervisor", "--state", "somewhere"])
    program.main()
    monkeypatch.delenv(program.DIES_WITH)
    program.main()
    assert [each.dies_with for each in orders] == [ProcessIdentity.of(os.getpid()), None]


def test_why_a_broker_is_not_there_is_read_from_this_life_only(
    keeper: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = keeper.brokers["kafka"]
    broker.folder.mkdir(exist_ok=True)
    monkeypatch.setattr(kafka, "java", lambda: "true")
    monkeypatch.setattr(parts, "kafka_libraries", lambda _: broker.folder)
    broker.log.write_text("No space left on device\n")
    with broker._launch() as process:
        process.wait()
    assert type(broker.why_not_ready()) is NotReady
    with broker.log.open("a") as log:
        log.write("No space left on device\n")
    assert type(broker.why_not_ready()) is DiskFull
    broker.log.write_text("No space left on device")
    assert type(broker.why_not_ready()) is DiskFull, "it rolled: what is there is of this life"


def test_a_disk_without_room_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "write_whole", fails(OSError(errno.ENOSPC, "No space left")))
    with pytest.raises(DiskFull, match=r"full.*\.$"):
        layout.write_json(tmp_path / "processes.json", {})
