"""Starting, stopping and asking after a stack from outside: what `nrm` and the demo use.

The supervisor is found by its identity (pid, start time, boot), so nobody else is ever signalled.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local import jurisdiction, parts
from deploy.local.buses import BROKER, HUB_BROKER, chosen_count
from deploy.local.buses import address_of as address_of_broker
from deploy.local.failures import NotReady, StackFailure, as_sentence
from deploy.local.java import java
from deploy.local.layout import REPOSITORY, StateFolder, read_json
from deploy.local.ports import LOOPBACK
from deploy.local.processes import ProcessIdentity, read_identity, write_whole
from deploy.local.topology import DOOR, Topology, read_topology
from deploy.observe.zipkin import ZIPKIN

UP_SECONDS = 180.0
SUPERVISOR_SECONDS = 30.0
DOWN_SECONDS = 60.0
RESTART_SECONDS = 40.0
POLL_SECONDS = 0.1
READY_POLL_SECONDS = 0.3  # each look asks every service
OBSERVER = "observe"  # the process beside the services that shows them
NO_PROXY = ("no_proxy", "NO_PROXY")  # libraries read the one or the other


@dataclass(frozen=True)
class Wish:
    """How the stack should be started."""

    state: StateFolder
    nodes_file: Path | None = None
    demo: bool = False
    observe: bool = False
    whole_nodes: bool = False
    """One process for each node, not for each service."""
    brokers: int | None = None
    """One for all buses, or two: the hub's beside the agencies'. None: as the state was made."""
    also: tuple[str, ...] = ()
    """Nodes on call that are wanted, too."""


def supervisor(state: StateFolder) -> ProcessIdentity | None:
    """Return the living supervisor of this state folder."""
    identity = read_identity(state.supervisor_identity)
    return identity if identity is not None and identity.alive() else None


def topology_of(state: StateFolder, nodes_file: Path | None = None) -> Topology:
    """Return the topology that the stack was started with."""
    stack = read_json(state.stack)
    told = stack.get("nodes_file")
    return read_topology(nodes_file or (Path(told) if told else None), stack.get("also", ()))


def start(wish: Wish) -> bool:
    """Start the supervisor unless it runs; tell whether it was started now."""
    if wish.observe and not wish.demo:
        raise StackFailure(
            "Zipkin asks nobody who they are, so only a demo's stack is observed: add --demo. In "
            "earnest set OTEL_EXPORTER_OTLP_ENDPOINT to a collector that does."
        )
    if supervisor(wish.state) is not None:
        _same_kind(wish)
        return False
    brokers = chosen_count(wish.state, wish.brokers)
    jurisdiction.wanted_profile()  # a wrong one is told before anything starts
    topology = read_topology(wish.nodes_file, wish.also)
    java()
    parts.kafka_libraries()
    if wish.observe:
        ZIPKIN.libraries()
    wish.state.make()
    wish.state.show_directory(topology.folder / "directory.yaml")
    wish.state.failure.unlink(missing_ok=True)
    wish.state.processes.unlink(missing_ok=True)
    if not wish.state.clock.exists():
        write_whole(wish.state.clock, "0")
    try:
        with wish.state.log_of("supervisor").open("ab") as log:
            subprocess.Popen(  # noqa: S603 - it outlives us on purpose and is found by identity
                _command(wish, brokers),
                cwd=REPOSITORY,
                env=direct_to_loopback(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
    except OSError as error:
        raise as_sentence(error, doing="the supervisor's log") from error
    wait_for_supervisor(wish.state)
    return True


def _command(wish: Wish, brokers: int) -> list[str]:
    command = [sys.executable, "-m", "deploy.local", "--state", str(wish.state.root)]
    command += ["--demo"] if wish.demo else []
    command += ["--observe"] if wish.observe else []
    command += ["--whole-nodes"] if wish.whole_nodes else []
    command += ["--brokers", str(brokers)]
    command += [f"--also={node}" for node in wish.also]
    command += ["--nodes", str(wish.nodes_file.absolute())] if wish.nodes_file else []
    return command


def direct_to_loopback(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment, with loopback out of the proxy's reach: spans would be told to the proxy."""
    before = [environment[name] for name in NO_PROXY if environment.get(name)]
    direct = ",".join([*before, LOOPBACK])
    return {**environment, **dict.fromkeys(NO_PROXY, direct)}


def wait_for_supervisor(state: StateFolder) -> None:
    """Wait until a supervisor has said who it is, or why it gave up."""
    deadline = time.monotonic() + SUPERVISOR_SECONDS
    while supervisor(state) is None and not state.failure.exists():
        if time.monotonic() > deadline:
            raise NotReady(f"The supervisor did not start: see {state.log_of('supervisor')}.")
        time.sleep(POLL_SECONDS)


def stop(state: StateFolder) -> bool:
    """Stop exactly this stack; tell whether one ran."""
    identity = supervisor(state)
    if identity is None:
        return False
    identity.send(signal.SIGTERM)
    if not identity.wait(DOWN_SECONDS):
        identity.send(signal.SIGKILL)  # its children are tied to its life
        identity.wait(DOWN_SECONDS)
    return True


def processes(state: StateFolder) -> dict[str, ProcessIdentity | None]:
    """Return who runs, by name: `kafka`, `postgres` and every `<node>.<service>`."""
    return {
        name: ProcessIdentity(**told["identity"]) if told.get("identity") else None
        for name, told in read_json(state.processes).items()
    }


