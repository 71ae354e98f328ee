"""Looks at what comes in and tells whoever is on duty; a part of the console's process.

It reads the gateway's ``/v1/incoming`` with a token of its own that may do nothing else, and keeps
one number: how far it has read. What comes twice after a crash is a second sentence without a word.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import httpx

from console.notices.duty import Turn, is_an_emergency, is_worth_a_notice
from console.notices.sending import Way
from services.chassis.clock import Clock
from services.chassis.errors import InfrastructureFailure, backoff_seconds
from services.chassis.logs import logger
from services.chassis.runnable import Readiness, sleep_until

PAGE: Final = 200
PAGES_AT_ONCE: Final = 50

log = logger(__name__)


class Feed:
    """News of the node, from where this reader stands."""

    def __init__(self, client: httpx.AsyncClient, address: str, token: str, mark: Path) -> None:
        self._client = client
        self._address = address
        self._headers = {"authorization": f"Bearer {token}"}
        self._mark = mark
        self._after: int | None = None

    async def news(self) -> list[dict[str, Any]]:
        """What came since the last look; the first look of all passes over what is there."""
        first = self._after is None and not self._mark.exists()
        if self._after is None:
            self._after = self._marked()
        found: list[dict[str, Any]] = []
        after = self._after
        for _ in range(PAGES_AT_ONCE):
            page = await self._page(after)
            found += page["incoming"]
            after = page["next"]
            if len(page["incoming"]) < PAGE:
                break
        self._after = after  # only now: a page that fails takes those before it along
        return [] if first else found

    def remember(self) -> None:
        """Whoever had to be told was: go on from here, also after a crash."""
        if self._after is not None:
            beside = self._mark.with_suffix(".new")
            beside.write_text(str(self._after), encoding="ascii")
            beside.replace(self._mark)

    def _marked(self) -> int:
        with suppress(OSError, ValueError):
            return int(self._mark.read_text(encoding="ascii"))
        return 0

    async def _page(self, after: int) -> dict[str, Any]:
        try:
            answer = await self._client.get(
                f"{self._address}/v1/incoming",
                params={"after": after, "limit": PAGE},
                headers=self._headers,
            )
        except httpx.HTTPError:
            raise InfrastructureFailure("the gateway does not answer") from None
        if answer.status_code == 410:
            return {"incoming": [], "next": int(answer.headers.get("ask-after", "0"))}
        if answer.status_code != 200:
            raise InfrastructureFailure("the gateway shows no news")
        page: dict[str, Any] = answer.json()
        return page


class Notices:
    """The part: looks every so often, and tells."""

    name = "notices"

    def __init__(
        self,
        feed: Feed,
        turns: Sequence[Turn],
        ways: Mapping[str, Way],
        clock: Clock,
        seconds: float,
    ) -> None:
        self._feed = feed
        self._turns = turns
        self._ways = ways
        self._clock = clock
        self._seconds = seconds

    def readiness(self) -> Readiness:
        """Always: pages work without notices."""
        return Readiness(True, "")

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``."""
        failures = 0
        while not await sleep_until(stop, self._seconds + backoff_seconds(failures)):
            try:
                failures = 0 if await self.look() else failures + 1
            except InfrastructureFailure as error:
                failures += 1
                log.warning("notices cannot be looked for", error=error, count=failures)

    async def look(self) -> bool:
        """Look once and tell whoever is due; whether everything that was sent went."""
        for entry in await self._feed.news():
            if is_worth_a_notice(entry):
                for turn in self._turns:
                    turn.something_waits(emergency=is_an_emergency(entry))
        went = [await self._tell(turn) for turn in self._turns if turn.is_due(self._clock.now())]
        if not any(turn.waits for turn in self._turns):
            self._feed.remember()
        return all(went)

    async def _tell(self, turn: Turn) -> bool:
        try:
            await self._ways[turn.contact.by].send(turn.contact)
        except InfrastructureFailure as error:
            log.warning("a notice did not go", error=error)
            return False
        turn.was_told(self._clock.now())
        return True
