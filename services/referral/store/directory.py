"""The directory file of the node, read again when it changes. What is refused is told, not guessed.

Whoever replaces the file does it in one step (`nrm directory import`); one that cannot be read
leaves what was read before: help must not wait for a slip of the pen.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import yaml

from services.chassis.errors import SettingsWrong
from services.chassis.logs import logger
from services.chassis.plain import Word
from services.chassis.runnable import Readiness
from services.referral.domain.listings import Directory, Listing, read_directory

LOOK_SECONDS: Final = 2.0
REASONS_LIMIT: Final = 20
log = logger(__name__)


def load_directory(path: Path) -> Directory:
    """Every good record of the file; SettingsWrong only when there is no file that can be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise SettingsWrong("the directory file cannot be read") from None
    return read_directory(_parsed(text))


class DirectoryFile:
    """The directory as the file says now; see ``services.chassis.runnable.Part``."""

    name = "directory"

    def __init__(self, path: Path, load: Callable[[Path], Directory] = load_directory) -> None:
        self._path = path
        self._load = load
        self._stamp = self._stamp_now()
        self._read = True
        self.now = load(path)
        _tell(self.now)

    def of_type(self, service_type: str) -> tuple[Listing, ...]:
        """Every listed service of a type, now."""
        return self.now.of_type(service_type)

    def listing(self, service_id: str | None) -> Listing | None:
        """The service of that id, now."""
        return self.now.listing(service_id)

    def phone_of(self, agency: str) -> str | None:
        """Where the agency is called, now."""
        return self.now.phone_of(agency)

    def look(self) -> bool:
        """Read the file if it changed; whether it did."""
        stamp = self._stamp_now()
        if stamp == self._stamp:
            return False
        try:
            found = self._load(self._path)
        except SettingsWrong as wrong:
            self._read = False
            log.warning("the directory stays as it was", error=wrong)
            return False
        self.now, self._stamp, self._read = found, stamp, True
        log.info("the directory was read again", count=len(found.listings))
        _tell(found)
        return True

    def readiness(self) -> Readiness:
        """Always ready: an older directory is better than none."""
        return Readiness(True, "" if self._read else "the directory file cannot be read")

    async def run(self, stop: asyncio.Event) -> None:
        """Look again and again until ``stop``, off the loop: ten thousand records take a second."""
        while not stop.is_set():
            await asyncio.to_thread(self.look)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await stop.wait()

    def _stamp_now(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def _parsed(text: str) -> Any:
    """JSON, which is quick; else YAML, which a person writes."""
    try:
        if text.lstrip().startswith("{"):
            return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, RecursionError):
        raise SettingsWrong("the directory file is not YAML") from None


def _tell(directory: Directory) -> None:
    for record in directory.refused[:REASONS_LIMIT]:
        log.warning(
            "a directory record is refused",
            count=record.place,
            reason=Word(" ".join(record.reasons)),
        )
