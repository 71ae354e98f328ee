"""Bands of age out of the safe: opened after the same checks as identity, and audited as opened.

A date or a year of birth is read here, and nothing but codes and counts is given back. None of it
goes into an event, a log or an error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from services.chassis.audit import record
from services.chassis.database import Transaction
from services.chassis.identity import Caller
from services.gateway.domain.ages import PLACEMENT, STATISTICS, Band, Birth, band_of
from services.gateway.handlers.context import GatewayContext
from services.gateway.handlers.persons import Reading, person_context, read_person
from services.gateway.store import cases, merges, persons

BANDS_READ: Final = Reading("age-bands-read")
PLACEMENT_READ: Final = Reading("placement-class-read")
COUNTED: Final = "age-counted"
COUNTED_AT_ONCE: Final = 400
"""So many cases in one question: each that is opened leaves its row in the audit."""
NOBODY: Final = Birth()


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedCase:
    """A case that counts in a table, and when what is counted happened."""

    case_id: UUID
    table: str
    happened_at: datetime


async def read_bands(
    context: GatewayContext, caller: Caller, case_id: UUID, bandings: Sequence[str]
) -> dict[str, Band]:
    """The bands of today, by banding; recorded; as identity, for nobody of a frozen case."""
    reading = PLACEMENT_READ if tuple(bandings) == (PLACEMENT,) else BANDS_READ
    plain, _ = await read_person(context, caller, case_id, reading)
    birth, today = _birth(plain), _day_of(context, context.clock.now())
    return {banding: band_of(birth, today, banding) for banding in bandings}


async def count_bands(
    context: GatewayContext, caller: Caller, counted: Sequence[CountedCase]
) -> dict[str, dict[str, int]]:
    """How many of these cases are in each band of the statistics on their day: table -> code.

    A case of whom the safe says nothing, or that is frozen, counts as not yet known: the bands of
    a table add up to its cases. Of a case that was entered twice either safe will do.
    """
    births: dict[UUID, Birth] = {}
    async with context.database.transaction() as tx:
        wanted = {each.case_id for each in counted}
        for case_id, (found_in, sealed) in (await _sealed_of(tx, wanted)).items():
            births[case_id] = _birth(context.keys.open(sealed, person_context(found_in)))
            record(tx, actor=caller.name, action=COUNTED, subject=str(found_in))
    tables: dict[str, dict[str, int]] = {}
    for each in counted:
        day = _day_of(context, each.happened_at)
        for banding in STATISTICS:
            code = band_of(births.get(each.case_id, NOBODY), day, banding).code
            cells = tables.setdefault(f"{each.table}-by-{banding}", {})
            cells[code] = cells.get(code, 0) + 1
    return tables


async def _sealed_of(tx: Transaction, wanted: set[UUID]) -> dict[UUID, tuple[UUID, bytes]]:
    """Case -> where its person lies in the safe, still sealed; nothing of a frozen case."""
    frozen = await cases.frozen_among(tx, wanted)
    there = await persons.read_people(tx, wanted - frozen)
    found = {case_id: (case_id, sealed) for case_id, sealed in there.items()}
    for case_id in sorted(wanted - frozen - set(found)):
        family = await merges.read_family(tx, case_id)
        others = await persons.read_people(tx, set(family) - await cases.frozen_among(tx, family))
        if others:
            found[case_id] = min(others.items())
    return found


def _birth(plain: bytes) -> Birth:
    """What an identity says of the birth; it was judged when it was put into the safe."""
    told: Mapping[str, Any] = orjson.loads(plain)
    born_on = told.get("born_on")
    return Birth(
        day=None if born_on is None else date.fromisoformat(born_on), year=told.get("birth_year")
    )


def _day_of(context: GatewayContext, at: datetime) -> date:
    """The day of a moment where the jurisdiction is."""
    return at.astimezone(ZoneInfo(context.profile.word("time_zone"))).date()
