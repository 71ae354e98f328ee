"""The state folder: where the embedded stack keeps everything that it writes.

Nothing of a stack is outside its folder but the broker's jars, which all stacks share.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.failures import as_sentence
from deploy.local.processes import write_whole

REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULT_STATE = REPOSITORY / ".nrm" / "local"


@dataclass(frozen=True)
class StateFolder:
    """Every path below one state folder, by name."""

    root: Path

    @property
    def postgres(self) -> Path:
        """Return the database's folder."""
        return self.root / "postgres"

    @property
    def logs(self) -> Path:
        """Return the folder of `<node>.<service>.log`."""
        return self.root / "logs"

    @property
    def spans(self) -> Path:
        """Return the folder of `<node>.<service>.jsonl`, written by the services."""
        return self.root / "spans"

    @property
    def tokens(self) -> Path:
        """Return the folder of bearer tokens, by node; mode 0700."""
        return self.root / "tokens"

    @property
    def keys(self) -> Path:
        """Return the folder of the nodes' key files; mode 0700."""
        return self.root / "keys"

    @property
    def credentials(self) -> Path:
        """Return the file of database passwords; mode 0600."""
        return self.root / "credentials.json"

    @property
    def held(self) -> Path:
        """Return the folder of hold marks: a unit with one is not started."""
        return self.root / "held"

    @property
    def clock(self) -> Path:
        """Return the business clock's file: an offset in seconds."""
        return self.root / "business" / "clock"

    @property
    def directory(self) -> Path:
        """Return the directory of services: that of the nodes file, or an imported one."""
        return self.root / "directory.yaml"

    def show_directory(self, given: Path) -> None:
        """Let the directory be ``given``, unless somebody imported another one."""
        if self.directory.is_symlink() or not self.directory.exists():
            self.directory.unlink(missing_ok=True)
            if given.exists():
                self.directory.symlink_to(given.absolute())

    @property
    def reserve(self) -> Path:
        """Return the file of nothing that an operator deletes on a full disk."""
        return self.root / "reserve"

    @property
    def stack(self) -> Path:
        """Return the file of addresses and of how the stack was started."""
        return self.root / "stack.json"

    @property
    def processes(self) -> Path:
        """Return the supervisor's file of who runs."""
        return self.root / "processes.json"

    @property
    def supervisor_identity(self) -> Path:
        """Return the file of the supervisor's identity."""
        return self.root / "supervisor.pid"

    @property
    def supervisor_lock(self) -> Path:
        """Return the file that a living supervisor keeps locked."""
        return self.root / "supervisor.lock"

    @property
    def failure(self) -> Path:
        """Return the file with the sentence of a start that failed."""
        return self.root / "failure"

    def broker(self, name: str) -> Path:
        """Return the folder of one broker, by the name of its process."""
        return self.root / name

    def log_of(self, name: str) -> Path:
        """Return the log of one unit, `supervisor` or `setup`."""
        return self.logs / f"{name}.log"

    def failpoint_of(self, name: str) -> Path:
        """Return the file that arms a failpoint for the next life of one unit (demo only)."""
        return self.root / "failpoints" / name

    def make(self) -> None:
        """Make the folders; the secret ones only for the owner."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            for folder in (
                self.logs,
                self.spans,
                self.held,
                self.clock.parent,
                self.root / "failpoints",
            ):
                folder.mkdir(exist_ok=True)
            for folder in (self.tokens, self.keys):
                folder.mkdir(mode=0o700, exist_ok=True)
            probe = self.root / f".write.{os.getpid()}"
            probe.write_bytes(b"0" * 4096)
            probe.unlink()
        except OSError as error:
            raise as_sentence(error, doing="the state folder") from error


def read_json(path: Path) -> dict[str, Any]:
    """Read a file of ours; empty when it is not there or not whole."""
    try:
        return dict(json.loads(path.read_text()))
    except (FileNotFoundError, ValueError):
        return {}


def write_json(path: Path, content: object) -> None:
    """Write a file of ours in one step, readable by the owner only."""
    try:
        write_whole(path, json.dumps(content, indent=1))
    except OSError as error:
        raise as_sentence(error, doing=path.name) from error
