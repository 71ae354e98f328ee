"""After `nrm restore` nothing is numbered twice, consumers read again, no feed falls back."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from pydantic import SecretStr

from cli import restore as command
from cli.restore import raised
from deploy.local import control
from deploy.local.failures import StackFailure
from deploy.local.layout import StateFolder, write_json
from deploy.local.topology import read_topology
from services.chassis.clock import SystemClock
from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.errors import DatabaseUnavailable
from services.chassis.messaging.broker import TopicPartition
from services.chassis.messaging.feeds import Feeds, append
from services.chassis.messaging.restore import raise_epoch
from services.chassis.messaging.rewind import Rewind
from services.chassis.telemetry import Telemetry
from tests.support.postgres import OWNER, Postgres

PLACE = TopicPartition("nrm.local.node-one.things.v1", 0)
LOG_START, COMMITTED = 3, 40


class Bus:
    """A bus that remembers what the restored database forgot."""

    def __init__(self) -> None:
        self.sought: list[int] = []

    async def log_starts(self, places: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        return dict.fromkeys(places, LOG_START)

    async def committed(self, _place: TopicPartition) -> int:
        return COMMITTED

    async def commit(self, _offsets: Mapping[TopicPartition, int], _generation: int) -> None:
        return

    def seek(self, _place: TopicPartition, offset: int) -> None:
        self.sought.append(offset)


@pytest.fixture
def as_owner(house: Postgres, house_settings: ServiceSettings) -> ServiceSettings:
    return house_settings.model_copy(update={"database_url": SecretStr(house.url(OWNER))})


async def test_the_epoch_is_higher_and_consumers_read_again(
    house: Postgres, house_settings: ServiceSettings, as_owner: ServiceSettings
) -> None:
    assert await start_of(house_settings) == LOG_START, "the first start"
    assert await start_of(house_settings) == COMMITTED
    before = (await opened_epoch(house_settings), await raised(as_owner, "backup-of-monday"))
    assert before[0] < before[1] == await opened_epoch(house_settings)
    assert await start_of(house_settings) == LOG_START
    assert await start_of(house_settings) == COMMITTED
    again = await raised(as_owner, "backup-of-monday")
    assert again > before[1]
    connection = await house.connect()
    told = await connection.fetch("SELECT actor, action, reason FROM house.audit")
    await connection.close()
    assert [tuple(row) for row in told] == [("operator", "epoch-raised", "backup-of-monday")] * 2


async def start_of(settings: ServiceSettings) -> int:
    database, bus = await Database.open(settings), Bus()
    try:
        consumer: Any = bus
        starts = await Rewind(database, "house").starts(consumer, [PLACE], 1)
    finally:
        await database.close()
    return starts[PLACE]


async def opened_epoch(settings: ServiceSettings) -> int:
    database = await Database.open(settings)
    await database.close()
    return database.epoch


async def test_no_reader_of_a_feed_has_read_further_than_a_restored_feed_gives(
    database: Database, house_settings: ServiceSettings
) -> None:
    feeds = Feeds(database, SystemClock(), Telemetry(house_settings))

    async def positions(feed: str, after: int) -> list[int]:
        async with database.transaction() as tx:
            await append(tx, feed, {}, SystemClock().wall())
        await feeds.number()
        return [entry.position for entry in await feeds.read(feed, after)]

    assert await positions("known", 0) == [1]
    lost_with_the_backup = 500_000
    for _ in range(2):
        async with database.transaction() as tx:
            await raise_epoch(tx, clock=SystemClock(), actor="operator", reason="restored")
        for feed in ("known", "unknown-to-the-backup"):
            (position,) = await positions(feed, lost_with_the_backup)
            assert position > lost_with_the_backup
            assert await positions(feed, position) == [position + 1]
            lost_with_the_backup += 2
        lost_with_the_backup = position + 1


def test_it_wants_a_reason_in_words_of_the_audit_and_a_stack_that_runs(tmp_path: Any) -> None:
    for reason, told in (("Her name is a reason", "one-word"), ("backup", "nrm up")):
        with pytest.raises(StackFailure, match=told):
            command.restore("ngo-brest.referral", reason, StateFolder(tmp_path).root)


@pytest.mark.parametrize("fails", [False, True])
def test_the_service_stands_still_meanwhile_and_stays_so_if_it_fails(
    fails: bool, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = StateFolder(tmp_path)
    state.make()
    unit = read_topology().unit("ngo-brest.referral")
    held = state.held / unit.name
    stood: list[bool] = []

    def the_supervisor_stops_it(_state: StateFolder, ready: Any, _seconds: float) -> None:
        write_json(state.processes, {unit.name: {"state": "running"}})
        assert not ready()
        write_json(state.processes, {unit.name: {"state": "held"}})
        assert ready()

    async def raise_it(_settings: object, _reason: str) -> int:
        stood.append(held.exists())
        if fails:
            raise DatabaseUnavailable
        return 7

    monkeypatch.setattr(command, "running_topology", lambda _: read_topology())
    monkeypatch.setattr(command, "as_owner", lambda *_: None)
    monkeypatch.setattr(command, "raised", raise_it)
    monkeypatch.setattr(control, "wait_for", the_supervisor_stops_it)
    if fails:
        with pytest.raises(DatabaseUnavailable):
            command.restore(unit.name, "backup", tmp_path)
    else:
        command.restore(unit.name, "backup", tmp_path)
    assert (stood, held.exists()) == ([True], fails)
