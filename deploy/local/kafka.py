"""One Apache Kafka broker in a folder: KRaft, a single node, loopback only, without Docker.

Used by the embedded stack and by tests. Ready means that a client got metadata. The settings here
are those of a broker without replicas: acknowledged means on the disk, also for group offsets.
"""

from __future__ import annotations

import json
import secrets
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from deploy.local import broker_admin, parts, ports
from deploy.local.failures import DiskFull, NotReady, PortTaken, StackFailure, as_sentence
from deploy.local.processes import (
    Launch,
    ProcessIdentity,
    launch,
    read_identity,
    write_identity,
    write_whole,
)

READY_SECONDS = 60.0
STOP_SECONDS = 20.0
FORMAT_SECONDS = 60.0
START_ATTEMPTS = 3
POLL_SECONDS = 0.05
JAVA_OPTIONS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError")
SETTINGS: Mapping[str, str] = {
    "process.roles": "broker,controller",
    "node.id": "1",
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


@dataclass
class KafkaServer:
    """A broker whose files are all in one folder; the ports are remembered there.

    `settings` are added to ours. `start` chooses new ports only when the folder has none yet or
    another program took them (then `moved_from` tells the old one).
    """

    folder: Path
    parts_folder: Path | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    heap: str = "512m"
    moved_from: int | None = field(default=None, init=False)
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    @property
    def bootstrap(self) -> str:
        """Return the address for clients, as `host:port`."""
        return f"{ports.LOOPBACK}:{self._ports()['clients']}"

    @property
    def identity(self) -> ProcessIdentity | None:
        """Return who was started last, alive or not."""
        return read_identity(self.folder / "broker.pid")

    def running(self) -> bool:
        """Whether the process that was started last still lives."""
        if self._child is not None and self._child.poll() is not None:
            return False
        identity = self.identity
        return identity is not None and identity.alive()

    def start(self, *, seconds: float = READY_SECONDS) -> KafkaServer:
        """Start it unless it runs, and wait until a client got metadata."""
        for attempt in range(1, START_ATTEMPTS + 1):
            if self.running():
                break
            self.prepare()
            self.spawn()
            try:
                self.wait_ready(seconds=seconds)
            except PortTaken:
                if attempt == START_ATTEMPTS:
                    raise
                continue
            return self
        self.wait_ready(seconds=seconds)
        return self

    def prepare(self) -> None:
        """Fetch the jars, choose ports, write the settings, format the folder once."""
        parts.java()
        libraries = parts.kafka_libraries(self.parts_folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._choose_ports()
            self._write_settings()
        except OSError as error:
            raise as_sentence(error, doing="the broker's folder") from error
        if not (self.folder / "records" / "meta.properties").exists():
            self._format(libraries)

    def spawn(self) -> ProcessIdentity:
        """Start the process without waiting for it; it dies with this process."""
        libraries = parts.kafka_libraries(self.parts_folder)
        logs = f"-Dlog4j2.configurationFile={self.folder.absolute()}/log4j2.properties"
        words = [parts.java(), f"-Xmx{self.heap}", *JAVA_OPTIONS, logs]
        words += ["-cp", f"{libraries}/*", "kafka.Kafka", str(self._settings_file())]
        with (self.folder / "broker.out").open("wb") as output:
            self._child = launch(Launch(words, output, signal.SIGTERM, folder=self.folder))
        identity = ProcessIdentity.of(self._child.pid)
        if identity is None:
            raise NotReady(f"The broker ended at once: see {self._output()}.")
        write_identity(self.folder / "broker.pid", identity)
        return identity

    def wait_ready(self, *, seconds: float = READY_SECONDS) -> None:
        """Wait until a client got metadata; say why when the process ends before."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.running():
                raise self._reaped()
            if not ports.is_free(self._ports()["clients"]) and broker_admin.answers(
                self.bootstrap, seconds=2.0
            ):
                return
            time.sleep(POLL_SECONDS)
        raise NotReady(
            f"The broker gave no metadata within {seconds:.0f} s: see {self.folder}/broker.log."
        )

    def stop(self) -> None:
        """Stop it in order; kill it when it takes too long."""
        identity = self.identity
        if identity is not None:
            identity.end(gently=signal.SIGTERM, seconds=STOP_SECONDS)
        self._reap()

    def kill(self) -> None:
        """End it at once, as a power cut of the process would (SIGKILL)."""
        identity = self.identity
        if identity is not None and identity.send(signal.SIGKILL):
            identity.wait(STOP_SECONDS)
        self._reap()

    def __enter__(self) -> KafkaServer:
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
        (self.folder / "broker.pid").unlink(missing_ok=True)

    def _ports(self) -> dict[str, int]:
        try:
            return dict(json.loads((self.folder / "ports.json").read_text()))
        except FileNotFoundError:
            return {}

    def _choose_ports(self) -> None:
        before = self._ports()
        clients = ports.keep_or_choose(before.get("clients"))
        controller = ports.keep_or_choose(before.get("controller"), avoid=[clients])
        self.moved_from = before["clients"] if before and before["clients"] != clients else None
        chosen = {"clients": clients, "controller": controller}
        write_whole(self.folder / "ports.json", json.dumps(chosen), mode=0o644)

    def _write_settings(self) -> None:
        chosen, host = self._ports(), ports.LOOPBACK
        lines = {
            **SETTINGS,
            "listeners": f"CLIENTS://{host}:{chosen['clients']},"
            f"CONTROLLER://{host}:{chosen['controller']}",
            "advertised.listeners": f"CLIENTS://{host}:{chosen['clients']}",
            "controller.quorum.voters": f"1@{host}:{chosen['controller']}",
            "log.dirs": f"{self.folder.absolute()}/records",
            **self.settings,
        }
        text = "".join(f"{key}={value}\n" for key, value in lines.items())
        write_whole(self._settings_file(), text)
        logs = LOG_SETTINGS.format(folder=self.folder.absolute())
        write_whole(self.folder / "log4j2.properties", logs)

    def _format(self, libraries: Path) -> None:
        cluster = "n" + secrets.token_urlsafe(16)[:21]  # a leading "-" would be read as an option
        logs = f"-Dlog4j2.configurationFile={self.folder.absolute()}/log4j2.properties"
        words = [parts.java(), *JAVA_OPTIONS, logs, "-cp", f"{libraries}/*"]
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

    def _output(self) -> Path:
        return self.folder / "broker.out"

    def why_not_ready(self) -> StackFailure:
        """Read from its log why it is not there, as a sentence."""
        told = self._output().read_text(errors="replace")
        log = self.folder / "broker.log"
        if log.exists():
            told += log.read_text(errors="replace")[-20_000:]
        if "Address already in use" in told:
            return PortTaken(
                f"Port {self._ports()['clients']} or its controller's is taken by another "
                "program: stop that program or run it again for other ports."
            )
        if "No space left on device" in told:
            return DiskFull("The disk is full: the broker stopped. Free some space, start again.")
        return NotReady(f"The broker ended while starting: see {self._output()} and {log}.")
