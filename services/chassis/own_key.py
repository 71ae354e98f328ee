"""Whether the node's key file is still the one with which this schema was sealed.

At the first start a sealed probe is kept in the schema, one for each key that ever seals. A file
that can be read proves nothing: the probes must open with it, and its digests must be the same.
With another key nothing old would open, repeats would look new and ids would change, so a service
does not start with it; one that runs is not ready while the file on the disk is another. No key
and no byte of one may leave this file.
"""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sqlalchemy import text

from services.chassis.cipher import KeyRing
from services.chassis.database import Database, Record, Statement, Transaction
from services.chassis.errors import CannotOpen, InfrastructureFailure, SettingsWrong
from services.chassis.runnable import Readiness, sleep_until

LOOK_SECONDS: Final = 10.0
KEY_FILE_UNREADABLE: Final = (
    "key-file-unreadable: put the node's key file back from its backup, chmod 600;"
    " restart nothing that runs: the right key is in its memory"
)
KEY_FILE_IS_ANOTHER: Final = (
    "key-file-is-another: what is sealed here does not open with it;"
    " put the node's key file back from its backup, chmod 600;"
    " restart nothing that runs: the right key is in its memory"
)
_PLAIN: Final = b"own key opens"
_CONTEXT: Final = b"key probe"
SELECT_PROBES: Final = "SELECT key_id, sealed, digest FROM key_probe ORDER BY kept_at, key_id"
_KEPT: Final = Statement(text(SELECT_PROBES))
_KEEP: Final = Statement(
    text(
        "INSERT INTO key_probe (key_id, sealed, digest) VALUES (:key_id, :sealed, :digest)"
        " ON CONFLICT DO NOTHING"
    )
)


def opens(keys: KeyRing, probes: Iterable[Record]) -> bool:
    """Whether every kept probe opens with these keys, and the digests are the same."""
    try:
        opened = [
            keys.open(probe["sealed"], _CONTEXT) == _PLAIN
            and probe["digest"] == keys.digest(_PLAIN)
            for probe in probes
        ]
    except CannotOpen:
        return False
    return all(opened)


async def prove(database: Database, keys: KeyRing) -> None:
    """Open every kept probe and keep one of the current key; SettingsWrong for another key."""
    async with database.transaction() as tx:
        known = {probe["key_id"] for probe in await _proved(tx, keys)}
        if keys.current in known:
            return
        sealed = keys.seal(_PLAIN, _CONTEXT)
        await tx.execute(_KEEP, key_id=keys.current, sealed=sealed, digest=keys.digest(_PLAIN))
        await _proved(tx, keys)


async def look(database: Database, keys: KeyRing) -> None:
    """Open every kept probe; keeps none, as what runs still seals with the key it began with."""
    async with database.transaction() as tx:
        await _proved(tx, keys)


async def _proved(tx: Transaction, keys: KeyRing) -> list[Record]:
    probes = await tx.fetch(_KEPT)
    if not opens(keys, probes):
        raise SettingsWrong(KEY_FILE_IS_ANOTHER)
    return probes


class OwnKey:
    """Looks at the key file again and again: a part of the process."""

    name = "own key"

    def __init__(
        self, database: Database, key_file: Path, look_seconds: float = LOOK_SECONDS
    ) -> None:
        self._database = database
        self._key_file = key_file
        self._seconds = look_seconds
        self._readiness = Readiness(False, "has not looked yet")

    def readiness(self) -> Readiness:
        """Ready when the file, as it is now, opens what was sealed here."""
        return self._readiness

    async def run(self, stop: asyncio.Event) -> None:
        """Look until ``stop``."""
        while not stop.is_set():
            await self._look()
            await sleep_until(stop, self._seconds)

    async def _look(self) -> None:
        try:
            await look(self._database, KeyRing.from_file(self._key_file))
        except InfrastructureFailure:
            return
        except SettingsWrong as wrong:
            said = str(wrong)
            known = said if said == KEY_FILE_IS_ANOTHER else KEY_FILE_UNREADABLE
            self._readiness = Readiness(False, known)
        else:
            self._readiness = Readiness(True)
