"""Who a process is, and ending exactly that one.

A pid alone is not an identity: it is reused. An identity is pid, start time and boot; a signal goes
through a pidfd that was opened before the identity was checked, so it can hit nobody else.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
STATE_FIELD, STARTED_FIELD = 0, 19  # of /proc/<pid>/stat, counted after the closing bracket


@dataclass(frozen=True)
class ProcessIdentity:
    """One process and no other: pid, start time in clock ticks since boot, and the boot."""

    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity | None:
        """Return the identity of a living process, None when there is none."""
        fields = _stat_fields(pid)
        if fields is None or fields[STATE_FIELD] in ("Z", "X"):
            return None
        return cls(pid=pid, started=int(fields[STARTED_FIELD]), boot=_boot())

    def alive(self) -> bool:
        """Whether this very process still runs (a zombie does not)."""
        return ProcessIdentity.of(self.pid) == self

    def send(self, number: signal.Signals) -> bool:
        """Send a signal to this very process; False when it is gone."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return False
        try:
            if not self.alive():
                return False
            signal.pidfd_send_signal(descriptor, number)
        except ProcessLookupError:
            return False
        finally:
            os.close(descriptor)
        return True

    def wait(self, seconds: float) -> bool:
        """Wait until the process has ended; False when it still runs after the time."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            if not self.alive():
                return True
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            return bool(poll.poll(max(0, int(seconds * 1000))))
        finally:
            os.close(descriptor)

    def end(self, *, gently: signal.Signals = signal.SIGTERM, seconds: float = 10.0) -> None:
        """Ask it to stop, wait, and kill it when it does not."""
        if self.send(gently) and not self.wait(seconds):
            self.send(signal.SIGKILL)
            self.wait(seconds)


def write_identity(path: Path, identity: ProcessIdentity) -> None:
    """Record who was started, in one step, so that a reader never sees half of it."""
    write_whole(path, json.dumps(asdict(identity)))


def read_identity(path: Path) -> ProcessIdentity | None:
    """Return the recorded identity, None when there is no readable record."""
    try:
        return ProcessIdentity(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def write_whole(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write a file so that readers see the old or the new text, and only the owner can read it."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        beside.rename(path)
    except OSError:
        with suppress(FileNotFoundError):
            beside.unlink()
        raise


@dataclass(frozen=True)
class Launch:
    """How to start a program that must not outlive the one that started it."""

    command: Sequence[str | os.PathLike[str]]
    output: IO[bytes]
    death_signal: signal.Signals
    environment: Mapping[str, str] | None = None
    user: tuple[int, int] | None = None  # uid, gid
    folder: Path | None = None


def launch(plan: Launch) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own that dies with this process.

    Only the main thread ties a life to its own: the kernel watches the thread that forked, and a
    worker thread that ends would take the program with it.
    """
    tied = threading.current_thread() is threading.main_thread()
    parent = os.getpid()

    def in_child() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, [])  # the supervisor blocks what it waits for
        if plan.user is not None:
            os.setgroups([])
            os.setgid(plan.user[1])
            os.setuid(plan.user[0])
        if tied:  # after the change of user, which clears it
            die_with_parent(parent, plan.death_signal)

    return subprocess.Popen(  # noqa: S603 - the commands are ours
        [os.fspath(word) for word in plan.command],
        stdin=subprocess.DEVNULL,
        stdout=plan.output,
        stderr=subprocess.STDOUT,
        env=dict(plan.environment) if plan.environment is not None else None,
        cwd=plan.folder,
        start_new_session=True,
        preexec_fn=in_child,  # noqa: PLW1509 - our callers fork before they make threads
    )


def die_with_parent(parent: int, number: signal.Signals) -> None:
    """In a fresh child: ask the kernel to signal us when the parent ends, however it ends."""
    if sys.platform != "linux":
        return
    _libc().prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if os.getppid() != parent:  # it ended before we asked
        os.kill(os.getpid(), number)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _stat_fields(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()
