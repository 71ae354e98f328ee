"""The supervisor never gives up: neither a full disk nor a refused fork ends it."""

import errno
from pathlib import Path
from typing import Any

import pytest

from deploy.local import layout, supervisor
from deploy.local.failures import DiskFull
from deploy.local.layout import StateFolder
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
    assert len(kept) == 2 * len(keeper.topology.units)
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
    monkeypatch.setattr(supervisor.logfiles, "bound_all", fails(OSError(errno.ENOSPC, "full")))
    for server in (keeper.kafka, keeper.postgres):
        monkeypatch.setattr(server, "prepare", lambda: None)
        monkeypatch.setattr(server, "spawn", fails(refused))
    keeper._tick()
    assert keeper.state.processes.exists()
    assert all(watched.identity is None for watched in keeper.watched.values())
    everything = (*keeper.servers.values(), *keeper.watched.values())
    assert not any(watched.due() for watched in everything), "tried again, but later"


def test_a_disk_without_room_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "write_whole", fails(OSError(errno.ENOSPC, "No space left")))
    with pytest.raises(DiskFull, match=r"full.*\.$"):
        layout.write_json(tmp_path / "processes.json", {})
