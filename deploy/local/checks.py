"""What usually goes wrong on a machine, looked at one by one, each with one action.

A check looks and never repairs; what it found holds no value of a person and no secret.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from deploy.local import broker_admin, buses, control, databases, readiness, topics
from deploy.local.buses import Buses
from deploy.local.credentials import make_credentials
from deploy.local.failures import StackFailure
from deploy.local.java import OLDEST_JAVA, java_version
from deploy.local.keys import key_path
from deploy.local.layout import StateFolder
from deploy.local.postgres import PostgresServer
from deploy.local.tokens import token_path
from deploy.local.topology import Topology, Unit
from services.chassis.cipher import KeyRing
from services.chassis.database import check_revision
from services.chassis.errors import NrmError
from services.chassis.own_key import SELECT_PROBES, opens

FREE_BYTES = 2**30
SKEW_SECONDS = 5.0
ANSWER_SECONDS = 5.0
RECORDS_LOOKED_AT = 100
RESTORE_KEY = (
    "put the node's key file back from its backup, chmod 600, then `nrm restart` its services:"
    " with another key nothing opens that is sealed"
)
OFFSETS_TOPIC = "__consumer_offsets"
EACH = "1"  # flushed after each record
MURMUR2 = {  # what Kafka's own partitioner answers, for 4 partitions
    b"21": 0,
    b"foobar": 2,
    b"abc": 3,
}


@dataclass(frozen=True)
class Finding:
    """One check: what was looked at, whether it is well, what was seen, what to do."""

    name: str
    well: bool
    seen: str
    action: str = ""


@dataclass(frozen=True)
class Patient:
    """The stack that is looked at."""

    state: StateFolder
    topology: Topology

    @property
    def buses(self) -> Buses:
        """Return the addresses of brokers that answer."""
        addresses = buses.told(self.state)
        for address in addresses.brokers:
            if not address or not broker_admin.answers(address, seconds=ANSWER_SECONDS):
                raise StackFailure("the broker does not answer")
        return addresses


Check = Callable[[Patient], Finding]


def examine(patient: Patient) -> Iterator[Finding]:
    """Run every check; one that fails by itself is a finding too."""
    for name, check in CHECKS.items():
        try:
            yield check(patient)
        except (StackFailure, NrmError) as failure:
            yield Finding(name, False, str(failure), "`nrm up`; then `nrm logs`")
        except (OSError, asyncpg.PostgresError) as failure:
            yield Finding(name, False, type(failure).__name__, "`nrm status`, then `nrm up`")


def _programs(_patient: Patient) -> Finding:
    major = java_version()
    well = major is not None and major >= OLDEST_JAVA
    return Finding("programs", well, f"Java {major}", "" if well else "install Java 17 or newer")


def _disk(patient: Patient) -> Finding:
    folder = patient.state.root
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    well = free > FREE_BYTES
    seen = f"{free / 2**30:.1f} GiB free"
    return Finding("disk", well, seen, "" if well else "free at least 1 GiB for the state folder")


def _services(patient: Patient) -> Finding:
    if control.supervisor(patient.state) is None:
        return Finding("services", False, "nothing runs", "`nrm up`")
    unready = readiness.unready(patient.state)
    if unready:
        return Finding("services", False, f"not ready: {', '.join(unready)}", "`nrm logs NAME`")
    return Finding("services", True, f"{len(patient.topology.units)} ready")


def _broker(patient: Patient) -> Finding:
    flushes = [_flush_of_offsets(address) for address in patient.buses.brokers]
    flush = next((each for each in flushes if each != EACH), EACH)
    well = flush == EACH
    action = "" if well else "`nrm down`, then `nrm up`: the broker runs with other settings"
    return Finding("broker", well, f"answers; offsets flushed every {flush}", action)


def _flush_of_offsets(address: str) -> str:
    offsets = broker_admin.describe(address, [OFFSETS_TOPIC]).get(OFFSETS_TOPIC)
    return offsets.settings.get("flush.messages", "") if offsets else EACH


def _topics(patient: Patient) -> Finding:
    wanted = topics.wanted_topics(patient.topology)
    shares = patient.buses.shares(wanted).items()
    wrong = [each for address, share in shares for each in topics.differences(address, share)]
    if wrong:
        return Finding("topics", False, "; ".join(wrong[:3]), "`nrm down`, then `nrm up`")
    return Finding("topics", True, f"{len(wanted)} as their cards say")


def _schemas(patient: Patient) -> Finding:
    missing = asyncio.run(databases.missing_schemas(_server(patient), patient.topology))
    if missing:
        return Finding("schemas", False, f"missing: {', '.join(missing[:3])}", "`nrm migrate`")
    return Finding("schemas", True, f"{len(patient.topology.units)} there")


def _revisions(patient: Patient) -> Finding:
    asyncio.run(_check_revisions(patient))
    return Finding("revisions", True, "every schema at the newest")


async def _check_revisions(patient: Patient) -> None:
    credentials = make_credentials(patient.state, patient.topology)
    for unit in patient.topology.units:
        connection = await asyncpg.connect(
            credentials.unit_url(_server(patient), unit),
            server_settings={"search_path": unit.schema},
        )
        try:
            await check_revision(connection, unit.schema, _migrations(unit))
        finally:
            await connection.close()


def _clock(patient: Patient) -> Finding:
    try:
        float(patient.state.clock.read_text())
    except ValueError:
        return Finding("clock", False, "no offset in the clock file", "write 0 into it")
    ahead = max(path.stat().st_mtime for path in patient.state.root.iterdir()) - time.time()
    if ahead > SKEW_SECONDS:
        seen = f"files are {ahead:.0f} s in the future"
        return Finding("clock", False, seen, "set the machine's clock, then `nrm restart` all")
    return Finding("clock", True, "offset readable, no file in the future")


def _keys(patient: Patient) -> Finding:
    if not patient.state.keys.is_dir():
        return Finding("keys", False, "no key was made yet", "`nrm up` makes them")
    wrong = [seen for node in patient.topology.file.nodes if (seen := _key_wrong(patient, node))]
    if wrong:
        return Finding("keys", False, "; ".join(wrong[:3]), RESTORE_KEY)
    tokens = [
        token_path(patient.state, node, caller)
        for node in patient.topology.file.nodes
        for caller in patient.topology.file.callers
    ]
    if missing := [path for path in tokens if not path.is_file()]:
        seen = f"{len(missing)} tokens are missing, the first of {missing[0].parent.name}"
        return Finding("keys", False, seen, "`nrm down`, then `nrm up`: it makes them anew")
    if any(_others_read(path) for path in tokens):
        return Finding("keys", False, "others can read tokens", "chmod 600 the tokens' files")
    foreign = asyncio.run(_foreign_keys(patient))
    if foreign:
        seen = f"not the key that sealed: {', '.join(foreign[:3])}"
        return Finding("keys", False, seen, RESTORE_KEY)
    return Finding("keys", True, "every key opens, nobody else reads keys and tokens")


def _key_wrong(patient: Patient, node: str) -> str:
    """What is wrong with the key file of a node, as a sentence; empty when nothing is."""
    path = key_path(patient.state, node)
    if not path.is_file():
        return f"the key file of {node} is missing"
    try:
        KeyRing.from_file(path)
    except NrmError as wrong:
        return f"{node}: {wrong}"
    return ""


async def _foreign_keys(patient: Patient) -> list[str]:
    """The services whose kept probe does not open with the key file of their node."""
    credentials = make_credentials(patient.state, patient.topology)
    foreign = []
    for unit in patient.topology.units:
        connection = await asyncpg.connect(
            credentials.unit_url(_server(patient), unit),
            server_settings={"search_path": unit.schema},
        )
        try:
            probes = await connection.fetch(SELECT_PROBES)
        finally:
            await connection.close()
        if not opens(KeyRing.from_file(key_path(patient.state, unit.node)), probes):
            foreign.append(unit.name)
    return foreign


def _partitioner(patient: Patient) -> Finding:
    if any(broker_admin.partition_of(key, 4) != place for key, place in MURMUR2.items()):
        return Finding("partitioner", False, "our client is not murmur2", "use the locked versions")
    looked = wrong = 0
    bootstrap = patient.buses.local
    for node in patient.topology.agencies:
        keyed, misplaced = broker_admin.misplaced_keys(
            bootstrap, f"nrm.local.{node}.intake.v1", limit=RECORDS_LOOKED_AT
        )
        looked, wrong = looked + keyed, wrong + misplaced
    if wrong:
        action = "set partitioner=murmur2_random in the agency's system (librdkafka)"
        return Finding("partitioner", False, f"{wrong} of {looked} records misplaced", action)
    return Finding("partitioner", True, f"murmur2; {looked} intake records in place")


def _others_read(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o077)


def _server(patient: Patient) -> PostgresServer:
    return PostgresServer(patient.state.postgres)


def _migrations(unit: Unit) -> Path | None:
    return unit.migrations if unit.migrations.is_dir() else None


CHECKS: dict[str, Check] = {
    "programs": _programs,
    "disk": _disk,
    "services": _services,
    "broker": _broker,
    "topics": _topics,
    "schemas": _schemas,
    "revisions": _revisions,
    "clock": _clock,
    "keys": _keys,
    "partitioner": _partitioner,
}
