"""Ways to break a running server or process for a while; each is whole again afterwards."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deploy.demo.stage import Stage
from deploy.local import control
from tests.support.stack import wait_until_ready

SPARE_MEGABYTES = 48
MEGABYTE = 1024 * 1024
DOWN_SECONDS = 60.0


@contextmanager
def away(stage: Stage, name: str) -> Iterator[None]:
    """A server is not there at all."""
    control.hold(stage.state, name)
    try:
        control.kill(stage.state, name).wait(DOWN_SECONDS)
        yield
    finally:
        control.release(stage.state, name)
    control.wait_for(stage.state, lambda: control.processes(stage.state)[name] is not None)


@contextmanager
def stopped(stage: Stage, name: str) -> Iterator[None]:
    """A process, with all its children, does not move: it holds its connections and locks."""
    identity = control.processes(stage.state)[name]
    assert identity is not None, f"{name} does not run"
    family = [identity.pid, *_children(identity.pid)]
    _send(family, signal.SIGSTOP)
    try:
        yield
    finally:
        _send(family, signal.SIGCONT)


def _children(pid: int) -> list[int]:
    """Every process below, as /proc tells."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError, ValueError):
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            parents.setdefault(parent, []).append(int(path.parent.name))
    found, left = [], [pid]
    while left:
        children = parents.get(left.pop(), [])
        found += children
        left += children
    return found


def _send(family: list[int], number: signal.Signals) -> None:
    for pid in family:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


@contextmanager
def on_a_small_disk(stage: Stage, name: str) -> Iterator[Path]:
    """The server's folder is on a file system of its own with little room; yields the folder."""
    folder = stage.state.root / name
    keep = stage.state.root / f"{name}-kept"
    with away(stage, name):
        _copy(folder, keep)
        size = _size(keep) // MEGABYTE + SPARE_MEGABYTES
        _mount("mount", "-t", "tmpfs", "-o", f"size={size}m,mode=0755", "tmpfs", str(folder))
        _copy(keep, folder)
    wait_until_ready(stage.state)
    try:
        yield folder
    finally:
        (folder / BALLOON).unlink(missing_ok=True)
        with away(stage, name):
            shutil.rmtree(keep)
            _copy(folder, keep)
            _mount("umount", str(folder))
            _copy(keep, folder)
            shutil.rmtree(keep)


BALLOON = "balloon"


def fill(folder: Path) -> None:
    """Take all the room that is left."""
    with (folder / BALLOON).open("wb", buffering=0) as balloon, suppress(OSError):
        while balloon.write(b"\0" * MEGABYTE):
            pass


def _size(folder: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def _copy(source: Path, target: Path) -> None:
    """Everything with its owners and times, sockets too."""
    target.mkdir(exist_ok=True)
    subprocess.run(["cp", "-a", f"{source}/.", str(target)], check=True)


def _mount(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (
        f"{command[0]} failed: this test mounts a small file system, which only root may: "
        f"{done.stderr.strip()}"
    )
