"""What agencies are called: as the directory calls them in the language of the page, else by its
one name, else by the registry's own word.

The only thing that the pages keep of an answer, for a while and in memory: names of agencies are
known to everybody and are about nobody. Asked with the rights of whoever looks.
"""

from collections.abc import Mapping
from typing import Any, Final

from console.calling import Services
from console.sessions import Session
from services.chassis.clock import Clock
from services.chassis.errors import NrmError

KEPT_SECONDS: Final = 300.0
AGAIN_SECONDS: Final = 30.0
"""How soon is asked again after nobody could say."""
IN_ANY: Final = ""
"""Beside the languages: the name that the directory has of an agency without saying in which."""


class Agencies:
    """The names that this process knows."""

    def __init__(self, services: Services, clock: Clock) -> None:
        self._services = services
        self._clock = clock
        self._names: Mapping[str, Mapping[str, str]] = {}
        self._until = clock.monotonic()

    async def look(self, session: Session) -> None:
        """Ask for the names if they are old; a page never waits for them twice, nor fails."""
        now = self._clock.monotonic()
        if now < self._until:
            return
        self._until = now + AGAIN_SECONDS
        try:
            told = await self._services.get(session, "gateway", "/v1/participants")
        except NrmError:
            return
        self._names = {row["node"]: _names_of(row) for row in told}
        self._until = now + KEPT_SECONDS

    def called(self, node: str, language: str) -> str:
        """The agency's name in that language, its one name, or what the registry calls it."""
        names = self._names.get(node, {})
        return names.get(language) or names.get(IN_ANY) or node

    def in_full(self, node: str, language: str) -> str:
        """The name with what the registry calls it: two agencies may have one name, and a directory
        is somebody else's file. For wherever it is decided who hears of a person.
        """
        name = self.called(node, language)
        return node if name == node else f"{name} ({node})"


def _names_of(row: Mapping[str, Any]) -> Mapping[str, str]:
    return {IN_ANY: row.get("name") or "", **(row.get("names") or {})}
