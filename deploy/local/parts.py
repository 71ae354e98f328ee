"""Java programs that stacks run: fetched once from a pinned list of jars, shared by all stacks.

The folder appears whole or not at all, so that a fetch that was cut off is simply done again. What
is there is never asked for again: a second run needs no network.
"""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.local import jars
from deploy.local.failures import StackFailure, as_sentence
from deploy.local.java import java, machine_has_java

REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULT_PARTS = REPOSITORY / ".nrm" / "parts"
FETCH_SECONDS = 300


@dataclass(frozen=True)
class Part:
    """One program of others: what it is called, and the pom that pins it."""

    name: str
    pom: Path

    @property
    def jars(self) -> Path:
        """Return the list of its jars, beside the pom."""
        return self.pom.with_name(f"{self.name}.jars")

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
        java()
        wanted, fresh = jars.read(self.jars), folder / "libs.new"
        shutil.rmtree(fresh, ignore_errors=True)
        maven = shutil.which("mvn")
        if maven is not None and machine_has_java():
            self.fetch_by_maven(maven, folder, fresh)
        else:
            jars.fetch(wanted, fresh)
        if wrong := jars.wrong(wanted, fresh):
            raise StackFailure(
                f"{len(wrong)} of {self.name}'s jars are not those of {self.jars.name} "
                f"({wrong[0]}): nothing was installed. Run it again; if it stays, do not go on."
            )
        fresh.rename(libraries)

    def fetch_by_maven(self, maven: str, folder: Path, fresh: Path) -> None:
        """Let Maven put what the pom names, and what that needs, into a fresh folder."""
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
        if done.returncode != 0:
            (folder / "fetch.log").write_text(done.stdout + done.stderr)
            raise StackFailure(
                f"Maven could not fetch {self.name}'s jars: see fetch.log in the parts folder, "
                "check the network and Maven's settings, then run it again."
            )


KAFKA = Part(name="kafka", pom=Path(__file__).with_name("pom.xml"))


def kafka_version() -> str:
    """Return the broker's version."""
    return KAFKA.version()


def kafka_libraries(parts: Path | None = None) -> Path:
    """Return the folder of the broker's jars."""
    return KAFKA.libraries(parts)
