"""One Apache Kafka broker in a folder: KRaft, loopback only, without Docker.

Used by the embedded stack and by tests. Ready means that a client got metadata. The settings here
are those of a broker without replicas: acknowledged means on the disk, also for group offsets. A
member of a cluster (`cluster.py`) is told its place and other settings.
"""

from __future__ import annotations

import json
import secrets
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import logfiles, parts, ports
from deploy.local.failures import (
    DISK_IS_FULL,
    DiskFull,
    NotReady,
    PortTaken,
    StackFailure,
    as_sentence,
)
from deploy.local.java import java
from deploy.local.processes import Launch, launch, write_whole
from deploy.local.server import Server

FORMAT_SECONDS = 60.0
ALONE = 1  # the number of a broker without others
JAVA_OPTIONS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError")
SETTINGS: Mapping[str, str] = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "CLIENTS",
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "log.flush.interval.messages": "1",
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.max.timeout.ms": "60000",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "unclean.leader.election.enable": "false",
    "log.retention.check.interval.ms": "10000",
    "log.segment.delete.delay.ms": "1000",
    "controlled.shutdown.enable": "true",
    "num.network.threads": "2",
    "num.io.threads": "4",
}
LOG_TAIL_BYTES = 20_000
LOG_SETTINGS = """\
rootLogger.level = WARN
rootLogger.appenderRef.file.ref = file
logger.kafka.name = kafka
logger.kafka.level = INFO
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = {folder}/broker.log
appender.file.filePattern = {folder}/broker.%i.log
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{{ISO8601}} %p %c{{1}} %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
"""


def new_cluster() -> str:
    """Return a name for a cluster; a leading "-" would be read as an option."""
    return "n" + secrets.token_urlsafe(16)[:21]


@dataclass(frozen=True)
class Member:
    """A broker's place in a cluster: which one it is, and where the controllers of all listen."""

    number: int
    cluster: str
    controllers: Mapping[int, int]
    """Ports by number; they cannot move, each member's settings name them all."""

    def voters(self) -> str:
        """Return the controllers as Kafka's settings write them."""
        each = self.controllers.items()
        return ",".join(f"{number}@{ports.LOOPBACK}:{port}" for number, port in each)


