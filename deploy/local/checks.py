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

from deploy.local import broker_admin, control, databases, parts, readiness, topics
from deploy.local.credentials import make_credentials
from deploy.local.failures import StackFailure
from deploy.local.keys import key_path
from deploy.local.layout import StateFolder, read_json
from deploy.local.postgres import PostgresServer
from deploy.local.tokens import token_path
from deploy.local.topology import Topology, Unit
from services.chassis.cipher import KeyRing
from services.chassis.database import check_revision
from services.chassis.errors import NrmError

FREE_BYTES = 2**30
SKEW_SECONDS = 5.0
ANSWER_SECONDS = 5.0
RECORDS_LOOKED_AT = 100
OFFSETS_TOPIC = "__consumer_offsets"
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
    def bootstrap(self) -> str:
        """Return the address of a broker that answers."""
        address = str(read_json(self.state.stack).get("bootstrap", ""))
        if not address or not broker_admin.answers(address, seconds=ANSWER_SECONDS):
            raise StackFailure("the broker does not answer")
        return address


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
    major = parts.java_version()
    well = major is not None and major >= parts.OLDEST_JAVA
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
    offsets = broker_admin.describe(patient.bootstrap, [OFFSETS_TOPIC]).get(OFFSETS_TOPIC)
    flush = offsets.settings.get("flush.messages") if offsets else "1"
    well = flush == "1"
    action = "" if well else "`nrm down`, then `nrm up`: the broker runs with other settings"
    return Finding("broker", well, f"answers; offsets flushed every {flush}", action)


def _topics(patient: Patient) -> Finding:
    wanted = topics.wanted_topics(patient.topology)
    wrong = topics.differences(patient.bootstrap, wanted)
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
    for node in patient.topology.file.nodes:
        ring = KeyRing.from_file(key_path(patient.state, node))
        if ring.open(ring.seal(b"probe", b"doctor"), b"doctor") != b"probe":
            return Finding("keys", False, f"the key of {node} does not open", "restore its file")
    readable = [
        path.name
        for node in patient.topology.file.nodes
        for caller in patient.topology.file.callers
        if _others_read(path := token_path(patient.state, node, caller))
    ]
    if readable:
        return Finding("keys", False, "others can read tokens", "chmod 600 the tokens' files")
    return Finding("keys", True, "every key opens, nobody else reads keys and tokens")


def _partitioner(patient: Patient) -> Finding:
    if any(broker_admin.partition_of(key, 4) != place for key, place in MURMUR2.items()):
        return Finding("partitioner", False, "our client is not murmur2", "use the locked versions")
    looked = wrong = 0
    bootstrap = patient.bootstrap
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