def wait_for(state: StateFolder, ready: Callable[[], bool], seconds: float = UP_SECONDS) -> None:
    """Wait until something is ready; say why when the supervisor gave up before."""
    deadline = time.monotonic() + seconds
    while not ready():
        if supervisor(state) is None:
            raise StackFailure(why_it_stopped(state))
        if time.monotonic() > deadline:
            raise NotReady(
                f"The stack was not ready within {seconds:.0f} s: "
                "`nrm status` tells which part, `nrm logs` why."
            )
        time.sleep(READY_POLL_SECONDS)


def why_it_stopped(state: StateFolder) -> str:
    """Return the sentence that the supervisor left."""
    try:
        return state.failure.read_text()
    except FileNotFoundError:
        return f"The supervisor ended: see {state.log_of('supervisor')}."


def restart(state: StateFolder, name: str, *, seconds: float = RESTART_SECONDS) -> None:
    """Ask one process to stop and wait until the supervisor has started it anew."""
    before = processes(state).get(name)
    if supervisor(state) is None:
        raise StackFailure("Nothing runs here: start it with `nrm up`.")
    if before is None:
        raise StackFailure(f"{name} does not run: `nrm status` lists what does.")
    before.send(signal.SIGINT if name == "postgres" else signal.SIGTERM)
    if not before.wait(seconds):
        before.send(signal.SIGKILL)
    wait_for(state, lambda: _runs_anew(state, name, before), seconds)


def service_processes(state: StateFolder) -> list[str]:
    """Return one service of each process that has any; the servers are not among them."""
    told = read_json(state.processes)
    by_process = {told[name]["process"]: name for name, _ in addresses(state) if name in told}
    return list(by_process.values())


def kill(state: StateFolder, name: str) -> ProcessIdentity:
    """End one process at once (SIGKILL), as a crash would; the supervisor starts it again.

    One that just died, with another service of its process, is waited for.
    """
    killed: list[ProcessIdentity] = []

    def die() -> bool:
        identity = processes(state).get(name)
        if identity is not None and identity.send(signal.SIGKILL):
            killed.append(identity)
        return bool(killed)

    if name not in processes(state):
        raise StackFailure(f"{name} does not run: `nrm status` lists what does.")
    wait_for(state, die, RESTART_SECONDS)
    return killed[0]


def hold(state: StateFolder, name: str) -> None:
    """Stop one service and keep it stopped until `release`; a server is only not started again."""
    (state.held / name).touch()


def release(state: StateFolder, name: str) -> None:
    """Let a held service start again."""
    (state.held / name).unlink(missing_ok=True)


def arm(state: StateFolder, name: str, failpoint: str) -> None:
    """Let the next life of one service end at a named failpoint (only in a demo's stack)."""
    state.failpoint_of(name).write_text(failpoint)


def addresses(state: StateFolder) -> Iterator[tuple[str, str]]:
    """Return the address of every service, by name."""
    for name, port in read_json(state.stack).get("ports", {}).items():
        yield name, f"http://{LOOPBACK}:{port}"


def desks(state: StateFolder) -> dict[str, str]:
    """Return the address of every node's pages, by name: `<node>.console`."""
    ports = read_json(state.stack).get("desks", {})
    return {name: f"http://{LOOPBACK}:{port}" for name, port in ports.items()}


@dataclass(frozen=True)
class Observed:
    """The addresses of the two pages of an observed stack."""

    numbers: str
    traces: str


def observed_at(state: StateFolder) -> Observed | None:
    """Return where the stack can be looked at, None when it is not observed."""
    told = read_json(state.stack).get("observe")
    if not told:
        return None
    numbers, traces = (f"http://{LOOPBACK}:{told[each]}/" for each in ("bridge", "zipkin"))
    return Observed(numbers, f"{traces}zipkin/")


def address_of(state: StateFolder, node: str, service: str) -> str:
    """Return where one service of a node listens, or the node's broker as `host:port`."""
    if supervisor(state) is None:
        raise StackFailure("Nothing runs here: start it with `nrm up`.")
    nodes = topology_of(state).file.nodes
    if node not in nodes:
        raise StackFailure(f"There is no node {node!r}. There are: {', '.join(nodes)}.")
    everywhere = {**dict(addresses(state)), **desks(state)}
    there = {name: at for name, at in everywhere.items() if name.startswith(f"{node}.")}
    own_bus = f"{node}.{DOOR}" in there
    there[f"{node}.{BROKER}"] = address_of_broker(state, BROKER if own_bus else HUB_BROKER)
    at = there.get(f"{node}.{service}")
    if at is None:
        known = ", ".join(name.removeprefix(f"{node}.") for name in there)
        raise StackFailure(f"There is no {service!r} in {node}. There are: {known}.")
    if not at:
        raise NotReady("The broker has no address yet: `nrm status` tells when it is ready.")
    return at


def _runs_anew(state: StateFolder, name: str, before: ProcessIdentity) -> bool:
    now = processes(state).get(name)
    return now is not None and now != before


def _same_kind(wish: Wish) -> None:
    chosen_count(wish.state, wish.brokers)
    jurisdiction.must_be_the_wanted(wish.state)
    if wish.demo and not read_json(wish.state.stack).get("demo", wish.demo):
        raise StackFailure(
            "The stack runs without the demo's clock: run `nrm down`, then `nrm up --demo`."
        )
    if wish.whole_nodes and not read_json(wish.state.stack).get("whole_nodes", False):
        raise StackFailure(
            "The stack runs a process for each service: `nrm down`, then `nrm up --whole-nodes`."
        )
    if absent := sorted(set(wish.also) - set(read_json(wish.state.stack).get("also", ()))):
        raise StackFailure(
            f"The stack runs without {', '.join(absent)}: run `nrm down`, then this again."
        )
    if wish.observe and observed_at(wish.state) is None:
        raise StackFailure("The stack runs unobserved: run `nrm down`, then `make observe`.")
