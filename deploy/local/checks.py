"""What usually goes wrong on a machine, looked at one by one, each with one action.

A check looks and never repairs; what it found holds no value of a person and no secret. Where a
runbook helps, the finding names it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import asyncpg

from deploy.local import broker_admin, buses, control, databases, readiness, room, topics
from deploy.local.buses import Buses
from deploy.local.credentials import make_credentials
from deploy.local.failures import DISK_IS_FULL, StackFailure
from deploy.local.java import OLDEST_JAVA, java_version
from deploy.local.keys import had_keys, key_path
from deploy.local.layout import StateFolder, read_json
from deploy.local.postgres import PostgresServer
from deploy.local.runbooks import Finding, Runbook
from deploy.local.tokens import token_path
from deploy.local.topology import DOOR, Topology, Unit
from services.chassis.cipher import KeyRing
from services.chassis.clock import JUMPED
from services.chassis.database import check_revision
from services.chassis.errors import NrmError
from services.chassis.messaging import parking, relay_rows
from services.chassis.own_key import SELECT_PROBES, opens

SKEW_SECONDS = 5.0
ANSWER_SECONDS = 5.0
RECORDS_LOOKED_AT = 100
RESTORE_KEY = (
    "restart nothing: a service that runs has the right key in its memory, and nowhere else. Put"
    " the node's key file back from its backup, chmod 600: services notice within ten seconds,"
    " those that did not start are tried again"
)
MAKE_ROOM = "make room: the page says what may go; nothing below `kafka` or `postgres`"
SET_CLOCK = "set the machine's clock right; if it is right now, `nrm restart` who says it jumped"
COUNT_EXCHANGE_PARKED = "SELECT count(*) FROM exchange_parked"
OFFSETS_TOPIC = "__consumer_offsets"
EACH = "1"  # flushed after each record
MURMUR2 = {  # what Kafka's own partitioner answers, for 4 partitions
    b"21": 0,
    b"foobar": 2,
    b"abc": 3,
}


@dataclass(frozen=True)
class Patient:
    """The stack that is looked at."""

    state: StateFolder
    topology: Topology

    @property
    def buses(self) -> Buses:
        """Return the addresses of brokers that answer."""
        if self.silent_brokers:
            raise StackFailure(f"{' and '.join(self.silent_brokers)} does not answer")
        return buses.told(self.state)

    @cached_property
    def silent_brokers(self) -> tuple[str, ...]:
        """The brokers that give no metadata, by the names of their processes; asked once."""
        names = (buses.HUB_BROKER, buses.BROKER)  # with one broker both have one address
        where = {buses.address_of(self.state, name): name for name in names}
        return tuple(
            name
            for address, name in where.items()
            if not address or not broker_admin.answers(address, seconds=ANSWER_SECONDS)
        )

    @property
    def database(self) -> PostgresServer:
        """Return a database server that answers."""
        if not self.database_answers:
            raise StackFailure("the database does not answer")
        return PostgresServer(self.state.postgres)

    @cached_property
    def database_answers(self) -> bool:
        """Whether the database takes connections; asked once."""
        server = PostgresServer(self.state.postgres)
        return (server.folder / "port").exists() and server.answers()


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
    free, where = room.fullest(patient.state)
    if free > room.FREE_BYTES:
        return Finding("disk", True, f"{free / 2**30:.1f} GiB free")
    seen = f"only {free / 2**20:.0f} MiB free on the disk of {where}"
    return Finding("disk", False, seen, MAKE_ROOM, Runbook.DISK_FULL)


def _services(patient: Patient) -> Finding:
    if control.supervisor(patient.state) is None:
        why = _failure(patient)
        seen = f"nothing runs: {why}" if why else "nothing runs"
        return Finding("services", False, seen, "`nrm up`")
    unready = readiness.unready(patient.state)
    if unready:
        return Finding("services", False, f"not ready: {', '.join(unready)}", "`nrm logs NAME`")
    return Finding("services", True, f"{len(patient.topology.units)} ready")


def _failure(patient: Patient) -> str:
    """The sentence with which the last start gave up; empty when it did not."""
    path = patient.state.failure
    return path.read_text() if path.exists() else ""


def _silent(patient: Patient, check: str, server: str, runbook: Runbook) -> Finding:
    """A server that does not answer: nothing runs, its disk is full, or something of its own."""
    state = patient.state
    called, folder = (
        ("database", state.postgres)
        if check == "database"
        else (f"broker {server}", state.broker(server))
    )
    silence = f"the {called} does not answer"
    if control.supervisor(state) is None:
        why = _failure(patient)
        if not why.startswith(f"The {check}"):
            return Finding(check, False, silence, "`nrm up`")
    else:
        why = str(read_json(state.processes).get(server, {}).get("why", ""))
    if DISK_IS_FULL in why or room.free_bytes(folder) < room.STARVED_BYTES:
        return Finding(check, False, f"{silence}: no room", MAKE_ROOM, Runbook.DISK_FULL)
    action = f"`nrm logs supervisor`, then `nrm logs {server}`"
    return Finding(check, False, f"{silence}: {why}" if why else silence, action, runbook)


def _broker(patient: Patient) -> Finding:
    silent = [
        _silent(patient, "broker", server, Runbook.BROKER_DOWN) for server in patient.silent_brokers
    ]
    if silent:
        first = min(silent, key=lambda each: each.runbook is not Runbook.DISK_FULL)
        return replace(first, seen="; ".join(each.seen for each in silent))
    flushes = [_flush_of_offsets(address) for address in patient.buses.brokers]
    flush = next((each for each in flushes if each != EACH), EACH)
    well = flush == EACH
    action = "" if well else "`nrm down`, then `nrm up`: the broker runs with other settings"
    return Finding("broker", well, f"answers; offsets flushed every {flush}", action)


def _flush_of_offsets(address: str) -> str:
    offsets = broker_admin.describe(address, [OFFSETS_TOPIC]).get(OFFSETS_TOPIC)
    return offsets.settings.get("flush.messages", "") if offsets else EACH


def _database(patient: Patient) -> Finding:
    if not patient.database_answers:
        return _silent(patient, "database", "postgres", Runbook.DATABASE_DOWN)
    return Finding("database", True, "answers")


def _topics(patient: Patient) -> Finding:
    wanted = topics.wanted_topics(patient.topology)
    shares = patient.buses.shares(wanted).items()
    wrong = [each for address, share in shares for each in topics.differences(address, share)]
    if wrong:
        return Finding("topics", False, "; ".join(wrong[:3]), "`nrm down`, then `nrm up`")
    return Finding("topics", True, f"{len(wanted)} as their cards say")


def _schemas(patient: Patient) -> Finding:
    missing = asyncio.run(databases.missing_schemas(patient.database, patient.topology))
    if missing:
        return Finding("schemas", False, f"missing: {', '.join(missing[:3])}", "`nrm migrate`")
    return Finding("schemas", True, f"{len(patient.topology.units)} there")


def _revisions(patient: Patient) -> Finding:
    asyncio.run(_check_revisions(patient))
    return Finding("revisions", True, "every schema at the newest")


async def _check_revisions(patient: Patient) -> None:
    async for unit, connection in _each_unit(patient):
        await check_revision(connection, unit.schema, _migrations(unit))


async def _each_unit(patient: Patient) -> AsyncIterator[tuple[Unit, asyncpg.Connection]]:
    """Every service with a connection to its own tables, one after the other."""
    credentials, server = make_credentials(patient.state, patient.topology), patient.database
    for unit in patient.topology.units:
        connection = await asyncpg.connect(
            credentials.unit_url(server, unit), server_settings={"search_path": unit.schema}
        )
        try:
            yield unit, connection
        finally:
            await connection.close()


def _clock(patient: Patient) -> Finding:
    try:
        float(patient.state.clock.read_text())
    except ValueError:
        return Finding("clock", False, "no offset in the clock file", "write 0 into it")
    jumped = sorted(name for name, told in _told(patient).items() if JUMPED in told)
    if jumped:
        seen = f"the machine's clock jumped, say {', '.join(jumped[:3])}"
        return Finding("clock", False, seen, SET_CLOCK, Runbook.CLOCK_JUMPED)
    ahead = max(path.stat().st_mtime for path in patient.state.root.iterdir()) - time.time()
    if ahead > SKEW_SECONDS:
        seen = f"files are {ahead:.0f} s in the future"
        return Finding("clock", False, seen, SET_CLOCK, Runbook.CLOCK_JUMPED)
    return Finding("clock", True, "offset readable, no file in the future")


def _keys(patient: Patient) -> Finding:
    if not patient.state.keys.is_dir() and not had_keys(patient.state, patient.topology):
        return Finding("keys", False, "no key was made yet", "`nrm up` makes them")
    wrong = [seen for node in patient.topology.file.nodes if (seen := _key_wrong(patient, node))]
    if wrong:
        return Finding("keys", False, "; ".join(wrong[:3]), RESTORE_KEY, Runbook.KEY_WILL_NOT_OPEN)
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
        return Finding("keys", False, seen, RESTORE_KEY, Runbook.KEY_WILL_NOT_OPEN)
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
    foreign = []
    async for unit, connection in _each_unit(patient):
        probes = await connection.fetch(SELECT_PROBES)
        if not opens(KeyRing.from_file(key_path(patient.state, unit.node)), probes):
            foreign.append(unit.name)
    return foreign


def _parked(patient: Patient) -> Finding:
    aside = asyncio.run(_put_aside(patient))
    if not aside:
        return Finding("parked", True, "nothing is put aside")
    seen = f"{sum(aside.values())} put aside, at {', '.join(list(aside)[:3])}"
    return Finding("parked", False, seen, "`nrm parked list`", Runbook.PARKED)


async def _put_aside(patient: Patient) -> dict[str, int]:
    """How many records each service has put aside for a person to settle."""
    aside = {}
    async for unit, connection in _each_unit(patient):
        queries = [parking.COUNT_PARKED, relay_rows.COUNT_PARKED]
        if unit.service == DOOR and _migrations(unit) is not None:
            queries.append(COUNT_EXCHANGE_PARKED)
        if many := sum([await connection.fetchval(query) for query in queries]):
            aside[unit.name] = many
    return aside


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


def _told(patient: Patient) -> dict[str, list[str]]:
    """What the parts of each service say, by service."""
    return {
        name: readiness.said_by(answer.parts)
        for name, answer in readiness.ask_all(patient.state).items()
    }


def _migrations(unit: Unit) -> Path | None:
    return unit.migrations if unit.migrations.is_dir() else None


CHECKS: dict[str, Check] = {
    "programs": _programs,
    "disk": _disk,
    "services": _services,
    "broker": _broker,
    "database": _database,
    "topics": _topics,
    "schemas": _schemas,
    "revisions": _revisions,
    "clock": _clock,
    "keys": _keys,
    "parked": _parked,
    "partitioner": _partitioner,
}
