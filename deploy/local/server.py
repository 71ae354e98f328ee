"""One server in a folder: how every server of the embedded stack is started, awaited and ended.

What a broker and a database have in common, and nothing of what either is. The process is known by
its identity, so that a server which somebody else's code started is found again and nobody else is
ever signalled.
"""

from __future__ import annotations

import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from deploy.local.failures import NotReady, PortTaken, StackFailure
from deploy.local.processes import ProcessIdentity, read_identity, write_identity

STOP_SECONDS = 20.0
START_ATTEMPTS = 4
AGAIN_SECONDS = 0.2  # before another attempt
MADE = "made"  # in its folder once its files were made


class StillInUse(StackFailure):
    """What a killed server left has not all gone yet."""


@dataclass
class Server(ABC):
    """A server whose files are all in one folder; what it listens on is remembered there."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    moved_from: int | None = field(default=None, init=False)
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    NAME: ClassVar[str]  # as a sentence calls it
    PID_FILE: ClassVar[str]
    LOG: ClassVar[str]
    OUTPUT: ClassVar[str]
    STOP_SIGNAL: ClassVar[signal.Signals]
    READY_SECONDS: ClassVar[float]
    POLL_SECONDS: ClassVar[float]
    NO_ANSWER: ClassVar[str]  # what it did not do in time

    @abstractmethod
    def prepare(self) -> None:
        """Choose ports and make the files that it needs."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it serves clients now."""

    @abstractmethod
    def why_not_ready(self) -> StackFailure:
        """Read from its log why it is not there, as a sentence."""

    @abstractmethod
    def _launch(self) -> subprocess.Popen[bytes]:
        """Start the program."""

    @property
    def log(self) -> Path:
        """Return what it writes about itself."""
        return self.folder / self.LOG

    @property
    def output(self) -> Path:
        """Return what it prints."""
        return self.folder / self.OUTPUT

    @property
    def identity(self) -> ProcessIdentity | None:
        """Return who was started last, alive or not."""
        return read_identity(self.folder / self.PID_FILE)

    def running(self) -> bool:
        """Whether the process that was started last still lives."""
        if self._child is not None and self._child.poll() is not None:
            return False
        identity = self.identity
        return identity is not None and identity.alive()

    def start(self) -> Self:
        """Start it unless it runs, and wait until it serves clients."""
        for attempt in range(1, START_ATTEMPTS + 1):
            if not self.running():
                self.prepare()
                self.spawn()
            try:
                self.wait_ready()
            except (PortTaken, StillInUse):
                if attempt == START_ATTEMPTS:
                    raise
                time.sleep(AGAIN_SECONDS)
            else:
                break
        return self

    def spawn(self) -> ProcessIdentity:
        """Start the process without waiting for it; it dies with this process."""
        self._child = self._launch()
        identity = ProcessIdentity.of(self._child.pid)
        if identity is None:
            raise NotReady(f"{self.NAME} ended at once: see {self.output}.")
        write_identity(self.folder / self.PID_FILE, identity)
        return identity

    def wait_ready(self) -> None:
        """Wait until it serves clients; say why when the process ends before."""
        deadline = time.monotonic() + self.READY_SECONDS
        while time.monotonic() < deadline:
            if not self.running():
                why = self.why_not_ready()
                self._reap()
                raise why
            if self.answers():
                return
            time.sleep(self.POLL_SECONDS)
        raise NotReady(
            f"{self.NAME} {self.NO_ANSWER} within {self.READY_SECONDS:.0f} s: see {self.log}."
        )

    def stop(self) -> None:
        """Stop it in order; kill it when it takes too long."""
        identity = self.identity
        if identity is not None:
            identity.end(gently=self.STOP_SIGNAL, seconds=STOP_SECONDS)
        self._reap()

    def kill(self) -> None:
        """End it at once, as a power cut of the process would (SIGKILL)."""
        identity = self.identity
        if identity is not None and identity.send(signal.SIGKILL):
            identity.wait(STOP_SECONDS)
        self._reap()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def _made_before(self, there: Path, what: str) -> bool:
        """Whether its files were made; files that were and are gone are never made anew.

        They may be on a disk that is not mounted, and new ones would be empty.
        """
        if there.exists():
            self._mark_made()
            return True
        if (self.folder / MADE).exists():
            raise StackFailure(
                f"{self.NAME}'s {what} are gone from {there.parent}: is their disk mounted? Put"
                " them back; new ones would be empty, so none are made."
            )
        return False

    def _mark_made(self) -> None:
        (self.folder / MADE).touch()

    def _reap(self) -> None:
        if self._child is not None:
            self._child.wait(STOP_SECONDS)
            self._child = None
        (self.folder / self.PID_FILE).unlink(missing_ok=True)
