"""Job 4: all service processes of the real embedded stack, from the first fork to all ready.

The stack is brought up once by its own supervisor (which imports once and sets up databases and
topics); then, round by round, every service is held and released, so that all processes are forked
anew while the servers stay. The clock starts at the first fork: the import is done by then.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks.figures import Figures, Goal, Side
from benchmarks.jobs import Job, Setting
from benchmarks.wait import until
from deploy.local import control
from deploy.local.layout import StateFolder, read_json
from deploy.local.processes import ProcessIdentity

UP_SECONDS: Final = 180.0
LOOK_SECONDS: Final = 0.1
"""Asking costs the services CPU, too: a finer look would slow down what it measures."""
FIRST_LOOK_SECONDS: Final = 1.0
ASK_SECONDS: Final = 2.0


def _state(folder: Path, name: str) -> StateFolder:
    return StateFolder(folder / name)


@contextmanager
def stopping(folder: Path) -> Iterator[None]:
    """Whatever stack was brought up in this folder is stopped at the end."""
    try:
        yield
    finally:
        for name in (OURS, WHOLE):
            control.stop(_state(folder, FOLDERS[name]))


def forked(setting: Setting) -> Figures:
    """Hold every service, release all at once, wait until each one says that it is ready."""
    return _measured(_state(setting.servers.folder, FOLDERS[OURS]), whole_nodes=False)


def whole(setting: Setting) -> Figures:
    """The same with one process for each node."""
    return _measured(_state(setting.servers.folder, FOLDERS[WHOLE]), whole_nodes=True)


def _measured(state: StateFolder, *, whole_nodes: bool) -> Figures:
    if control.start(control.Wish(state=state, whole_nodes=whole_nodes)):
        asyncio.run(_ready(state, every=FIRST_LOOK_SECONDS))
    try:
        return asyncio.run(_forked(state))
    finally:
        control.stop(state)  # what idles would cost the other one's time


async def _forked(state: StateFolder) -> Figures:
    names = _names(state)
    for name in names:
        control.hold(state, name)
    await until(lambda: not any(_living(state).values()), every=0.05)
    for name in names:
        control.release(state, name)
    ended = await _ready(state)
    told = read_json(state.processes)
    first = min(told[name]["since"] for name in names)
    living = {name: identity for name, identity in _living(state).items() if identity}
    pids = sorted({identity.pid for identity in living.values()})
    supervisor = control.supervisor(state)
    return {
        "seconds": ended - first,
        "processes": float(len(pids)),
        "cpu_s": sum(_cpu_seconds(pid) for pid in pids),
        "pss_mb": sum(_pss_megabytes(pid) for pid in pids),
        "supervisor_pss_mb": _pss_megabytes(supervisor.pid) if supervisor else 0.0,
    }


def _names(state: StateFolder) -> list[str]:
    return [name for name, _address in control.addresses(state)]


def _living(state: StateFolder) -> Mapping[str, ProcessIdentity | None]:
    told = control.processes(state)
    return {name: told.get(name) for name in _names(state)}


async def _ready(state: StateFolder, *, every: float = LOOK_SECONDS) -> float:
    """Ask each service until it is ready, and no longer; the wall time of the last answer."""
    await until(lambda: bool(_names(state)), every=0.05, seconds=UP_SECONDS)
    answers = [_answer(address, every) for _name, address in control.addresses(state)]
    return max(await asyncio.gather(*answers))


async def _answer(address: str, every: float) -> float:
    async def ready() -> bool:
        return await _says_ready(address)

    await until(ready, every=every, seconds=UP_SECONDS)
    return time.time()


async def _says_ready(address: str) -> bool:
    """One bare request: a client library would cost more than the answer."""
    where = urlsplit(address)
    try:
        async with asyncio.timeout(ASK_SECONDS):
            reader, writer = await asyncio.open_connection(where.hostname, where.port)
            try:
                writer.write(b"GET /health/ready HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                return (await reader.readline()).split(b" ")[1:2] == [b"200"]
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False


def _cpu_seconds(pid: int) -> float:
    fields: list[Any] = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _pss_megabytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


OURS: Final = "ours, a process for each service"
WHOLE: Final = "ours, a process for each node"
FOLDERS: Final = {OURS: "stack", WHOLE: "whole"}

JOB: Final = Job(
    name="start",
    title="Start of all service processes, from the first fork to all ready",
    alternatives={OURS: forked, WHOLE: whole},
    goals=(
        Goal(
            sentence="seconds until all are ready",
            of=Side(OURS, "seconds"),
            wanted="at most",
            limit=3,
        ),
    ),
    limits={
        OURS: "CPU of all processes on the machine's cores: connections and logins to PostgreSQL, "
        "a group join per consumer, the routes of each web part.",
        WHOLE: "the same work of one node's services in one interpreter, one after another.",
    },
    rounds=5,
)