@dataclass
class KafkaServer(Server):
    """A broker whose files are all in one folder; the ports are remembered there.

    `settings` are added to ours. `start` chooses new ports only when the folder has none yet or
    another program took them (then `moved_from` tells the old one).
    """

    parts_folder: Path | None = None
    heap: str = "512m"
    member: Member | None = None
    _log_bytes: int = field(default=0, init=False, repr=False)

    NAME = "The broker"
    PID_FILE = "broker.pid"
    LOG, OUTPUT = "broker.log", "broker.out"
    STOP_SIGNAL = signal.SIGTERM
    READY_SECONDS, POLL_SECONDS = 60.0, 0.05
    NO_ANSWER = "gave no metadata"

    @property
    def bootstrap(self) -> str:
        """Return the address for clients, as `host:port`."""
        return f"{ports.LOOPBACK}:{self._ports()['clients']}"

    def prepare(self) -> None:
        """Fetch the jars, choose ports, write the settings, format the folder once."""
        java()
        libraries = parts.kafka_libraries(self.parts_folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._choose_ports()
            self._write_settings()
        except OSError as error:
            raise as_sentence(error, doing="the broker's folder") from error
        made = self.folder / "records" / "meta.properties"
        if not self._made_before(made, "records"):
            self._format(libraries)
            self._mark_made()

    def answers(self) -> bool:
        """Whether a client gets metadata now."""
        from deploy.local import broker_admin  # noqa: PLC0415 - only where a broker is asked

        listens = not ports.is_free(self._ports()["clients"])
        return listens and broker_admin.answers(self.bootstrap, seconds=2.0)

    def why_not_ready(self) -> StackFailure:
        """Read from its log why it is not there, as a sentence."""
        told = self.output.read_text(errors="replace")
        if self.log.exists():
            whole = self.log.read_bytes()
            told += whole[self._said_before(len(whole)) :][-LOG_TAIL_BYTES:].decode(
                errors="replace"
            )
        if "Address already in use" in told:
            return PortTaken(
                f"Port {self._ports()['clients']} or its controller's is taken by another "
                "program: stop that program or run it again for other ports."
            )
        if "No space left on device" in told:
            return DiskFull(f"{DISK_IS_FULL}: the broker stopped. Free some space, start again.")
        return NotReady(f"The broker ended while starting: see {self.output} and {self.log}.")

    def _said_before(self, now: int) -> int:
        """How long its log was when it was started last; a log that rolled since is all new."""
        return self._log_bytes if self._log_bytes <= now else 0

    def _launch(self) -> subprocess.Popen[bytes]:
        libraries = parts.kafka_libraries(self.parts_folder)
        logs = f"-Dlog4j2.configurationFile={self.folder.absolute()}/log4j2.properties"
        words = [java(), f"-Xmx{self.heap}", *JAVA_OPTIONS, logs]
        words += ["-cp", f"{libraries}/*", "kafka.Kafka", str(self._settings_file())]
        self._log_bytes = self.log.stat().st_size if self.log.exists() else 0
        with logfiles.emptied(self.output) as output:
            return launch(Launch(words, output, self.STOP_SIGNAL, folder=self.folder))

    def _ports(self) -> dict[str, int]:
        try:
            return dict(json.loads((self.folder / "ports.json").read_text()))
        except FileNotFoundError:
            return {}

    def _choose_ports(self) -> None:
        before = self._ports()
        clients = ports.keep_or_choose(before.get("clients"))
        if self.member is not None:
            controller = self.member.controllers[self.member.number]
        else:
            controller = ports.keep_or_choose(before.get("controller"), avoid=[clients])
        self.moved_from = before["clients"] if before and before["clients"] != clients else None
        chosen = {"clients": clients, "controller": controller}
        write_whole(self.folder / "ports.json", json.dumps(chosen), mode=0o644)

    def _write_settings(self) -> None:
        chosen, host = self._ports(), ports.LOOPBACK
        member = self.member or Member(ALONE, "", {ALONE: chosen["controller"]})
        lines = {
            **SETTINGS,
            "node.id": str(member.number),
            "listeners": f"CLIENTS://{host}:{chosen['clients']},"
            f"CONTROLLER://{host}:{chosen['controller']}",
            "advertised.listeners": f"CLIENTS://{host}:{chosen['clients']}",
            "controller.quorum.voters": member.voters(),
            "log.dirs": f"{self.folder.absolute()}/records",
            **self.settings,
        }
        text = "".join(f"{key}={value}\n" for key, value in lines.items())
        write_whole(self._settings_file(), text)
        logs = LOG_SETTINGS.format(folder=self.folder.absolute())
        write_whole(self.folder / "log4j2.properties", logs)

    def _format(self, libraries: Path) -> None:
        cluster = self.member.cluster if self.member is not None else new_cluster()
        logs = f"-Dlog4j2.configurationFile={self.folder.absolute()}/log4j2.properties"
        words = [java(), *JAVA_OPTIONS, logs, "-cp", f"{libraries}/*"]
        words += ["kafka.tools.StorageTool", "format", "-t", cluster]
        words += ["-c", str(self._settings_file())]
        done = subprocess.run(  # noqa: S603 - our own command
            words, capture_output=True, text=True, check=False, timeout=FORMAT_SECONDS
        )
        if done.returncode != 0:
            (self.folder / "format.log").write_text(done.stdout + done.stderr)
            raise StackFailure(
                f"The broker's folder could not be formatted: see {self.folder}/format.log."
            )

    def _settings_file(self) -> Path:
        return (self.folder / "server.properties").absolute()
