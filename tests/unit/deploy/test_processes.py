"""Nobody but the very process that was meant is ever signalled."""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.processes import (
    Launch,
    ProcessIdentity,
    launch,
    read_identity,
    write_identity,
    write_whole,
)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits to be ended."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def identity_of(process: subprocess.Popen[bytes]) -> ProcessIdentity:
    identity = ProcessIdentity.of(process.pid)
    assert identity is not None
    return identity


def test_a_process_that_took_over_the_number_is_not_signalled(
    sleeper: subprocess.Popen[bytes],
) -> None:
    identity = identity_of(sleeper)
    earlier = replace(identity, started=identity.started - 1)
    before_the_boot = replace(identity, boot="another")
    for stranger in (earlier, before_the_boot):
        assert not stranger.alive()
        assert not stranger.send(signal.SIGKILL)
        assert stranger.wait(0)
    assert identity.alive()


def test_a_process_is_ended_gently_or_else_killed(sleeper: subprocess.Popen[bytes]) -> None:
    identity = identity_of(sleeper)
    assert not identity.wait(0.01)
    identity.end(gently=signal.SIGCONT, seconds=0.05)  # it does not care for that
    assert sleeper.wait() == -signal.SIGKILL
    assert not identity.alive()


def test_a_zombie_counts_as_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    identity = ProcessIdentity.of(process.pid)
    if identity is not None:
        assert identity.wait(20)
    assert ProcessIdentity.of(process.pid) is None
    process.wait()


def test_an_identity_is_read_back_and_rubbish_is_none(tmp_path: Path) -> None:
    identity = ProcessIdentity(pid=1, started=2, boot="b")
    write_identity(tmp_path / "pid", identity)
    assert read_identity(tmp_path / "pid") == identity
    (tmp_path / "pid").write_text("17")
    assert read_identity(tmp_path / "pid") is None
    assert read_identity(tmp_path / "none") is None


def test_a_file_is_whole_and_only_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    write_whole(path, "one")
    write_whole(path, "two")
    assert path.read_text() == "two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["secret"]


def test_what_we_launch_dies_with_us(tmp_path: Path) -> None:
    code = (
        "import sys, signal\n"
        "from pathlib import Path\n"
        "from deploy.local.processes import *\n"
        "with open(sys.argv[1] + '/out', 'wb') as out:\n"
        "    child = launch(Launch(['sleep', '600'], out, signal.SIGKILL))\n"
        "write_identity(Path(sys.argv[1]) / 'pid', ProcessIdentity.of(child.pid))\n"
        "signal.pause()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    try:
        child = None
        while child is None and parent.poll() is None:
            child = read_identity(tmp_path / "pid")
        assert child is not None
        parent.kill()
        assert child.wait(20)
    finally:
        parent.kill()
        parent.wait()


def test_a_launched_program_gets_signals_that_we_block() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    try:
        with tempfile.TemporaryFile() as out:
            child = launch(Launch(["sleep", "600"], out, signal.SIGKILL))
        identity_of(child).end(seconds=20)
        assert child.wait() == -signal.SIGTERM
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
