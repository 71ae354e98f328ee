"""Time and ids."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.chassis.clock import (
    FILE_LOOK_SECONDS,
    FileClock,
    FrozenClock,
    JumpWatch,
    SystemClock,
    clock_from,
    derived_id,
)
from services.chassis.errors import SettingsWrong

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)


class SteppedFileClock(FileClock):
    """A file clock whose machine time is in our hands."""

    seconds = 0.0

    def wall(self) -> datetime:
        return AT

    def monotonic(self) -> float:
        return self.seconds


class TornClock(FrozenClock):
    """A clock whose wall time can be set without monotonic time passing."""

    torn = timedelta(0)

    def wall(self) -> datetime:
        return super().wall() + self.torn


def test_the_file_clock_follows_the_offset_in_its_file(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    clock = SteppedFileClock(path)
    assert clock.now() == AT
    path.write_text("3600\n")
    assert clock.now() == AT
    clock.seconds += FILE_LOOK_SECONDS
    assert clock.now() == AT + timedelta(hours=1)
    path.write_text("no number at all")
    clock.seconds += FILE_LOOK_SECONDS
    assert clock.now() == AT + timedelta(hours=1)
    path.unlink()
    clock.seconds += FILE_LOOK_SECONDS
    assert clock.now() == AT


def test_a_file_clock_is_refused_outside_a_demonstration() -> None:
    assert isinstance(clock_from("system", demo=False), SystemClock)
    assert isinstance(clock_from("file:/clock", demo=True), FileClock)
    for setting, demo in (("file:/clock", False), ("file:", True), ("sundial", True)):
        with pytest.raises(SettingsWrong, match="NRM_CLOCK"):
            clock_from(setting, demo)


def test_a_jump_is_noticed_in_both_directions_and_ends_when_time_is_right_again() -> None:
    clock = TornClock(AT)
    watch = JumpWatch(clock)
    clock.advance(timedelta(days=30))
    assert not watch.jumped()
    for torn in (timedelta(minutes=6), -timedelta(minutes=6)):
        clock.torn = torn
        assert watch.jumped()
    clock.torn = timedelta(minutes=4)
    assert not watch.jumped()


def test_derived_ids_are_equal_for_equal_causes_and_differ_otherwise() -> None:
    one = derived_id("referral", "cause", "type", 0)
    assert one == derived_id("referral", "cause", "type", 0)
    assert one.version == 8
    assert one.variant == "specified in RFC 4122"
    others = {
        derived_id("referra", "lcause", "type", 0),
        derived_id("referral", "cause", "type", 1),
        derived_id("referral", "causet", "ype", 0),
        derived_id("assistance", "cause", "type", 0),
    }
    assert one not in others
    assert len(others) == 4
