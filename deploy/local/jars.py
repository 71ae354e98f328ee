"""The jars of a part by name and SHA-256: what has to be there, whoever fetched it.

Maven fetches them where it is installed; else the resolver of the environment (`jgo`) does, which
the set-up put there for that. `python -m deploy.local.jars` writes the lists anew with Maven after
a pom changed. Addresses are the fetchers' own: none is here.
"""

from __future__ import annotations

import hashlib
import importlib
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.failures import PartMissing, StackFailure

RESOLVER = "jgo.maven"
ANSWER_SECONDS = 60
MISSING = (
    "Maven is missing: install it (Debian: apt-get install maven), or let "
    "`.ci/environment python3 .venv` fetch what does without."
)


@dataclass(frozen=True)
class Jar:
    """One jar: where Maven keeps it, and what must be in it."""

    group: str
    artifact: str
    version: str
    classifier: str
    digest: str

    @property
    def file(self) -> str:
        """Return its file name."""
        words = [self.artifact, self.version, *([self.classifier] if self.classifier else [])]
        return f"{'-'.join(words)}.jar"

    def line(self) -> str:
        """Return it as the list writes it."""
        return f"{self.group}:{self.artifact}:{self.version}:{self.classifier} {self.digest}"


def read(path: Path) -> tuple[Jar, ...]:
    """Read a list."""
    lines = path.read_text().splitlines()
    try:
        return tuple(_jar(line) for line in lines if line and not line.startswith("#"))
    except ValueError as error:
        raise StackFailure(f"{path.name} cannot be read: restore the file.") from error


def wrong(wanted: Iterable[Jar], folder: Path) -> list[str]:
    """Return the files that are missing, of another content, or not in the list."""
    digests = {jar.file: jar.digest for jar in wanted}
    found = {path.name: _digest(path) for path in folder.glob("*.jar")}
    return sorted(name for name in digests | found if digests.get(name) != found.get(name))


def fetch(wanted: Iterable[Jar], folder: Path) -> None:
    """Fetch every jar without Maven."""
    try:
        resolver: Any = importlib.import_module(RESOLVER)
    except ModuleNotFoundError as error:
        raise PartMissing(MISSING) from error
    places = resolver.MavenContext(timeout=ANSWER_SECONDS)
    folder.mkdir(parents=True, exist_ok=True)
    for jar in wanted:
        component = places.project(jar.group, jar.artifact).at_version(jar.version)
        try:
            found = component.artifact(jar.classifier, "jar").resolve()
        except Exception as error:
            raise StackFailure(
                f"{jar.file} could not be fetched ({type(error).__name__}): check the network."
            ) from error
        shutil.copy(found, folder / jar.file)


def written(repository: Path, folder: Path) -> Iterator[Jar]:
    """Return the list of what Maven put into a folder, with its own repository's names."""
    for path in sorted(folder.glob("*.jar")):
        (place,) = {found.parent for found in repository.rglob(path.name)}
        artifact, version = place.parent.name, place.name
        group = ".".join(place.parent.parent.relative_to(repository).parts)
        rest = path.stem.removeprefix(f"{artifact}-{version}").removeprefix("-")
        yield Jar(group, artifact, version, rest, _digest(path))


def _jar(line: str) -> Jar:
    names, digest = line.split()
    group, artifact, version, classifier = names.split(":")
    return Jar(group, artifact, version, classifier, digest)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> None:
    """Write every part's list anew."""
    from deploy.local.parts import KAFKA  # noqa: PLC0415 - it reads the lists by this module
    from deploy.observe.zipkin import ZIPKIN  # noqa: PLC0415 - the same

    maven = shutil.which("mvn")
    if maven is None:
        raise PartMissing(MISSING)
    repository = Path.home() / ".m2" / "repository"
    for part in (KAFKA, ZIPKIN):
        with tempfile.TemporaryDirectory() as folder:
            part.fetch_by_maven(maven, Path(folder), Path(folder) / "libs")
            lines = [jar.line() for jar in written(repository, Path(folder) / "libs")]
        part.jars.write_text("\n".join(lines) + "\n")
        sys.stdout.write(f"{part.jars.name}: {len(lines)}\n")


if __name__ == "__main__":
    main()
