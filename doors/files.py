"""Files that a door writes: whole or not at all, for their owner alone, with nothing to compute."""

import os
import secrets
from pathlib import Path
from typing import Final

_COMPUTED: Final = ("=", "+", "-", "@", "\t", "\r")


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (a column may be called anything)."""
    return f"'{cell}" if cell.startswith(_COMPUTED) else cell


def write_whole(path: Path, document: bytes) -> None:
    """Write beside it, make it safe on the disk, then give it its name."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beginning = path.with_name(f".{path.name}-{secrets.token_hex(4)}.part")
    with os.fdopen(os.open(beginning, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(document)
        file.flush()
        os.fsync(file.fileno())
    beginning.replace(path)
