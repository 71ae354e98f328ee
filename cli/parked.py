"""`nrm parked list | show | redrive | discard`: records that no service could handle or send.

Listed are places, types and error classes. A record's attributes are shown only where they are
plain codes, its body only when asked for; each look and each act is audited with its reason.
"""

from __future__ import annotations

import asyncio
import re
from typing import Annotated, Any

import typer
from rich.table import Table

from cli.found import ALL, KINDS, AnyFound, listed
from cli.options import (
    ACTOR,
    JsonOption,
    ReasonOption,
    StateOption,
    checked_reason,
    console,
    print_json,
    state_folder,
)
from deploy.local.failures import StackFailure
from deploy.local.layout import DEFAULT_STATE, StateFolder
from deploy.local.opening import opened, running_topology
from services.chassis.messaging.broker import BrokerRecord
from services.chassis.messaging.codec import KAFKA_PREFIX, KNOWN
from services.chassis.messaging.inbox import State
from services.chassis.messaging.parking import Order

PLAIN = re.compile(r"[a-z0-9:.+TZ-]{1,120}")
HIDDEN = "(not a code: shown with --body)"

app = typer.Typer(help="Records that could not be handled.", no_args_is_help=True)
HandleArgument = Annotated[str, typer.Argument(help="A record as `nrm parked list` names it.")]
UnitOption = Annotated[str, typer.Option("--of", help="One service only: `ngo-brest.referral`.")]


@app.command("list")
def list_records(
    state: StateOption = DEFAULT_STATE,
    of: UnitOption = "",
    kind: Annotated[
        str, typer.Option(help=f"parked, unsent, exchange, waiting, behind, gap or {ALL}.")
    ] = State.PARKED.value,
    as_json: JsonOption = False,
) -> None:
    """List what every service has put aside, the oldest first."""
    if kind not in KINDS:
        raise StackFailure(f"There is no kind {kind}: {', '.join(KINDS)}.")
    found = asyncio.run(_everything(state_folder(state), of, kind))
    if as_json:
        print_json([each.told() for each in found])
        return
    table = Table(box=None, pad_edge=False)
    columns = ("handle", "service", "state", "type", "error", "stored_at")
    for column in columns:
        table.add_column(column)
    for each in found:
        table.add_row(*(str(each.told()[column]) for column in columns))
    console.print(table if found else "Nothing is put aside.")


@app.command()
def show(
    handle: HandleArgument,
    state: StateOption = DEFAULT_STATE,
    body: Annotated[bool, typer.Option("--body", help="Show key, headers and body too.")] = False,
    reason: ReasonOption = "looked-at",
) -> None:
    """Show one record: its attributes and the class of the error."""
    found, record = asyncio.run(_shown(state_folder(state), handle, reason))
    if record is None:
        print_json(found.told())
        return
    print_json(
        {**found.told(), "attributes": _attributes(record), **(_whole(record) if body else {})}
    )


@app.command()
def redrive(
    handle: HandleArgument,
    reason: ReasonOption,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Let a parked record be handled again, by today's code, or be sent again."""
    asyncio.run(_acted(state_folder(state), handle, reason, discarding=False))
    console.print("It is tried again now; if it still fails, it comes back.")


@app.command()
def discard(
    handle: HandleArgument,
    reason: ReasonOption,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Give a record up: it counts as finished; an unsent one leaves a gap at its readers."""
    asyncio.run(_acted(state_folder(state), handle, reason, discarding=True))
    console.print("It is given up.")


async def _everything(state: StateFolder, of: str, kind: str) -> list[AnyFound]:
    topology = running_topology(state)
    units = (topology.unit(of),) if of else topology.units
    found: list[AnyFound] = []
    for unit in units:
        async with opened(state, unit) as one:
            found += await listed(one.database, unit.name, kind)
    return sorted(found, key=lambda each: each.stored_at)


async def _named(state: StateFolder, handle: str) -> AnyFound:
    for each in await _everything(state, "", ALL):
        if each.handle == handle:
            return each
    raise StackFailure(f"There is no record {handle}: `nrm parked list --kind all` names them.")


async def _shown(
    state: StateFolder, handle: str, reason: str
) -> tuple[AnyFound, BrokerRecord | None]:
    order = Order(actor=ACTOR, reason=checked_reason(reason))
    found = await _named(state, handle)
    async with (
        opened(state, running_topology(state).unit(found.unit)) as one,
        one.database.transaction() as tx,
    ):
        return found, await found.show(tx, one.keys, order)


async def _acted(state: StateFolder, handle: str, reason: str, *, discarding: bool) -> None:
    order = Order(actor=ACTOR, reason=checked_reason(reason))
    found = await _named(state, handle)
    async with (
        opened(state, running_topology(state).unit(found.unit)) as one,
        one.database.transaction() as tx,
    ):
        await (found.discard if discarding else found.redrive)(tx, order)


def _attributes(record: BrokerRecord) -> dict[str, str]:
    """CloudEvents attributes; what an agency wrote in words may be a name and is not shown."""
    told = {}
    for name, raw in record.headers:
        attribute = name.removeprefix(KAFKA_PREFIX)
        if name != attribute and attribute in KNOWN:
            text = (raw or b"").decode("utf-8", "replace")
            told[attribute] = text if PLAIN.fullmatch(text) else HIDDEN
    return told


def _whole(record: BrokerRecord) -> dict[str, Any]:
    return {
        "key": _text(record.key),
        "headers": {name: _text(raw) for name, raw in record.headers},
        "body": _text(record.value),
    }


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode("utf-8", "replace")
