"""`nrm unmapped list | map`: codes that agencies sent and no list knows, mapped to known ones.

They came by a node's own door, or with an event of another agency: then the topic names both.
Nothing waits for it: the events went on with each list's fallback. An unknown code may be anybody's
word, so it is shown only with --codes and a reason, which is audited.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

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
from contracts.envelope import source_of
from deploy.local import control
from deploy.local.failures import StackFailure
from deploy.local.layout import DEFAULT_STATE, StateFolder
from deploy.local.opening import opened, running_topology
from deploy.local.tokens import read_token
from doors.failures import NothingThere, what_to_do
from doors.node import Node, Posting, client_of
from doors.repairs import CORRECTION, Place, checked_code, correction, place_of
from services.chassis.clock import derived_id
from services.gateway.handlers.originals import Original, mapped, originals, shown

GATEWAY = ".gateway"
SYSTEM = "registration-desk"
HANDLE_LENGTH = 10
app = typer.Typer(help="Codes that no list knows.", no_args_is_help=True)
UnitOption = Annotated[str, typer.Option("--of", help="One service only: `ngo-brest.gateway`.")]


@dataclass(frozen=True)
class Unknown:
    """An unknown code, and the service that keeps it."""

    unit: str
    original: Original

    @property
    def node(self) -> str:
        """Whose it is."""
        return self.unit.removesuffix(GATEWAY)

    @property
    def where(self) -> Place:
        """Which property it stood in, and whether a case can be corrected there."""
        return place_of(self.original.place, self.original.event_type)

    @property
    def handle(self) -> str:
        """Short and always the same."""
        words = (self.unit, self.original.cause_id, self.original.place)
        return hashlib.sha256("\n".join(words).encode()).hexdigest()[:HANDLE_LENGTH]

    def told(self) -> dict[str, Any]:
        """For a list: neither case nor word."""
        place = self.where
        return {
            "handle": self.handle,
            "node": self.node,
            "service": self.unit,
            "event": self.original.event_type or None,
            "event_id": self.original.cause_id.rpartition(":")[2],
            "topic": self.original.topic or None,
            "place": self.original.place,
            "list": place.codelist or None,
            "repair": "correct-case" if place.correctable else None,
            "recorded_at": self.original.recorded_at.isoformat(timespec="seconds"),
        }


@app.command("list")
def list_unknown(
    state: StateOption = DEFAULT_STATE,
    of: UnitOption = "",
    codes: Annotated[bool, typer.Option("--codes", help="Show the words too; audited.")] = False,
    reason: ReasonOption = "looked-at",
    as_json: JsonOption = False,
) -> None:
    """List what came in with unknown codes, the oldest first."""
    words = checked_reason(reason) if codes else ""
    told = asyncio.run(_listed(state_folder(state), of, words))
    if as_json:
        print_json(told)
        return
    table = Table(box=None, pad_edge=False)
    columns = ["handle", "service", "event", "place", "list", "repair", "topic", "recorded_at"]
    columns += ["code"] if codes else []
    for column in columns:
        table.add_column(column)
    for row in told:
        table.add_row(*(str(row[column]) for column in columns))
    console.print(table if told else "Every code that came in is known.", markup=False)


@app.command("map")
def map_unknown(
    handle: Annotated[str, typer.Argument(help="As `nrm unmapped list` names it.")],
    code: Annotated[str, typer.Argument(help="The known code that was meant.")],
    reason: ReasonOption,
    state: StateOption = DEFAULT_STATE,
    everywhere: Annotated[
        bool, typer.Option("--all", help="The same word at the same place in other cases, too.")
    ] = False,
) -> None:
    """Map an unknown code to a known one: the case is corrected, and the word no longer kept."""
    checked_reason(reason)
    folder = state_folder(state)
    found = asyncio.run(_unknown(folder, ""))
    chosen = next((each for each in found if each.handle == handle), None)
    if chosen is None:
        raise StackFailure(f"There is no {handle}: `nrm unmapped list` names them.")
    place = chosen.where
    checked_code(place, code)
    alike = [each for each in found if everywhere and _alike(each, chosen)] or [chosen]
    done = asyncio.run(_mapped(folder, alike, code))
    console.print(
        f"{done} mapped to {code}"
        + ("." if place.correctable else "; no correction exists for it: tell whose case it is."),
        highlight=False,
    )


def _alike(one: Unknown, other: Unknown) -> bool:
    same_place = one.where == other.where
    return one.unit == other.unit and same_place and one.original.code == other.original.code


async def _unknown(state: StateFolder, of: str) -> list[Unknown]:
    topology = running_topology(state)
    units = (topology.unit(of),) if of else topology.units
    found: list[Unknown] = []
    for unit in (each for each in units if each.name.endswith(GATEWAY)):
        async with opened(state, unit) as one, one.database.transaction() as tx:
            found += [Unknown(unit.name, each) for each in await originals(tx, one.keys)]
    return sorted(found, key=lambda each: each.original.recorded_at)


async def _listed(state: StateFolder, of: str, reason: str) -> list[dict[str, Any]]:
    """With the words where a reason is given; each look is a row in that node's audit."""
    told = []
    for each in await _unknown(state, of):
        row = each.told()
        if reason:
            unit = running_topology(state).unit(each.unit)
            async with opened(state, unit) as one, one.database.transaction() as tx:
                row["code"] = shown(tx, each.original, actor=ACTOR, reason=reason)
        told.append(row)
    return told


async def _mapped(state: StateFolder, chosen: Iterable[Unknown], code: str) -> int:
    """Correct first, then forget the word: whoever dies between the two does it again."""
    done = 0
    for each in chosen:
        await _corrected(state, each, code)
        unit = running_topology(state).unit(each.unit)
        async with opened(state, unit) as one, one.database.transaction() as tx:
            done += await mapped(tx, one.keys, each.original, by=ACTOR, code=code)
    return done


async def _corrected(state: StateFolder, unknown: Unknown, code: str) -> None:
    """Tell the owner of the case, by the door that everybody takes."""
    place = unknown.where
    if not place.correctable:
        return
    case_id = unknown.original.subject
    try:
        case = await _case(state, unknown.node, case_id)
    except NothingThere:  # it was refused, or voided: no case has this code
        return
    body = correction(place, code, case.get("codes") or {})
    if body is None:
        return
    address = control.address_of(state, unknown.node, "gateway")
    token = read_token(state, unknown.node, "agency-system")
    posting = Posting(
        id=derived_id("unmapped", unknown.handle, code, 0),
        source=source_of(unknown.node, SYSTEM),
        type=CORRECTION.type,
        dataschema=CORRECTION.dataschema,
        subject=case_id,
        body=body,
    )
    async with client_of(address, token) as client:
        reply = await Node(client).post(posting)
    if not reply.accepted:
        told = " ".join(f"{each.code}: {what_to_do(each.code)}" for each in reply.reasons)
        raise StackFailure(f"The case was not corrected, and nothing is lost. {told}")


async def _case(state: StateFolder, node: str, case_id: UUID) -> dict[str, Any]:
    address = control.address_of(state, node, "identification")
    async with client_of(address, read_token(state, node, "case-officer")) as client:
        case: dict[str, Any] = await Node(client).read(f"/v1/cases/{case_id}")
        return case
