"""Java programs that stacks run: fetched once by Maven from a pinned pom.xml, shared by all.

The folder appears whole or not at all, so that a fetch that was cut off is simply done again.
"""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.local.failures import PartMissing, StackFailure, as_sentence

REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULT_PARTS = REPOSITORY / ".nrm" / "parts"
FETCH_SECONDS = 300
OLDEST_JAVA = 17


@dataclass(frozen=True)
class Part:
    """One program of others: what it is called, the pom that pins it, and a jar that proves it."""

    name: str
    pom: Path
    proof: str

    def version(self) -> str:
        """Return its version, read from the pom so that it stands in one place."""
        found = re.search(rf"<{self.name}\.version>([^<]+)<", self.pom.read_text())
        if found is None:
            raise StackFailure(f"{self.pom.name} names no {self.name}.version: restore the file.")
        return found.group(1)

    def libraries(self, parts: Path | None = None) -> Path:
        """Return the folder of its jars, fetching them the first time."""
        folder = (parts or DEFAULT_PARTS) / f"{self.name}-{self.version()}"
        libraries = folder / "libs"
        if libraries.is_dir():
            return libraries
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / "fetch.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not libraries.is_dir():
                    self._fetch(folder, libraries)
        except OSError as error:
            raise as_sentence(error, doing=f"the folder of {self.name}'s jars") from error
        return libraries

    def _fetch(self, folder: Path, libraries: Path) -> None:
        maven = shutil.which("mvn")
        if maven is None:
            raise PartMissing("Maven is missing: install it (Debian: apt-get install maven).")
        java()
        fresh = folder / "libs.new"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copy(self.pom, folder / "pom.xml")
        command = [maven, "-q", "-B", "-f", str(folder / "pom.xml")]
        command += ["dependency:copy-dependencies", "-DincludeScope=runtime"]
        command += [f"-DoutputDirectory={fresh}"]
        try:
            done = subprocess.run(  # noqa: S603 - our own command
                command, capture_output=True, text=True, check=False, timeout=FETCH_SECONDS
            )
        except subprocess.TimeoutExpired as error:
            raise StackFailure(
                f"Maven did not fetch {self.name}'s jars within {FETCH_SECONDS} s: "
                "check the network."
            ) from error
        if done.returncode != 0 or not any(fresh.glob(self.proof)):
            (folder / "fetch.log").write_text(done.stdout + done.stderr)
            raise StackFailure(
                f"Maven could not fetch {self.name}'s jars: see fetch.log in the parts folder, "
                "check the network and Maven's settings, then run it again."
            )
        fresh.rename(libraries)


KAFKA = Part(name="kafka", pom=Path(__file__).with_name("pom.xml"), proof="kafka_*.jar")


def kafka_version() -> str:
    """Return the broker's version."""
    return KAFKA.version()


def kafka_libraries(parts: Path | None = None) -> Path:
    """Return the folder of the broker's jars."""
    return KAFKA.libraries(parts)


def java() -> str:
    """Return the Java program, or say what to install."""
    program = shutil.which("java")
    if program is None:
        raise PartMissing("Java is missing: install Java 17 (Debian: openjdk-17-jre-headless).")
    return program


def java_version() -> int | None:
    """Return Java's major version, None when it cannot be told."""
    told = subprocess.run(  # noqa: S603 - our own command
        [java(), "-version"], capture_output=True, text=True, check=False, timeout=30
    )
    found = re.search(r'version "(\d+)', told.stderr)
    return int(found.group(1)) if found else None
