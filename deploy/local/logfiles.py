"""A bound on every log of the stack: a file that grew too large moves aside, one old one is kept.

The process that writes keeps its file open, so the text is copied and the file is emptied; lines
written in between may be lost, which a log may and an event may not.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import IO

LARGEST_BYTES = 10 * 2**20


def bound_all(folder: Path, *others: Path, largest: int = LARGEST_BYTES) -> None:
    """Bound every log in the folder, and these; who writes them must append.

    On a full disk the old text goes, not the bound.
    """
    for path in (*folder.glob("*.log"), *folder.glob("*.out"), *others):
        if path.exists() and path.stat().st_size > largest:
            older = path.with_name(f"{path.name}.1")
            try:
                shutil.copyfile(path, older)
            except OSError:
                older.unlink(missing_ok=True)
            os.truncate(path, 0)


def emptied(path: Path) -> IO[bytes]:
    """Open a log anew, to append: a program that does not leaves a hole where it was emptied."""
    path.write_bytes(b"")
    return path.open("ab")


def last_lines(path: Path, count: int) -> list[str]:
    """Return the last lines of a log; none when there is no log."""
    try:
        return path.read_text(errors="replace").splitlines()[-count:]
    except FileNotFoundError:
        return []
