"""Ids that are always the same for the same row, and that say nothing to whoever has not the key.

An id made of a file number alone could be found again by trying all file numbers. These are made
with a secret that stays in the agency's own door folder. Who loses it, makes other ids: then rows
that were sent before count as new, so the folder belongs into the backup.
"""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

from doors.failures import DoorFailure

KEY_FILE: Final = "key"
KEY_BYTES: Final = 32
VERSION: Final = 4


@dataclass(frozen=True, slots=True)
class DoorKey:
    """The secret of one door."""

    secret: bytes = field(repr=False)

    def id_of(self, *words: str) -> UUID:
        """The UUID that these words have under this key; it looks like any random one."""
        return UUID(bytes=self._digest(*words)[:16], version=VERSION)

    def mark_of(self, *words: str) -> str:
        """What stands for the words in a file of ours: nobody reads them out of it."""
        return self._digest(*words).hex()

    def _digest(self, *words: str) -> bytes:
        told = b"".join(len(word.encode()).to_bytes(4, "big") + word.encode() for word in words)
        return hmac.new(self.secret, told, hashlib.sha256).digest()


def key_in(folder: Path) -> DoorKey:
    """The door's key; made at the first use, readable for its owner alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / KEY_FILE
    if not path.exists():
        _write_first(path)
    secret = path.read_bytes()
    if len(secret) != KEY_BYTES:
        raise DoorFailure(
            f"{path} is no key of a door: bring it back from the backup. A new key would make "
            "other ids, and every row would count as new."
        )
    return DoorKey(secret)


def _write_first(path: Path) -> None:
    """Whole or not at all, and never over one that another process made meanwhile."""
    beginning = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    with os.fdopen(os.open(beginning, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(beginning)
    except FileExistsError:
        pass
    finally:
        beginning.unlink()
