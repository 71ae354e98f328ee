"""`nrm parked list | show | redrive | discard`: records that no service could handle.

Listed are places, types and error classes. A record's attributes are shown only where they are
plain codes, its body only when asked for; each look and each act is audited with its reason.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.table import Table

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
from deploy.local.opening import Opened, opened, running_topology
from services.chassis.database import Transaction
from services.chassis.messaging import parking
from services.chassis.messaging.broker import BrokerRecord
from services.chassis.messaging.codec import KAFKA_PREFIX, KNOWN
from services.chassis.messaging.inbox import State
from services.chassis.messaging.parking import Order, Place, Stored

HANDLE_LENGTH = 10
ALL = "all"
PLAIN = re.compile(r"[a-z0-9:.+TZ-]{1,120}")
HIDDEN = "(not a code: shown with --body)"

app = typer.Typer(help="Records that could not be handled.", no_args_is_help=True)
HandleArgument = Annotated[str, typer.Argument(help="A record as `nrm parked list` names it.")]
UnitOption = Annotated[str, typer.Option("--of", help="One service only: `ngo-brest.referral`.")]
Act = Callable[[Transaction, Place, Order], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A stored record and the service that has it."""

    unit: str
    stored: Stored

    @property
    def handle(self) -> str:
        """A short name that stays the same while the record is stored."""
        place = self.stored.place
        name = "\n".join((self.unit, place.consumer, *map(str, place.stream), str(place.sequence)))
        return hashlib.sha256(name.encode()).hexdigest()[:HANDLE_LENGTH]

    def told(self) -> dict[str, Any]:
        """For a list; no subject is in it."""
        stored = self.stored
        return {
            "handle": self.handle,
            "service": self.unit,
            "consumer": stored.place.consumer,
            "state": str(stored.state),
            "topic": stored.place.stream.topic,
            "partition": stored.partition,
            "offset": stored.offset,
            "type": stored.event_type,
            "error": stored.error,
            "waits_for": stored.waits_what,
            "stored_at": stored.stored_at.isoformat(timespec="seconds"),
        }


@app.command("list")
def list_records(
    state: StateOption = DEFAULT_STATE,
    of: UnitOption = "",
    kind: Annotated[
        str, typer.Option(help=f"parked, waiting, behind, gap or {ALL}.")
    ] = State.PARKED.value,
    as_json: JsonOption = False,
) -> None:
    """List what every service has put aside, the oldest first."""
    if kind not in (ALL, *State):
        raise StackFailure(f"There is no kind {kind}: {', '.join((*State, ALL))}.")
    wanted = None if kind == ALL else State(kind)
    found = asyncio.run(_everything(state_folder(state), of, wanted))
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
    print_json(
        {**found.told(), "attributes": _attributes(record), **(_whole(record) if body else {})}
    )


@app.command()
def redrive(
    handle: HandleArgument,
    reason: ReasonOption,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Let a parked record be handled again, by today's code."""
    asyncio.run(_acted(state_folder(state), handle, reason, parking.redrive))
    console.print("It is handled again now; if it still fails, it comes back.")


@app.command()
def discard(
    handle: HandleArgument,
    reason: ReasonOption,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Give a record up: it counts as finished."""
    asyncio.run(_acted(state_folder(state), handle, reason, parking.discard))
    console.print("It is given up.")


async def _everything(state: StateFolder, of: str, wanted: State | None) -> list[Found]:
    topology = running_topology(state)
    units = (topology.unit(of),) if of else topology.units
    found = []
    for unit in units:
        async with opened(state, unit) as one:
            found += await _listed(one, wanted)
    return sorted(found, key=lambda each: each.stored.stored_at)


async def _listed(one: Opened, wanted: State | None) -> list[Found]:
    async with one.database.transaction() as tx:
        stored = await parking.listed(tx, state=wanted)
    return [Found(unit=one.unit.name, stored=each) for each in stored]


async def _named(state: StateFolder, handle: str) -> Found:
    for each in await _everything(state, "", None):
        if each.handle == handle:
            return each
    raise StackFailure(f"There is no record {handle}: `nrm parked list --kind all` names them.")


async def _shown(state: StateFolder, handle: str, reason: str) -> tuple[Found, BrokerRecord]:
    found, order = await _named(state, handle), _order(reason)
    async with (
        opened(state, running_topology(state).unit(found.unit)) as one,
        one.database.transaction() as tx,
    ):
        return found, await parking.show(tx, found.stored.place, one.keys, order)


async def _acted(state: StateFolder, handle: str, reason: str, act: Act) -> None:
    order = _order(reason)
    found = await _named(state, handle)
    async with (
        opened(state, running_topology(state).unit(found.unit)) as one,
        one.database.transaction() as tx,
    ):
        await act(tx, found.stored.place, order)


def _order(reason: str) -> Order:
    return Order(actor=ACTOR, reason=checked_reason(reason))


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
