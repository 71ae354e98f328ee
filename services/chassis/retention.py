"""What a service forgets by age: a bounded batch at a time, never by a clock that jumped.

Each ``Keep`` names what is kept how long, with the statement that deletes the oldest of it. What
must be kept for ever has no ``Keep``; ``docs/reference/retention.md`` lists both. A statement may
only look at how old a row is and at whether anything still needs it, never at what it says.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text

from services.chassis.clock import Clock, JumpWatch
from services.chassis.database import Database, Statement
from services.chassis.errors import InfrastructureFailure, StatementRefused, backoff_seconds
from services.chassis.logs import logger
from services.chassis.runnable import Readiness

log = logger(__name__)
LOOK_SECONDS: Final = 3600.0
BATCH: Final = 1_000
BATCHES_EACH_LOOK: Final = 100
FAILURES_UNREADY: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """``statement`` deletes ``many`` rows at most that are older than ``before``."""

    name: str
    kept: timedelta
    statement: Statement


def older_than(table: str, column: str) -> Statement:
    """Deletes rows of ``table`` by the age of ``column``: both are names of ours."""
    return Statement(
        text(
            f"DELETE FROM {table} WHERE ctid = ANY (ARRAY("  # noqa: S608 - names of ours
            f"SELECT ctid FROM {table} WHERE {column} < :before LIMIT :many))"
        )
    )


TRACES: Final = older_than("subject_trace", "seen_at")


class Retention:
    """Forgets, again and again; see ``services.chassis.runnable.Part``."""

    name = "retention"

    def __init__(self, database: Database, clock: Clock, keeps: Sequence[Keep]) -> None:
        self._database = database
        self._clock = clock
        self._keeps = tuple(keeps)
        self._jump = JumpWatch(clock)
        self._failures = 0

    def readiness(self) -> Readiness:
        """Whether what is too old goes away."""
        failing = self._failures >= FAILURES_UNREADY
        return Readiness(not failing, "what is too old cannot be deleted" if failing else "")

    async def run(self, stop: asyncio.Event) -> None:
        """Forget until ``stop``."""
        while not stop.is_set():
            try:
                await self.forget()
                self._failures = 0
            except (InfrastructureFailure, StatementRefused) as failure:
                self._failures += 1
                log.warning("retention waits", kind="retention", error=failure)
            seconds = backoff_seconds(self._failures) or LOOK_SECONDS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await stop.wait()

    async def forget(self) -> dict[str, int]:
        """One look: how many rows of each went away. None at all while the clock is in doubt.

        What the database refuses to delete keeps nothing else from being deleted, and is raised
        at the end: the process goes on, not ready.
        """
        if self._jump.jumped():
            return {}
        now = self._clock.wall()
        gone: dict[str, int] = {}
        refusals: list[StatementRefused] = []
        for keep in self._keeps:
            try:
                gone[keep.name] = await self._forget(keep, now - keep.kept)
            except StatementRefused as refused:
                refusals.append(refused)
        if refusals:
            raise refusals[0]
        return gone

    async def _forget(self, keep: Keep, before: datetime) -> int:
        gone = 0
        for _ in range(BATCHES_EACH_LOOK):
            async with self._database.transaction() as tx:
                many = await tx.execute(keep.statement, before=before, many=BATCH)
            gone += many
            if many < BATCH:
                break
        return gone
