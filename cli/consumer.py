"""`nrm consumer list | seek | baseline`: how far services have read, and what to do about it.

`seek` lets events be read again, `baseline` gives up waiting for events that the log no longer
holds. Both are audited with a reason; neither touches what is stored, and no body is shown.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

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
from cli.reading import Asked, Reading, again, asked, measured, name_of, opened_reader
from deploy.local import broker_admin
from deploy.local.broker_admin import ReadSoFar
from deploy.local.failures import NotReady, StackFailure
from deploy.local.layout import DEFAULT_STATE, StateFolder
from deploy.local.opening import Opened, opened, running_topology
from services.chassis.messaging.baseline import Given, pass_over
from services.chassis.messaging.broker import TopicPartition
from services.chassis.messaging.inbox import State
from services.chassis.messaging.parking import Order
from services.chassis.messaging.readers import Reader, readers_of
from services.chassis.messaging.seek import order_back

START = "start"
TIMES = f"--to wants `{START}`, an offset, or a time with its zone: 2026-11-22T08:00:00+03:00."
WAIT_SECONDS = 60.0
POLL_SECONDS = 0.5

app = typer.Typer(help="How far services have read their topics.", no_args_is_help=True)
ReaderArgument = Annotated[
    str, typer.Argument(help="As `nrm consumer list` names it: `ngo-brest.referral/incoming`.")
]


@app.command("list")
def list_consumers(
    state: StateOption = DEFAULT_STATE,
    of: Annotated[str, typer.Option("--of", help="One service: each of its partitions.")] = "",
    as_json: JsonOption = False,
) -> None:
    """List who reads what, how far, and what of it is not finished."""
    found = asyncio.run(_everything(state_folder(state), of))
    if as_json:
        print_json([each.told() for each in found])
        return
    table = Table(box=None, pad_edge=False)
    for column in ("reader", *(("read to",) if of else ()), "lag", *State):
        table.add_column(column, overflow="fold")
    for each in found:
        places = (_places(each),) if of else ()
        unfinished = (str(each.reader.unfinished.get(kind, 0)) for kind in State)
        table.add_row(name_of(each.unit, each.reader), *places, str(each.lag), *unfinished)
    console.print(table if found else "Nobody reads anything yet.")


@app.command()
def seek(
    reader: ReaderArgument,
    to: Annotated[str, typer.Option(help=f"`{START}`, an offset, or a time with its zone.")],
    reason: ReasonOption,
    partition: Annotated[int, typer.Option(min=-1, help="One only; an offset needs it.")] = -1,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Let a consumer read again from an earlier place; what took effect takes none again."""
    order = Order(actor=ACTOR, reason=checked_reason(reason))
    asyncio.run(_sought(state_folder(state), reader, (to, partition), order))


