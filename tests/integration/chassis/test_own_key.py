"""A service knows its own key again: not merely a readable file, but the one that sealed here."""

import asyncio
import shutil
from pathlib import Path

import orjson
import pytest
from sqlalchemy import text

from services.chassis.cipher import KEY_BYTES, KeyRing
from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.errors import SettingsWrong, StatementRefused
from services.chassis.frame import Frame
from services.chassis.own_key import (
    KEY_FILE_IS_ANOTHER,
    KEY_FILE_UNREADABLE,
    OwnKey,
    prove,
)
from services.chassis.statement import Statement
from tests.support.postgres import Postgres
from tests.support.waiting import until

OLD, NEW, DIGEST = (bytes([number]) * KEY_BYTES for number in (1, 2, 3))
RING = KeyRing({"00000001": OLD}, "00000001", DIGEST)
TURNED = KeyRing({"00000001": OLD, "00000002": NEW}, "00000002", DIGEST)
OTHER_KEY = KeyRing({"00000001": NEW}, "00000001", DIGEST)
OTHER_NAME = KeyRing({"00000003": NEW}, "00000003", DIGEST)
OTHER_DIGEST = KeyRing({"00000001": OLD}, "00000001", NEW)


async def probes(house: Postgres) -> list[str]:
    connection = await house.connect()
    try:
        rows = await connection.fetch("SELECT key_id FROM house.key_probe ORDER BY key_id")
    finally:
        await connection.close()
    return [row["key_id"] for row in rows]


async def test_the_first_key_is_kept_and_only_it_opens_from_then_on(
    house: Postgres, database: Database
) -> None:
    await prove(database, RING)
    await prove(database, RING)
    for stranger in (OTHER_KEY, OTHER_NAME, OTHER_DIGEST):
        with pytest.raises(SettingsWrong, match=KEY_FILE_IS_ANOTHER[:20]):
            await prove(database, stranger)
    assert await probes(house) == ["00000001"]


async def test_a_turned_key_is_kept_too_and_the_old_one_must_stay_in_the_file(
    house: Postgres, database: Database
) -> None:
    await prove(database, RING)
    await prove(database, TURNED)
    assert await probes(house) == ["00000001", "00000002"]
    with pytest.raises(SettingsWrong):
        await prove(database, KeyRing({"00000002": NEW}, "00000002", DIGEST))


async def test_a_service_cannot_throw_its_proof_away(database: Database) -> None:
    await prove(database, RING)
    for change in ("DELETE FROM key_probe", "UPDATE key_probe SET digest = ''"):
        with pytest.raises(StatementRefused):
            async with database.transaction() as tx:
                await tx.execute(Statement(text(change)))


async def test_a_service_with_another_key_file_does_not_start(
    house_settings: ServiceSettings, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.key", tmp_path / "second.key"
    for path in (first, second):
        KeyRing.create(path)
    await opened_and_closed(house_settings, first)
    with pytest.raises(SettingsWrong) as refused:
        await opened_and_closed(house_settings, second)
    assert str(refused.value) == KEY_FILE_IS_ANOTHER
    await opened_and_closed(house_settings, first)


async def opened_and_closed(settings: ServiceSettings, key_file: Path) -> None:
    changes = {"key_file": key_file}
    frame = await Frame.open(settings.model_copy(update=changes), None)
    await frame.database.close()
    frame.telemetry.close()


async def test_a_running_service_is_not_ready_while_the_file_is_another_one(
    database: Database, tmp_path: Path
) -> None:
    path, other = tmp_path / "own.key", tmp_path / "other.key"
    KeyRing.create(path)
    KeyRing.create(other)
    kept = path.read_bytes()
    await prove(database, KeyRing.from_file(path))
    part, stop = OwnKey(database, path, look_seconds=0.02), asyncio.Event()
    assert not part.readiness().ok
    running = asyncio.create_task(part.run(stop))
    try:
        await until(lambda: part.readiness().ok)
        shutil.copy(other, path)
        await until(lambda: part.readiness().detail == KEY_FILE_IS_ANOTHER)
        path.unlink()
        await until(lambda: part.readiness().detail == KEY_FILE_UNREADABLE)
        path.write_bytes(kept)
        path.chmod(0o600)
        await until(lambda: part.readiness().ok)
    finally:
        stop.set()
        await running


async def test_a_database_that_is_away_says_nothing_of_the_key(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "own.key"
    KeyRing.create(path)
    part, stop = OwnKey(database, path, look_seconds=0.02), asyncio.Event()
    running = asyncio.create_task(part.run(stop))
    await until(lambda: part.readiness().ok)
    await database.close()
    await part._look()
    assert part.readiness().ok
    stop.set()
    await running


async def test_a_new_key_that_sealed_nothing_yet_may_be_taken_back(
    house: Postgres, house_settings: ServiceSettings, database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "own.key"
    KeyRing.create(path)
    kept = path.read_bytes()
    await opened_and_closed(house_settings, path)
    content = orjson.loads(kept)
    content["keys"]["0000000a"], content["current"] = content["digest"], "0000000a"
    path.write_bytes(orjson.dumps(content))
    part = OwnKey(database, path)
    await part._look()
    assert part.readiness().ok
    path.write_bytes(kept)
    await opened_and_closed(house_settings, path)
    assert len(await probes(house)) == 1
