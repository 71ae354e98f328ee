"""The supervisor: one process that starts the stack, restarts what dies, and never gives up.

It has one thread, no loop and no connection, because it forks: whatever it opened before would be
shared by all. It lives in its own session; when it ends, however it ends, its children end too.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from deploy.local import buses, children, jurisdiction, logfiles, ports, room
from deploy.local.buses import ONE
from deploy.local.control import OBSERVER
from deploy.local.credentials import make_credentials
from deploy.local.failures import DiskFull, PortTaken, StackFailure
from deploy.local.keys import make_keys
from deploy.local.layout import StateFolder, read_json, write_json
from deploy.local.postgres import PostgresServer
from deploy.local.processes import ProcessIdentity, write_identity
from deploy.local.server import Server
from deploy.local.setting_up import set_up
from deploy.local.settings_for import Stack, environment_of
from deploy.local.tokens import make_tokens
from deploy.local.topology import Process, Topology, read_topology
from deploy.local.watched import Watched

TICK_SECONDS = 0.2
STOP_SECONDS = 25.0  # longer than a service takes to stop, cancel and close its parts
LOG_CHECK_SECONDS = 5.0
SETUP = "setup"
ENDED_WELL, FAILED, ALREADY_RUNS = 0, 1, 3
STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True)
class Orders:
    """How the stack was asked to start."""

    state: StateFolder
    nodes_file: Path | None
    demo: bool = False
    observe: bool = False
    whole_nodes: bool = False
    brokers: int = ONE
    dies_with: ProcessIdentity | None = None
    """Whose end ends the stack too; without one it lives until it is told to stop."""
    also: tuple[str, ...] = ()
    """Nodes on call that were asked for."""


class Supervisor:
    """Everything that runs, by name, and the one loop that keeps it running."""

    def __init__(self, orders: Orders, lock: IO[str]) -> None:
        """Prepare; nothing is started yet."""
        self.state, self.demo, self.nodes_file = orders.state, orders.demo, orders.nodes_file
        self.topology: Topology = read_topology(orders.nodes_file, orders.also)
        self.also = orders.also
        self.brokers = buses.servers(self.state, orders.brokers)
        self.postgres = PostgresServer(self.state.postgres)
        self.lock, self.dies_with = lock, orders.dies_with
        self.servers: dict[str, Server] = {"postgres": self.postgres, **self.brokers}
        self.programs: children.Programs | None = None
        self.whole_nodes = orders.whole_nodes
        services = self.topology.processes(whole_nodes=orders.whole_nodes)
        desks = (Process(unit.name, (unit,)) for unit in self.topology.desks)
        self.processes = (*services, *desks)
        self.watched = {process.name: Watched(process.name) for process in self.processes}
        self.observer = Watched(OBSERVER) if orders.observe else None
        self.observer_ports: dict[str, int] | None = None
        self.watched_servers = {name: Watched(name) for name in self.servers}
        self.stopping = False
        self._written: object = None
        self._logs_checked = 0.0
        self._failing: dict[str, str] = {}

    def run(self) -> None:
        """Start everything, keep it running until told to stop, stop everything."""
        try:
            self._start_servers()
            self._prepare_services()
            while not self.stopping:
                self._tick()
                self._wait(TICK_SECONDS)
        finally:
            self._stop_everything()

    def _start_servers(self) -> None:
        make_keys(self.state, self.topology)  # first: tokens tell that a node had its key
        make_tokens(self.state, self.topology)
        for name, server in self.servers.items():
            server.stop()  # what a killed supervisor may have left for a moment
            server.prepare()
            self.watched_servers[name].started(server.spawn())
        stack = read_json(self.state.stack)
        before = {**stack.get("ports", {}), **stack.get("desks", {})}
        chosen: dict[str, int] = {}
        for unit in (*self.topology.units, *self.topology.desks):
            wanted = before.get(unit.name)
            chosen[unit.name] = ports.keep_or_choose(wanted, avoid=chosen.values())
        self.service_ports = chosen
        if self.observer is not None:
            self.observer_ports = self._observer_ports(chosen.values())
        self._write_stack()

    def _prepare_services(self) -> None:
        """Set up in a child while this process imports the services."""
        pid = self._fork(SETUP, self._set_up)
        self.programs = children.import_services(self.topology)
        gc.collect()
        gc.freeze()
        while True:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                break
            if self.stopping:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                return
            self._try("the servers", self._keep_servers)
            self._wait(TICK_SECONDS)
        if status:
            told = self.state.failure.exists()
            raise StackFailure(
                self.state.failure.read_text()
                if told
                else f"The set-up failed: see {self.state.log_of(SETUP)}."
            )

    def _set_up(self) -> None:
        try:
            set_up(self.state, self.topology, self.brokers)
        except StackFailure as failure:
            self.state.failure.write_text(str(failure))
            raise SystemExit(FAILED) from failure

    def _tick(self) -> None:
        """One look at everything; what fails in one step keeps no other from being done."""
        self._try("the servers", self._keep_servers)
        for process in self.processes:
            self._try(process.name, partial(self._keep_process, process))
        if self.observer is not None:
            self._try(OBSERVER, partial(self._keep, self.observer, self._run_observer))
        self._try("the list of processes", self._write_processes)
        self._try("the logs", self._bound_logs)

    def _try(self, what: str, step: Callable[[], None]) -> None:
        """Do one step; a full disk or a refused fork is said once, and tried again."""
        try:
            step()
        except (StackFailure, OSError) as failure:
            sentence = f"{what}: {failure}"
            if self._failing.get(what) != sentence:
                self._failing[what] = sentence
                self._say(sentence)
        else:
            self._failing.pop(what, None)

    def _bound_logs(self) -> None:
        if time.monotonic() - self._logs_checked > LOG_CHECK_SECONDS:
            self._logs_checked = time.monotonic()
            outputs = [server.output for server in self.servers.values()]
            logfiles.bound_all(self.state.logs, *outputs)
            room.keep_reserve(self.state)

    def _keep_process(self, process: Process) -> None:
        """Keep one process running, unless somebody holds one of its services."""
        watched = self.watched[process.name]
        watched.held = any((self.state.held / unit.name).exists() for unit in process.units)
        self._keep(watched, lambda: self._run_process(process))

    def _keep(self, watched: Watched, run: Callable[[], None]) -> None:
        """Reap, hold or start one child of ours."""
        if watched.identity is not None:
            done, status = os.waitpid(watched.identity.pid, os.WNOHANG)
            if done:
                watched.ended(os.waitstatus_to_exitcode(status))
        if watched.held and watched.identity is not None:
            watched.ask_to_stop(STOP_SECONDS)
        elif watched.due():
            try:
                pid = self._fork(watched.name, run)
            except OSError:
                watched.tried_in_vain()
                raise
            watched.started(ProcessIdentity.of(pid))

    def _run_process(self, process: Process) -> None:
        if self.programs is None:
            raise StackFailure("The services are not imported yet.")
        environment: dict[str, str] = {}
        for unit in process.units:
            environment |= environment_of(self._stack(), unit)
            armed = self.state.failpoint_of(unit.name)
            if self.demo and armed.exists():  # for the next life only
                environment["NRM_FAILPOINT"] = armed.read_text().strip()
                armed.unlink()
        os.environ.update(environment)
        self.programs.run(process, environment)

    def _observer_ports(self, taken: Iterable[int]) -> dict[str, int]:
        before = read_json(self.state.stack).get("observe") or {}
        bridge = ports.keep_or_choose(before.get("bridge"), avoid=taken)
        zipkin = ports.keep_or_choose(before.get("zipkin"), avoid=[*taken, bridge])
        return {"bridge": bridge, "zipkin": zipkin}

    def _run_observer(self) -> None:
        from deploy.observe import program  # noqa: PLC0415 - only who observes needs it

        if self.observer_ports is not None:
            program.run(self.state, **self.observer_ports)

    def _keep_servers(self) -> None:
        for name, server in self.servers.items():
            watched = self.watched_servers[name]
            watched.held = (self.state.held / name).exists()
            if watched.identity is not None and not server.running():
                watched.ended(FAILED)
                if watched.held:
                    continue
                why = server.why_not_ready()
                known = isinstance(why, (PortTaken, DiskFull))
                watched.why = str(why)
                self._say(str(why) if known else f"{name} ended and is started again.")
            if watched.held and watched.identity is not None:
                watched.ask_to_stop(STOP_SECONDS, server.STOP_SIGNAL)
            elif watched.due():
                self._restart_server(name, server)

    def _restart_server(self, name: str, server: Server) -> None:
        watched = self.watched_servers[name]
        try:
            server.prepare()
            watched.started(server.spawn())
        except (StackFailure, OSError) as failure:
            watched.tried_in_vain()
            watched.why = str(failure)
            self._say(str(failure))
            return
        if server.moved_from is not None:
            self._say(f"{name} moved: port {server.moved_from} was taken by another program.")
            for watched_one in self.watched.values():  # they know the old address
                watched_one.ask_to_stop(STOP_SECONDS)
            self._write_stack()

    def _wait(self, seconds: float) -> None:
        """Sleep until something happened: a child ended, or somebody asks to stop."""
        told = signal.sigtimedwait(children.WATCHED, seconds)
        if told is not None and told.si_signo in STOPPING:
            self.stopping = True
        if self.dies_with is not None and not self.dies_with.alive():
            self.stopping = True

    def _stop_everything(self) -> None:
        self.stopping = True
        children_of_ours = [*self.watched.values(), *([self.observer] if self.observer else [])]
        living = [child.identity for child in children_of_ours if child.identity is not None]
        for identity in living:
            identity.send(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for identity in living:
            if not identity.wait(max(0.0, deadline - time.monotonic())):
                identity.send(signal.SIGKILL)
                identity.wait(STOP_SECONDS)
        for identity in living:
            os.waitpid(identity.pid, 0)
        for server in reversed(self.servers.values()):
            server.stop()
        self.state.processes.unlink(missing_ok=True)

    def _fork(self, name: str, run: Callable[[], None]) -> int:
        return children.fork(self.state.log_of(name), (self.lock.fileno(),), run)

    def _stack(self) -> Stack:
        return Stack(
            state=self.state,
            topology=self.topology,
            database=self.postgres,
            credentials=make_credentials(self.state, self.topology),
            buses=buses.buses_of(self.brokers),
            service_ports=self.service_ports,
            demo=self.demo,
            bridge_port=self.observer_ports["bridge"] if self.observer_ports else None,
        )

    def _write_stack(self) -> None:
        addresses = buses.buses_of(self.brokers)
        write_json(
            self.state.stack,
            {
                "brokers": len(self.brokers),
                "bootstrap": addresses.local,
                "hub_bootstrap": addresses.hub,
                "database_port": self.postgres.port,
                "ports": {unit.name: self.service_ports[unit.name] for unit in self.topology.units},
                "desks": {desk.name: self.service_ports[desk.name] for desk in self.topology.desks},
                "observe": self.observer_ports,
                "nodes": {name: card.kind for name, card in self.topology.file.nodes.items()},
                "demo": self.demo,
                "profile": jurisdiction.wanted_profile() or jurisdiction.DEFAULT,
                "whole_nodes": self.whole_nodes,
                "nodes_file": str(self.nodes_file.absolute()) if self.nodes_file else None,
                "also": list(self.also),
            },
        )

    def _write_processes(self) -> None:
        everything = {
            unit.name: self.watched[process.name]
            for process in self.processes
            for unit in process.units
        }
        everything |= self.watched_servers
        if self.observer is not None:
            everything[OBSERVER] = self.observer
        current = {name: watched.told() for name, watched in everything.items()}
        if current != self._written:
            write_json(self.state.processes, current)
            self._written = current

    def _say(self, sentence: str) -> None:
        with contextlib.suppress(OSError):  # its log may be on the full disk
            sys.stderr.write(f"{sentence}\n")
            sys.stderr.flush()


def supervise(orders: Orders) -> int:
    """Be the one supervisor of this state folder; return the exit code."""
    orders.state.make()
    with orders.state.supervisor_lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return ALREADY_RUNS
        signal.pthread_sigmask(signal.SIG_BLOCK, children.WATCHED)
        identity = ProcessIdentity.of(os.getpid())
        if identity is not None:
            write_identity(orders.state.supervisor_identity, identity)
        orders.state.failure.unlink(missing_ok=True)
        try:
            Supervisor(orders, lock).run()
        except StackFailure as failure:
            orders.state.failure.write_text(str(failure))
            return FAILED
        finally:
            orders.state.supervisor_identity.unlink(missing_ok=True)
    return ENDED_WELL
