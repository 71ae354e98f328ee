"""Opening one service's own tables from outside, as the operator of this machine does.

With the service's own role and settings, so that nothing can be done here that the service could
not do; with the node's key, so that sealed records can be shown to who may see them.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from deploy.local import buses, control
from deploy.local.credentials import make_credentials
from deploy.local.failures import StackFailure
from deploy.local.layout import StateFolder, read_json
from deploy.local.postgres import PostgresServer
from deploy.local.settings_for import Stack, environment_of
from deploy.local.topology import Topology, Unit
from services.chassis.cipher import KeyRing
from services.chassis.database import Database
from services.chassis.environment import ServiceSettings, load
from services.chassis.failpoints import failpoints_from


@dataclass(frozen=True)
class Opened:
    """A service's tables and the key of its node."""

    unit: Unit
    database: Database
    keys: KeyRing


def running_topology(state: StateFolder) -> Topology:
    """The topology of the stack that runs; a sentence when none does."""
    if control.supervisor(state) is None:
        raise StackFailure("Nothing runs here: start it with `nrm up`.")
    return control.topology_of(state)


def settings_of(state: StateFolder, unit: Unit) -> ServiceSettings:
    """The settings that the service itself was started with."""
    told, topology = read_json(state.stack), control.topology_of(state)
    stack = Stack(
        state=state,
        topology=topology,
        database=PostgresServer(state.postgres),
        credentials=make_credentials(state, topology),
        buses=buses.told(state),
        service_ports=told["ports"],
        demo=bool(told.get("demo")),
    )
    settings_class: type[ServiceSettings] = importlib.import_module(unit.settings_module).Settings
    return load(settings_class, environment_of(stack, unit))


@asynccontextmanager
async def opened(state: StateFolder, unit: Unit) -> AsyncIterator[Opened]:
    """The service's tables, closed at the end."""
    settings = settings_of(state, unit)
    if settings.key_file is None:
        raise StackFailure(f"{unit.name} has no key file: run `nrm doctor`.")
    keys = KeyRing.from_file(settings.key_file)
    database = await Database.open(settings, migrations=unit.migrations)
    database.failpoints = failpoints_from(os.environ)
    try:
        yield Opened(unit, database, keys)
    finally:
        await database.close()
