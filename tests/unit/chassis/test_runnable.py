"""How parts start and stop together."""

import asyncio
import gc
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from deploy.local import supervisor
from services.chassis import runnable as runnable_times
from services.chassis.collector import RARELY
from services.chassis.environment import ServiceSettings
from services.chassis.errors import Misuse
from services.chassis.messaging.kafka.connection import KafkaSettings
from services.chassis.messaging.limits import Limits
from services.chassis.runnable import (
    EXIT_FAILED,
    Health,
    PartFailed,
    PartStuck,
    Readiness,
    Runnable,
    run,
    sleep_until,
)
from tests.support.waiting import until


class Recorded:
    """A part that writes down what happens to it."""

    def __init__(self, name: str, told: list[str], fails: bool = False, deaf: bool = False) -> None:
        self.name = name
        self._told = told
        self._fails = fails
        self._deaf = deaf

    async def run(self, stop: asyncio.Event) -> None:
        self._told.append(f"start {self.name}")
        if self._fails:
            raise KeyError
        while self._deaf:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self._told.append(f"cancel {self.name}")
                return
        await stop.wait()
        self._told.append(f"stop {self.name}")

    def readiness(self) -> Readiness:
        return Readiness(not self._fails, "it fails" if self._fails else "")


async def test_parts_start_in_order_and_stop_in_reverse_and_then_things_are_closed() -> None:
    told: list[str] = []

    async def close() -> None:
        told.append("closed")

    runnable = Runnable("house", [Recorded(name, told) for name in "abc"], closing=[close])
    stop = asyncio.Event()
    running = asyncio.create_task(runnable.run(stop))
    await until(lambda: len(told) == 3)
    stop.set()
    await running
    assert told == ["start a", "start b", "start c", "stop c", "stop b", "stop a", "closed"]


async def test_a_part_that_fails_takes_the_others_with_it() -> None:
    told: list[str] = []
    runnable = Runnable("house", [Recorded("a", told), Recorded("b", told, fails=True)])
    async with asyncio.timeout(10):
        with pytest.raises(PartFailed, match="part b of house"):
            await runnable.run(asyncio.Event())
    assert told[-1] == "stop a"


async def test_a_part_that_does_not_stop_is_cancelled() -> None:
    told: list[str] = []
    runnable = Runnable("house", [Recorded("a", told, deaf=True)], stop_seconds=0.01)
    stop = asyncio.Event()
    stop.set()
    await runnable.run(stop)
    assert told == ["start a", "cancel a"]


async def test_all_parts_together_have_one_time_to_stop() -> None:
    told: list[str] = []
    names = ("a", "b", "c", "d")
    parts = [Recorded(name, told, deaf=True) for name in names]
    stop = asyncio.Event()
    stop.set()
    begun = time.monotonic()
    await Runnable("house", parts, stop_seconds=1.0).run(stop)
    assert time.monotonic() - begun < 3.0, "each after the first had what was left"
    assert told[-4:] == [f"cancel {name}" for name in reversed(names)]


def test_a_service_ends_by_itself_before_it_is_killed() -> None:
    limits, bus = Limits(), KafkaSettings(name="local", bootstrap="", client_id="")
    consumer = limits.drain_at_stop_seconds + limits.last_commit_seconds + limits.sweep_end_seconds
    assert limits.drain_at_stop_seconds <= 6.0
    assert consumer + 2 * bus.stop_seconds <= runnable_times.STOP_SECONDS <= 12.0
    times = (runnable_times.STOP_SECONDS, runnable_times.CANCEL_SECONDS)
    assert sum(times) + runnable_times.CLOSE_SECONDS < supervisor.STOP_SECONDS


def test_a_client_rests_before_it_looks_again_for_a_broker_that_is_away() -> None:
    """Aiokafka by itself rests a tenth of a second: a house whose broker is away took a core."""
    bus = KafkaSettings(name="local", bootstrap="", client_id="")
    assert bus.client()["retry_backoff_ms"] >= 500


async def test_a_part_that_cannot_be_cancelled_is_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.chassis.runnable.CANCEL_SECONDS", 0.01)
    free = asyncio.Event()

    class Stone(Recorded):
        async def run(self, stop: asyncio.Event) -> None:
            while not free.is_set():
                try:
                    await free.wait()
                except asyncio.CancelledError:
                    continue

    stop = asyncio.Event()
    stop.set()
    with pytest.raises(PartStuck, match="part stone"):
        await Runnable("house", [Stone("stone", [])], stop_seconds=0.01).run(stop)
    free.set()


async def test_runnables_nest_and_readiness_names_what_is_not_ready() -> None:
    inner = Runnable("inner", [Recorded("b", [], fails=True)])
    outer = Runnable("outer", [Recorded("a", []), inner])
    assert outer.readiness() == Readiness(False, "not ready: inner")
    with pytest.raises(Misuse):
        Health([Recorded("a", []), Recorded("a", [])])


async def test_waiting_ends_at_once_when_asked_to_stop() -> None:
    stop = asyncio.Event()
    assert not await sleep_until(stop, 0.001)
    stop.set()
    assert await sleep_until(stop, 1000)


class Settings(ServiceSettings):
    service: str = "house"


def forked(outcome: str, folder: str) -> None:
    environment = {
        "NRM_HOUSE__NODE": "node-one",
        "NRM_HOUSE__DATABASE_URL": "postgresql://nobody@/nothing",
        "NRM_HOUSE__DATABASE_SCHEMA": "house",
        "NRM_HOUSE__PORT": "0",
        "NRM_HOUSE__STATE_DIR": folder,
    }

    class Marks(Recorded):
        async def run(self, stop: asyncio.Event) -> None:
            told = Path(folder, "running.new")
            told.write_text(f"{gc.get_threshold()}")  # noqa: ASYNC240 - tells the parent, once
            told.rename(Path(folder, "running"))  # noqa: ASYNC240
            await super().run(stop)

    async def build(settings: Settings) -> Runnable:
        return Runnable(settings.service, [Marks("a", [], fails=outcome == "fails")])

    run(build, Settings, {} if outcome == "unset" else environment)


@pytest.mark.parametrize(("outcome", "code"), [("runs", 0), ("fails", EXIT_FAILED), ("unset", 2)])
async def test_a_forked_process_runs_until_its_signal_and_says_how_it_ended(
    tmp_path: Path, outcome: str, code: int
) -> None:
    process = multiprocessing.get_context("fork").Process(
        target=forked, args=(outcome, str(tmp_path))
    )
    process.start()
    assert process.pid is not None
    if outcome == "runs":
        await until((tmp_path / "running").exists)
        assert (tmp_path / "running").read_text() == f"{RARELY}"
        os.kill(process.pid, signal.SIGTERM)
    process.join(20)
    assert process.exitcode == code
