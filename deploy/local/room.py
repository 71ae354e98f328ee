"""Room on the disk: how much is left where the stack writes, and a reserve that gives some back.

The reserve is a file of nothing that is kept while there is room. On a full disk an operator
deletes it, and broker and database can start and write before anything larger is found. Nothing
else may ever be deleted here.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from deploy.local.layout import StateFolder

FREE_BYTES = 2**30
"""Less than this is too little to go on for a night."""
STARVED_BYTES = 2**26
"""Less than this is nothing: a database wants 16 MiB at once for its log, a broker 10."""
RESERVE_BYTES = 2**27


def free_bytes(folder: Path) -> int:
    """How much may still be written there."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def fullest(state: StateFolder) -> tuple[int, str]:
    """The least room of all folders of a state, and which folder has it."""
    folders = {"the state folder": state.root}
    if state.root.exists():
        folders |= {path.name: path for path in _folders(state.root)}
    return min((free_bytes(path), name) for name, path in folders.items())


def _folders(root: Path) -> Iterator[Path]:
    """Those of the state and of its servers: each may be a disk of its own."""
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        yield folder
        with suppress(OSError):
            yield from sorted(path for path in folder.iterdir() if path.is_dir())


def keep_reserve(state: StateFolder) -> None:
    """Make the reserve when it is not there and the disk has room enough beside it."""
    path = state.reserve
    if path.exists() or free_bytes(state.root) < FREE_BYTES + RESERVE_BYTES:
        return
    beside = path.with_suffix(".new")
    try:
        with beside.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, RESERVE_BYTES)
        beside.rename(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
