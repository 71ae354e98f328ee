"""What the frame does for work that no event began: a request or a deadline."""

from pathlib import Path

import pytest

from services.chassis import subject_traces
from services.chassis.cipher import KeyRing
from services.chassis.environment import ServiceSettings
from services.chassis.errors import SettingsWrong
from services.chassis.frame import Frame
from services.chassis.telemetry import trace_id_of, traceparent


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


async def test_a_missing_key_file_is_told_by_its_variable(house_settings: ServiceSettings) -> None:
    settings = House(**house_settings.model_dump(exclude={"key_file"}))
    with pytest.raises(SettingsWrong, match="NRM_HOUSE__KEY_FILE is missing"):
        await Frame.open(settings, migrations=None)