@app.command()
def baseline(
    reader: ReaderArgument,
    reason: ReasonOption,
    wait: Annotated[
        float, typer.Option(min=0, max=3600, help="Seconds to wait until it has read all.")
    ] = WAIT_SECONDS,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Let a consumer that read all there is go on where the log has lost what came before."""
    order = Order(actor=ACTOR, reason=checked_reason(reason))
    asyncio.run(_based(state_folder(state), reader, wait, order))


def _places(found: Reading) -> str:
    """Each partition: how far it was read, and what the log holds."""
    return "\n".join(
        f"{number}: {'-' if at.committed is None else at.committed} of {at.start}..{at.end}"
        for number, at in sorted(found.places.items())
    )


async def _everything(state: StateFolder, of: str) -> list[Reading]:
    topology = running_topology(state)
    wanted: list[Asked] = []
    for unit in (topology.unit(of),) if of else topology.units:
        async with opened(state, unit) as one:
            wanted += asked(state, unit, await readers_of(one.database))
    return measured(wanted)


def _now(state: StateFolder, one: Opened, reader: Reader) -> Reading:
    (found,) = measured(asked(state, one.unit, [reader]))
    return found


# ------------------------------------------------------------ seek


async def _sought(state: StateFolder, name: str, where: tuple[str, int], order: Order) -> None:
    async with opened_reader(state, name) as (one, reader):
        found = _now(state, one, reader)
        wanted = _wanted(found, *where)
        back = {n: at for n, at in wanted.items() if _leads_back(found.places[n], at)}
        if not back:
            raise StackFailure(
                "That is not before what was read: nothing may be passed over unread. "
                f"`nrm consumer list --of {one.unit.name}` tells how far each partition was read."
            )
        async with one.database.transaction() as tx:
            places = {TopicPartition(reader.topic, number): at for number, at in back.items()}
            await order_back(tx, reader.consumer, places, order)
        for number, at in sorted(back.items()):
            end = found.places[number].end
            console.print(f"partition {number}: read again from {at}, the log ends at {end}")
        await _until_done(one, reader)


def _wanted(found: Reading, to: str, partition: int) -> dict[int, int]:
    """The offset in each partition that was named."""
    chosen = {n: at for n, at in found.places.items() if partition in (-1, n)}
    if not chosen:
        raise StackFailure(f"{found.reader.topic} has no partition {partition}.")
    if to == START:
        return {number: at.start for number, at in chosen.items()}
    if to.isdecimal():
        if partition < 0:
            raise StackFailure("An offset is one of a partition: say which with --partition.")
        if not chosen[partition].start <= int(to) <= chosen[partition].end:
            at = chosen[partition]
            raise StackFailure(f"{to} is not in the log, which holds {at.start} to {at.end}.")
        return {partition: int(to)}
    offsets = broker_admin.offsets_at(found.bootstrap, found.reader.topic, _milliseconds(to))
    return {n: written for n in chosen if (written := offsets[n]) is not None}


def _milliseconds(to: str) -> int:
    try:
        at = datetime.fromisoformat(to)
    except ValueError:
        raise StackFailure(TIMES) from None
    if at.tzinfo is None or at.timestamp() < 0:
        raise StackFailure(TIMES)
    return int(at.timestamp() * 1000)


def _leads_back(place: ReadSoFar, offset: int) -> bool:
    """Whether something is read again, and nothing passed over that was never read."""
    if place.committed is None:
        return False
    if not place.start <= place.committed <= place.end:
        return offset == place.start
    return offset < place.committed


async def _until_done(one: Opened, reader: Reader) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while (await again(one, reader)).ordered:
        if time.monotonic() >= deadline:
            raise NotReady(
                f"The order stands until {one.unit.name} runs: `nrm status` tells what it does."
            )
        await asyncio.sleep(POLL_SECONDS)
    console.print(f"{one.unit.name} has gone back; what took effect takes none again.")


# ------------------------------------------------------------ baseline


async def _based(state: StateFolder, name: str, wait: float, order: Order) -> None:
    async with opened_reader(state, name) as (one, reader):
        found = _now(state, one, reader)
        ends = {number: at.end for number, at in found.places.items()}
        deadline = time.monotonic() + wait
        while trouble := _not_read(found, ends):
            if time.monotonic() >= deadline:
                raise StackFailure(trouble)
            await asyncio.sleep(POLL_SECONDS)
            found = _now(state, one, await again(one, reader))
        given = await pass_over(one.database, reader.consumer, reader.topic, ends, order)
        _tell(given, (await again(one, reader)).unfinished)


def _not_read(found: Reading, ends: dict[int, int]) -> str:
    """Why it cannot be known that nothing more comes; empty when it can."""
    name, topic = found.unit.name, found.reader.topic
    for number, end in sorted(ends.items()):
        at = found.places[number]
        if number not in found.reader.begun:
            return f"{name} has not begun to read {topic}/{number} since its database is there."
        if number in found.reader.ordered:
            return f"{name} is to read {topic}/{number} again first: `nrm status` tells why not."
        if (at.committed or 0) > at.end:
            return (
                f"{name} has read further than {topic}/{number} reaches: was the broker reset? "
                f"`nrm consumer seek --to {START}`."
            )
        if (at.committed or 0) < end:
            return (
                f"{name} has read {topic}/{number} to {at.committed or 0}, not yet to {end}: what "
                "is missing may still come. `nrm status` tells whether it reads."
            )
    return ""


def _tell(given: Given, left: Mapping[str, int]) -> None:
    counts = ", ".join(f"{left[kind]} {kind}" for kind in State if left.get(kind)) or "none"
    console.print(f"{given.streams} streams go on; {given.records} records before them never came.")
    console.print(f"Stored records of this topic now: {counts}; the service settles what it can.")
