"""Who waits in this process for a final answer. A wake-up only: the truth is in the table.

Another process may have read the answer; so whoever waits also looks again after a while. Nothing
but ids is kept, and no more of them than the limit.
"""

import asyncio
from typing import Final
from uuid import UUID

LOOK_AGAIN_SECONDS: Final = 1.0


class AnswerBoard:
    """Waiters by intake id."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: dict[UUID, list[asyncio.Event]] = {}
        self._count = 0

    def enter(self, intake_id: UUID) -> asyncio.Event | None:
        """A bell for this answer; None when too many wait already."""
        if self._count >= self._limit:
            return None
        self._count += 1
        bell = asyncio.Event()
        self._waiting.setdefault(intake_id, []).append(bell)
        return bell

    def leave(self, intake_id: UUID, bell: asyncio.Event) -> None:
        """Nobody waits at this bell any more."""
        bells = self._waiting.get(intake_id, [])
        bells.remove(bell)
        self._count -= 1
        if not bells:
            self._waiting.pop(intake_id, None)

    def ring(self, intake_id: UUID) -> None:
        """The answer is in the table: committed, so it can be read."""
        for bell in self._waiting.get(intake_id, ()):
            bell.set()
