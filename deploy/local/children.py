"""A service process: forked from the supervisor after the imports, before any loop or thread.

The child gets its own variables and log, forgets the supervisor's signals and files, and dies with
it. Nothing here may import a service: the module comes in already imported.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType

from contracts.vocabulary import code_lists
from deploy import node
from deploy.local.failures import StackFailure
from deploy.local.processes import die_with_parent
from deploy.local.topology import Process, Topology, Unit

CRASHED = 70
LATE = (
    "holidays.countries",  # some 250 modules, for the calendar of one country
    "pydantic.v1",
    "uvicorn.lifespan.off",
    "uvicorn.protocols.http.auto",
)
"""What libraries import only when they are used: once here is once instead of in every child."""
WATCHED = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True)
class Programs:
    """The imported services: what to run for each unit."""

    main: Callable[..., None]
    modules: Mapping[str, tuple[ModuleType, ModuleType]]  # by unit: main, settings

    def run(self, process: Process, environment: Mapping[str, str]) -> None:
        """Run one service, or a whole node, to its end in this process."""
        services = [self._service(unit) for unit in process.units]
        if len(services) == 1:
            self.main(services[0].build, services[0].settings_class, environment)
        else:
            node.run(process.name, services, environment)

    def _service(self, unit: Unit) -> node.Service:
        program, settings = self.modules[unit.name]
        return node.Service(program.build, settings.Settings)


def import_services(topology: Topology) -> Programs:
    """Import every service once; a module that cannot be imported is told by name."""
    modules = {}
    for unit in (*topology.units, *topology.desks):
        modules[unit.name] = (_import(unit.module), _import(unit.settings_module))
    for name in LATE:
        _import(name)
    code_lists()  # a file that every child would read
    return Programs(main=_import("services.chassis.runnable").run, modules=modules)


def fork(log: Path, closing: tuple[int, ...], run: Callable[[], None]) -> int:
    """Fork a child that runs this and ends; return its pid to the parent."""
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = CRASHED
    try:
        _become_child(parent, log, closing)
        code = _run(run)
    finally:
        os._exit(code)


def _run(run: Callable[[], None]) -> int:
    code = 0
    try:
        run()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException as error:  # noqa: BLE001 - the child ends here, with a place and no value
        places = traceback.extract_tb(error.__traceback__)[-3:]
        where = " < ".join(f"{Path(at.filename).name}:{at.lineno}" for at in reversed(places))
        print(f"ended by {type(error).__name__} at {where}", file=sys.stderr)  # noqa: T201
        code = CRASHED
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    return code


def _become_child(parent: int, log: Path, closing: tuple[int, ...]) -> None:
    os.setpgid(0, 0)
    for number in WATCHED:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, _interrupted)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    die_with_parent(parent, signal.SIGKILL)
    for descriptor in closing:
        os.close(descriptor)
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(nothing)
    os.close(output)


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:
        missing = f" ({error.name})" if isinstance(error, ModuleNotFoundError) else ""
        raise StackFailure(
            f"{name} cannot be imported: {type(error).__name__}{missing}. "
            f"Run `python -c 'import {name}'` to see where."
        ) from error
