"""What the frame does for work that no event began: a request or a deadline."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.chassis import subject_traces
from services.chassis.cipher import KeyRing
from services.chassis.deadlines import Deadline, set_deadline
from services.chassis.environment import ServiceSettings
from services.chassis.errors import SettingsWrong
from services.chassis.frame import Frame
from services.chassis.messaging.work import Work
from services.chassis.telemetry import trace_id_of, traceparent

LATER = timedelta(minutes=1)


class House(ServiceSettings):
    service: str = "house"


async def test_work_that_no_event_began_is_found_by_its_subject_too(
    house_settings: ServiceSettings, tmp_path: Path
) -> None:
    KeyRing.create(tmp_path / "key")
    settings = house_settings.model_copy(update={"key_file": tmp_path / "key"})
    frame = await Frame.open(settings, migrations=None)
    try:
        with frame.telemetry.span("deadline answer-by"):
            async with frame.database.transaction() as tx:
                await frame.lock(tx, "one")
            expected = trace_id_of(traceparent())
        async with frame.database.transaction() as tx:
            assert await subject_traces.traces_of(tx, subject="one") == [expected]
    finally:
        await frame.database.close()
        frame.telemetry.close()


async def test_what_a_deadline_publishes_twice_under_one_id_has_two_ids(
    house_settings: ServiceSettings, tmp_path: Path
) -> None:
    KeyRing.create(tmp_path / "key")
    settings = house_settings.model_copy(update={"key_file": tmp_path / "key"})
    frame = await Frame.open(settings, migrations=None)
    told: list[str] = []
    fields: dict[str, Any] = {"kind": "remind", "subject": "one", "detail": {}, "id": UUID(int=7)}

    async def remind(deadline: Deadline, work: Work) -> None:
        told.append(work.cause.id)
        if len(told) == 1:
            await set_deadline(work.transaction, due_at=work.now - LATER, **fields)

    poller = frame.poller({"remind": remind})
    try:
        async with frame.database.transaction() as tx:
            await set_deadline(tx, due_at=frame.clock.now() - 2 * LATER, **fields)
        await poller.poll()
        await poller.poll()
        assert len(told) == len(set(told)) == 2
    finally:
        await frame.database.close()
        frame.telemetry.close()


async def test_a_missing_key_file_is_told_by_its_variable(house_settings: ServiceSettings) -> None:
    settings = House(**house_settings.model_dump(exclude={"key_file"}))
    with pytest.raises(SettingsWrong, match="NRM_HOUSE__KEY_FILE is missing"):
        await Frame.open(settings, migrations=None)
