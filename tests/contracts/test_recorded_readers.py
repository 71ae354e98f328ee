"""Each reader reads what was recorded: open for what is new, and no code or old major is lost.

The records are bytes in files (``recorded/``), read by the real inbox with each service's own
subscription table; only its handlers are replaced, by one that notes what it was given.
"""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pytest
import pytest_asyncio

from contracts.catalogue import CATALOGUE
from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.errors import MalformedEvent
from services.chassis.messaging import parking, reading
from services.chassis.messaging.arrival import unpack
from services.chassis.messaging.context import ConsumerContext
from services.chassis.messaging.inboxes import InboxSettler
from services.chassis.messaging.reading import Contracts
from services.chassis.messaging.subscriptions import Kind, Subscriptions
from services.chassis.messaging.work import Received, Work
from tests.support.receiving import House, context_of
from tests.support.recorded import (
    CASES,
    CODE,
    FOLDER,
    MAJOR,
    PROPERTY,
    TYPE,
    WITHOUT_CODES,
    as_read,
    readers,
)


@dataclass
class Listening:
    """One inbox for any reader, and what its handlers were given."""

    database: Database
    settings: ServiceSettings
    contracts: Contracts = field(default_factory=as_read)
    given: list[Received] = field(default_factory=list)

    async def note(self, received: Received, _work: Work) -> None:
        """A handler that does nothing else."""
        self.given.append(received)

    def context(self, name: str) -> ConsumerContext:
        """What a process of this reader is given."""
        table = readers()[name]
        self.given.clear()
        return context_of(
            House(),
            self.database,
            self.settings,
            contracts=self.contracts,
            subscriptions=replace(table, handlers=dict.fromkeys(table.handlers, self.note)),
        )

    async def hear(self, name: str, case: str) -> None:
        """Settle a recorded record, and look whether it was read as it must be."""
        context, recorded = self.context(name), recording(name)[case]
        await self.settle(InboxSettler(context), recorded)
        skipped = context.telemetry.counter("events_skipped").labels(context.subscriptions.bus)
        await self.check(recorded, skipped._value.get())

    async def settle(self, settler: InboxSettler, recorded: dict[str, Any]) -> None:
        """As a lane does."""
        record = unpack(orjson.dumps(recorded["record"]), recorded["topic"], 0, 0)
        await settler.settle(settler.prepare(record))

    async def redrive(self) -> None:
        """An operator lets what is put aside be tried again."""
        async with self.database.transaction() as tx:
            for stored in await parking.listed(tx):
                order = parking.Order(actor="operator", reason="mended")
                await parking.redrive(tx, stored.place, order)

    async def check(self, recorded: dict[str, Any], skipped: float) -> None:
        """Handled with everything that was recorded; or skipped, counted and finished."""
        async with self.database.transaction() as tx:
            assert await parking.listed(tx) == [], "it was put aside"
            read = await tx.connection.fetchval(
                "SELECT read FROM inbox_mark WHERE subject = $1", recorded["record"]["key"]
            )
        assert read == 1, "it was not finished"
        if "read" not in recorded:
            assert (self.given, skipped) == ([], 1), "it was not skipped and counted"
            return
        (received,) = self.given
        assert holds(received.body.model_dump(mode="json"), recorded["read"]), "read otherwise"
        assert dict(received.unmapped) == recorded["unmapped"], "the original is lost"


def recording(name: str) -> dict[str, Any]:
    """What was recorded for a reader."""
    loaded: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def holds(read: Any, recorded: Any) -> bool:
    """Whether everything recorded is in what was read; optional properties may have come since."""
    if isinstance(recorded, dict):
        return isinstance(read, dict) and all(
            name in read and holds(read[name], part) for name, part in recorded.items()
        )
    if isinstance(recorded, list):
        return len(read) == len(recorded) and all(map(holds, read, recorded))
    return bool(read == recorded)


@pytest_asyncio.fixture
async def listening(
    database: Database, house_settings: ServiceSettings
) -> AsyncIterator[Listening]:
    """A fresh inbox."""
    yield Listening(database, house_settings)


def test_every_reader_has_a_recording_of_every_case() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(readers())
    for name, table in readers().items():
        codes = any(reading._shape_of(CATALOGUE[one].model) for one in table.handlers)
        assert codes == (name not in WITHOUT_CODES)
        assert set(recording(name)) == set(CASES) - (set() if codes else {CODE})


@pytest.mark.parametrize("name", sorted(readers()))
async def test_every_recorded_case_is_read(listening: Listening, name: str) -> None:
    for case in recording(name):
        await listening.hear(name, case)


@pytest.mark.parametrize("name", sorted(readers()))
async def test_an_old_major_that_was_put_aside_is_redriven_by_todays_upcasters(
    listening: Listening, name: str
) -> None:
    recorded, today = recording(name)[MAJOR], listening.contracts
    listening.contracts = replace(today, upcasters={})
    for _ in range(2):
        settler = InboxSettler(listening.context(name))
        await listening.settle(settler, recorded)
        await settler.sweep.once()
        with pytest.raises(AssertionError, match="put aside"):
            await listening.check(recorded, 0)
        await listening.redrive()
    listening.contracts = today
    await InboxSettler(listening.context(name)).sweep.once()
    await listening.check(recorded, 0)


# ---------------------------------------------------------------- planted faults


def closed_for_readers(_listening: Listening, patch: pytest.MonkeyPatch) -> None:
    """An unknown property is an error."""

    def strict(spec: Any, content: dict[str, Any]) -> Any:
        try:
            return spec.model.model_validate(content)
        except ValueError:
            raise MalformedEvent("closed") from None

    patch.setattr(reading, "_validated", strict)


def nothing_is_skipped(_listening: Listening, patch: pytest.MonkeyPatch) -> None:
    """An unknown type is taken for one to be handled."""
    patch.setattr(Subscriptions, "kind_of", lambda *_: Kind.PLAIN)


def no_code_lists(listening: Listening, _patch: pytest.MonkeyPatch) -> None:
    """Every code is taken as it is."""
    listening.contracts = replace(listening.contracts, codelists={})


def originals_are_dropped(_listening: Listening, patch: pytest.MonkeyPatch) -> None:
    """An unknown code becomes the fallback, and nothing tells what it was."""
    taken_as = reading._Mapping.taken_as

    def forgetful(self: reading._Mapping, codelist: str, code: str, place: str) -> str:
        taken = taken_as(self, codelist, code, place)
        self.unmapped[place] = taken
        return taken

    patch.setattr(reading._Mapping, "taken_as", forgetful)


def no_upcasters(listening: Listening, _patch: pytest.MonkeyPatch) -> None:
    """An old major is not lifted."""
    listening.contracts = replace(listening.contracts, upcasters={})


Plant = Callable[[Listening, pytest.MonkeyPatch], None]
PLANTED: dict[str, tuple[str, Plant, str]] = {
    "closed for readers": (PROPERTY, closed_for_readers, "put aside"),
    "nothing is skipped": (TYPE, nothing_is_skipped, "put aside"),
    "no code lists": (CODE, no_code_lists, "read otherwise"),
    "originals are dropped": (CODE, originals_are_dropped, "original is lost"),
    "no upcasters": (MAJOR, no_upcasters, "put aside"),
}


@pytest.mark.parametrize("fault", sorted(PLANTED))
async def test_a_reader_with_a_planted_fault_is_found(
    listening: Listening, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    case, plant, sentence = PLANTED[fault]
    plant(listening, monkeypatch)
    with pytest.raises(AssertionError, match=sentence):
        await listening.hear("identification", case)
