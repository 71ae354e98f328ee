"""`disk-full.md`, followed on a disk that is really full: broker and database stop on it."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest

from deploy.local import readiness
from deploy.local.layout import StateFolder
from deploy.local.postgres import PostgresServer
from deploy.local.room import FREE_BYTES, RESERVE_BYTES, free_bytes
from deploy.local.runbooks import Runbook
from tests.faults.runbooks.house import (
    SECONDS,
    HandOver,
    cases_at_interior,
    faults_after,
    house_in,
    stage_of,
)
from tests.support.runbooks import follow, must_name
from tests.support.small_disk import fill, small_disk

SIZE = FREE_BYTES + RESERVE_BYTES + 2**29
SEGMENTS = 200


@pytest.fixture(scope="module")
def state() -> Iterator[StateFolder]:
    with small_disk(SIZE) as disk, house_in(StateFolder(disk / "state")) as house:
        yield house


@pytest.mark.long
def test_a_really_full_disk_is_named_and_mended_by_its_page(state: StateFolder) -> None:
    disk = state.root.parent
    with stage_of(state) as stage:
        stage.until("the reserve", state.reserve.exists)
        before, first, kept, again = cases_at_interior(stage), *(HandOver(stage) for _ in range(3))
        assert first.posted()
        first.arrives()
        assert kept.posted()
        filler = fill(disk)  # while what was accepted is on its way
        assert free_bytes(disk) < 4096
        try:
            stage.until("the broker to stop", lambda: stopped(state, "kafka"), SECONDS)
            asyncio.run(fill_the_log(PostgresServer(state.postgres)))
            stage.until("the database to stop", lambda: stopped(state, "postgres"), SECONDS)
            must_name(state, Runbook.DISK_FULL)
            assert not again.posted()
            said = follow(Runbook.DISK_FULL, state, TOO_LARGE=str(filler))
        finally:
            filler.unlink(missing_ok=True)
        assert str(filler) in said
        must_name(state)
        assert again.posted()
        for man in (kept, again):
            man.arrives()
        assert faults_after(stage, [first, kept, again], before) == []
        stage.until("the reserve again", state.reserve.exists)


def stopped(state: StateFolder, server: str) -> bool:
    told = {each["name"]: each for each in readiness.processes_told(state)}
    return not told[server]["ready"]


async def fill_the_log(server: PostgresServer) -> None:
    """Have the database want a new segment of its write-ahead log, as work does after a while."""
    try:
        connection = await asyncpg.connect(server.superuser_url())
        for _ in range(SEGMENTS):
            await connection.execute("SELECT pg_create_restore_point('planted'), pg_switch_wal()")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return
    pytest.fail("the database never wanted room")
