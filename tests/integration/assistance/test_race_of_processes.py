"""Two agencies never get the last bed, also when many processes ask the same PostgreSQL at once.

In `make test` a sample of the race; 10,000 attempts in the long tests, with the figures printed.
"""

import asyncio
import json
import os
import sys
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from tests.integration.assistance.events import a_pool_of
from tests.integration.assistance.test_last_bed import WINNERS, overbooked
from tests.support.service_bench import Bench

PROCESSES = 8
SECONDS = 1500.0
ATTEMPTS = int(os.environ.get("NRM_RACE_ATTEMPTS", "10000"))


@dataclass(frozen=True)
class Race:
    """So many attempts for so many last beds, by so many processes."""

    processes: int
    attempts: int
    beds: int


async def run(bench: Bench, race: Race) -> int:
    """Start every process, wait for all; how many attempts they made."""

    url = bench.frame.settings.database_url

    async def one(first: int) -> int:
        asked = {
            "port": bench.postgres.port,
            "database": bench.postgres.database,
            "role": urlsplit(url.get_secret_value()).username,
            "first": first,
            "step": race.processes,
            "attempts": race.attempts,
            "beds": race.beds,
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.integration.assistance.racer",
            json.dumps(asked),
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            said, _ = await asyncio.wait_for(process.communicate(), SECONDS)
        finally:
            if process.returncode is None:
                process.kill()
        assert process.returncode == 0
        return int(json.loads(said)["attempts"])

    return sum(await asyncio.gather(*(one(first) for first in range(race.processes))))


async def all_raced(bench: Bench, race: Race) -> None:
    for bed in range(race.beds):
        await a_pool_of(bench, 1, service_type=f"room-{bed}")
    began = time.monotonic()
    assert await run(bench, race) == race.attempts
    seconds = time.monotonic() - began
    assert await overbooked(bench) == []
    rows = await bench.rows(WINNERS)
    assert [(row["kept"], row["held"], row["available"]) for row in rows] == [(1, 1, 0)] * race.beds
    told = [each.kind for each in await bench.told("capacity")]
    assert told.count("hold-placed") == race.beds
    assert told.count("hold-refused") == race.attempts - race.beds
    sys.stderr.write(
        f"\n{race.attempts} attempts by {race.processes} processes for {race.beds} last beds in"
        f" {seconds:.0f} s: {told.count('hold-placed')} won, {told.count('hold-refused')} lost,"
        " 0 overbooked\n"
    )


async def test_of_many_processes_one_gets_each_last_bed(provider: Bench) -> None:
    await all_raced(provider, Race(processes=2, attempts=120, beds=12))


@pytest.mark.long
async def test_ten_thousand_attempts_by_many_processes_have_one_winner_a_bed(
    provider: Bench,
) -> None:
    await all_raced(provider, Race(processes=PROCESSES, attempts=ATTEMPTS, beds=100))
