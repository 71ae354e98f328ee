"""`nrm restore`: what a service needs after its database was put back from a backup.

Its epoch is raised, so that no number is given twice and its consumers read their topics again.
The service stands still meanwhile; if raising fails it stays so, until this is done again.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from pydantic import SecretStr

from cli.options import ACTOR, ReasonOption, StateOption, checked_reason, console, state_folder
from deploy.local import control
from deploy.local.credentials import make_credentials
from deploy.local.layout import DEFAULT_STATE, StateFolder, read_json
from deploy.local.opening import running_topology, settings_of
from deploy.local.postgres import PostgresServer
from deploy.local.topology import Unit
from services.chassis.clock import SystemClock
from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.messaging.restore import raise_epoch

STOPPED_SECONDS = 60.0


app = typer.Typer()


@app.command()
def restore(
    unit: Annotated[str, typer.Argument(help="A service: `ngo-brest.referral`.")],
    reason: ReasonOption,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """After a backup was put back: raise the service's epoch, so that it goes on safely."""
    folder, reason = state_folder(state), checked_reason(reason)
    wanted = running_topology(folder).unit(unit)
    settings = as_owner(folder, wanted)
    with console.status(f"Stopping {wanted.name} ..."):
        control.hold(folder, wanted.name)
        control.wait_for(folder, lambda: _is_held(folder, wanted), STOPPED_SECONDS)
    epoch = asyncio.run(raised(settings, reason))
    control.release(folder, wanted.name)
    console.print(f"{wanted.name} goes on in epoch {epoch}; it reads its topics again.")


def as_owner(state: StateFolder, unit: Unit) -> ServiceSettings:
    """The service's settings with the role that may do everything on its schema."""
    credentials = make_credentials(state, control.topology_of(state))
    url = credentials.owner_url(PostgresServer(state.postgres), unit.database)
    return settings_of(state, unit).model_copy(update={"database_url": SecretStr(url)})


async def raised(settings: ServiceSettings, reason: str) -> int:
    """Raise the epoch of the schema that ``settings`` name; the service must be stopped."""
    database = await Database.open(settings)
    try:
        async with database.transaction() as tx:
            return await raise_epoch(tx, clock=SystemClock(), actor=ACTOR, reason=reason)
    finally:
        await database.close()


def _is_held(state: StateFolder, unit: Unit) -> bool:
    """Whether the supervisor has seen it end and keeps it so."""
    return bool(read_json(state.processes).get(unit.name, {}).get("state") == "held")
