"""Zipkin on loopback: keeps the last spans in memory and draws them.

It lives and dies with the process that started it, and forgets everything when it ends.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import jars, logfiles, ports
from deploy.local.java import java
from deploy.local.parts import Part
from deploy.local.processes import Launch, ProcessIdentity, launch

ZIPKIN = Part(name="zipkin", pom=Path(__file__).with_name("pom.xml"))
HEAP = "192m"
SPANS_KEPT = 30_000
"""So many fit: at 64,000 spans like ours this heap is full, and Zipkin answers nobody any more."""
STOP_SECONDS = 5.0
NOTHING: Mapping[str, str] = {}
"""Zipkin's environment: variables of the machine could send its spans to another store."""
JAVA_OPTIONS = (
    f"-Xmx{HEAP}",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
)


@dataclass
class Zipkin:
    """One Zipkin; ``folder`` is where its output goes."""

    port: int
    folder: Path
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://{ports.LOOPBACK}:{self.port}"

    def running(self) -> bool:
        """Whether its process lives."""
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Start it without waiting: spans wait in the bridge until it answers."""
        jar = ZIPKIN.libraries() / jars.read(ZIPKIN.jars)[0].file
        listens = {"ip": ports.LOOPBACK, "port": self.port, "protocols[0]": "http"}
        words = [java(), *JAVA_OPTIONS, "-jar", str(jar)]
        words += [f"--armeria.ports[0].{name}={value}" for name, value in listens.items()]
        words += [f"--zipkin.storage.mem.max-spans={SPANS_KEPT}"]
        # "*" by default: any page in the operator's browser could read the traces
        words += [f"--zipkin.query.allowed-origins={self.address}"]
        with logfiles.emptied(self.folder / "zipkin.out") as output:
            plan = Launch(words, output, signal.SIGKILL, environment=NOTHING, folder=self.folder)
            self._child = launch(plan)

    def stop(self) -> None:
        """Stop it; kill it when it takes too long."""
        if self._child is None:
            return
        identity = ProcessIdentity.of(self._child.pid)
        if identity is not None:
            identity.end(seconds=STOP_SECONDS)
        self._child.wait(STOP_SECONDS)
        self._child = None
