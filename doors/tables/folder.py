"""A folder that is watched: what is laid into it goes to the node, and a result file comes back.

A file is taken only when it is complete: it kept its size and time between two looks, no program
holds a lock file beside it, and its end is one. It stays where it is until its result is on the
disk; then it moves into `done` (or `refused` when the file as a whole could not be read). Whoever
is interrupted finds the file where it was and begins it again: nothing twice, nothing lost.
"""

import asyncio
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from doors.failures import FileRefused, NodeAway
from doors.identifiers import DoorKey
from doors.node import Node
from doors.tables.mapping import MappingFile
from doors.tables.reading import document_of, rows_of
from doors.tables.results import Outcome, RowResult, write_results
from doors.tables.rows import Remark
from doors.tables.sending import sender_of

ENDINGS: Final = (".csv", ".xlsx")
RESULTS: Final = "results"
DONE: Final = "done"
REFUSED: Final = "refused"
SECONDS: Final = 5.0
LOOKS_WITHOUT_END: Final = 12
"""So many quiet looks at a CSV without a last line's end before it is believed to be whole."""
_LOCKS: Final = ("~$", ".~lock.", ".")
Look = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Processed:
    """One file: its results, or why it was refused as a whole; ``finished``: it moved away."""

    name: str
    results: tuple[RowResult, ...] = ()
    refused: FileRefused | None = None
    finished: bool = True


@dataclass(frozen=True, kw_only=True)
class Drop:
    """A folder, the mapping of its files, and where they go."""

    folder: Path
    mapping: MappingFile
    node: Node
    key: DoorKey
    door: Path

    async def process(self, path: Path) -> Processed:
        """Send one file, write its result, move it away; one that still waits stays."""
        try:
            document = document_of(path)
            reader = rows_of(document, self.mapping, self.key)
        except FileRefused as refused:
            self._finish(path, (_file_result(refused),), REFUSED)
            return Processed(name=path.name, refused=refused)
        sender = sender_of(self.node, self.mapping, self.key, self.door)
        results = tuple([result async for result in sender.send(reader)])
        if any(each.outcome is Outcome.WAITING for each in results):
            return Processed(name=path.name, results=results, finished=False)
        if document_of(path) != document:  # somebody went on writing: its rest comes next time
            return Processed(name=path.name, results=results, finished=False)
        self._finish(path, results, DONE)
        return Processed(name=path.name, results=results)

    def _finish(self, path: Path, results: tuple[RowResult, ...], into: str) -> None:
        """Result first: a crash between the two writes the same result again."""
        place = _free_name(self.folder / into, path.name)
        write_results(self.folder / RESULTS / f"{place.name}.result.csv", results)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        path.rename(place)


class Watcher:
    """Looks at a folder again and again: one look at a time, so that nobody need wait."""

    def __init__(self, drop: Drop) -> None:
        self._drop = drop
        self._looks: dict[str, tuple[Look, int]] = {}

    async def look(self) -> AsyncIterator[Processed]:
        """Process what has become complete since the last look; NodeAway ends the look."""
        there = sorted(path for path in self._drop.folder.iterdir() if is_dropped(path))
        for name in self._looks.keys() - {path.name for path in there}:
            del self._looks[name]
        for path in there:
            if self._is_quiet(path):
                yield await self._drop.process(path)

    async def complete(self) -> AsyncIterator[Processed]:
        """What lies there now, each once; what has no end yet is only told."""
        for path in sorted(filter(is_dropped, self._drop.folder.iterdir())):
            if has_an_end(path):
                yield await self._drop.process(path)
            else:
                yield Processed(name=path.name, finished=False)

    async def watch(self) -> AsyncIterator[Processed | NodeAway]:
        """For ever."""
        while True:
            try:
                async for processed in self.look():
                    yield processed
            except NodeAway as away:
                yield away
            await asyncio.sleep(SECONDS)

    def _is_quiet(self, path: Path) -> bool:
        status = path.stat()
        seen: Look = (status.st_size, status.st_mtime_ns)
        before, quiet = self._looks.get(path.name, (None, 0))
        quiet = quiet + 1 if before == seen else 0
        self._looks[path.name] = (seen, quiet)
        return quiet >= (1 if has_an_end(path) else LOOKS_WITHOUT_END)


def is_dropped(path: Path) -> bool:
    """Whether it is a table that no program holds open; names that begin with a dot are ours."""
    name = path.name
    if not name.lower().endswith(ENDINGS) or name.startswith(_LOCKS) or path.is_symlink():
        return False
    locks = (path.with_name(f"~${name}"), path.with_name(f".~lock.{name}#"))
    return path.is_file() and not any(lock.exists() for lock in locks)


def has_an_end(path: Path) -> bool:
    """A workbook's list of parts stands at its end; a CSV's last line ends."""
    if path.suffix.lower() == ".xlsx":
        return zipfile.is_zipfile(path)
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 1))
        return file.read(1) in (b"\n", b"\r")


def _free_name(folder: Path, name: str) -> Path:
    """A name that covers nothing: the same file dropped again keeps its first result."""
    stem, suffix = Path(name).stem, Path(name).suffix
    place, number = folder / name, 1
    while place.exists():
        number += 1
        place = folder / f"{stem}-{number}{suffix}"
    return place


def _file_result(refused: FileRefused) -> RowResult:
    remarks = tuple(Remark(refused.code, column) for column in refused.columns)
    return RowResult(number=0, outcome=Outcome.REFUSED, reasons=remarks or (Remark(refused.code),))
