"""A part is fetched once, by Maven or without it, and only as its list says; then never again."""

import hashlib
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deploy.local import jars, parts
from deploy.local.failures import PartMissing, StackFailure
from deploy.local.parts import KAFKA, Part
from deploy.observe.zipkin import ZIPKIN

CONTENT = b"what is in a jar"
POM = "<project><thing.version>1.2</thing.version></project>"


@pytest.fixture
def thing(tmp_path: Path) -> Part:
    """A part of one jar."""
    (tmp_path / "pom.xml").write_text(POM)
    part = Part(name="thing", pom=tmp_path / "pom.xml")
    jar = jars.Jar("org.some", "thing", "1.2", "slim", hashlib.sha256(CONTENT).hexdigest())
    part.jars.write_text(f"# one\n{jar.line()}\n")
    return part


@pytest.fixture
def no_maven(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with some Java, without Maven and without a resolver."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(parts, "java", lambda: "java")
    monkeypatch.setitem(sys.modules, jars.RESOLVER, None)


def resolver(answer: Callable[[str], Path]) -> Any:
    """What `jgo` is to us: places -> project -> version -> artifact -> a file."""

    def project(_group: str, artifact: str) -> Any:
        def at_version(version: str) -> Any:
            def named(classifier: str, kind: str) -> Any:
                name = f"{artifact}-{version}-{classifier}.{kind}"
                return SimpleNamespace(resolve=lambda: answer(name))

            return SimpleNamespace(artifact=named)

        return SimpleNamespace(at_version=at_version)

    return SimpleNamespace(MavenContext=lambda timeout: SimpleNamespace(project=project))


def test_what_is_there_is_used_and_nothing_is_asked_for(
    thing: Part, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: object, **__: object) -> None:
        raise AssertionError("something was asked for")

    for module, name in ((subprocess, "run"), (jars, "fetch"), (parts, "java")):
        monkeypatch.setattr(module, name, asked)
    (tmp_path / "thing-1.2" / "libs").mkdir(parents=True)
    assert thing.libraries(tmp_path) == tmp_path / "thing-1.2" / "libs"


@pytest.mark.usefixtures("no_maven")
def test_without_maven_the_list_is_fetched(
    thing: Part, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(name: str) -> Path:
        found = tmp_path / name
        found.write_bytes(CONTENT)
        return found

    monkeypatch.setitem(sys.modules, jars.RESOLVER, resolver(answer))
    libraries = thing.libraries(tmp_path / "parts")
    assert [path.name for path in libraries.iterdir()] == ["thing-1.2-slim.jar"]


@pytest.mark.usefixtures("no_maven")
def test_without_maven_and_without_a_resolver_both_commands_are_said(
    thing: Part, tmp_path: Path
) -> None:
    with pytest.raises(PartMissing, match=r"apt-get install maven.*\.ci/environment"):
        thing.libraries(tmp_path / "parts")


@pytest.mark.usefixtures("no_maven")
def test_without_a_network_it_says_so_and_is_done_again_the_next_time(
    thing: Part, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(_name: str) -> Path:
        raise ConnectionError

    monkeypatch.setitem(sys.modules, jars.RESOLVER, resolver(unreachable))
    for _ in range(2):
        with pytest.raises(StackFailure, match=r"ConnectionError.*network"):
            thing.libraries(tmp_path / "parts")


@pytest.mark.parametrize("content", [b"something else", b""])
@pytest.mark.usefixtures("no_maven")
def test_a_jar_of_another_content_is_never_installed(
    thing: Part, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    def answer(name: str) -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    monkeypatch.setitem(sys.modules, jars.RESOLVER, resolver(answer))
    with pytest.raises(StackFailure, match=r"not those of thing\.jars \(thing-1\.2-slim\.jar\)"):
        thing.libraries(tmp_path / "parts")
    assert not (tmp_path / "parts" / "thing-1.2" / "libs").exists()


def test_a_jar_that_is_missing_or_not_listed_is_found(thing: Part, tmp_path: Path) -> None:
    wanted, folder = jars.read(thing.jars), tmp_path / "libs"
    folder.mkdir()
    assert jars.wrong(wanted, folder) == ["thing-1.2-slim.jar"]
    (folder / "thing-1.2-slim.jar").write_bytes(CONTENT)
    assert jars.wrong(wanted, folder) == []
    (folder / "stranger-1.jar").write_bytes(CONTENT)
    assert jars.wrong(wanted, folder) == ["stranger-1.jar"]


@pytest.mark.parametrize("part", [KAFKA, ZIPKIN])
def test_every_list_is_of_its_pom(part: Part) -> None:
    pom = part.pom.read_text().replace(f"${{{part.name}.version}}", part.version())
    wanted = re.findall(
        r"<dependency>\s*<groupId>(.*?)</groupId>\s*<artifactId>(.*?)</artifactId>"
        r"\s*<version>(.*?)</version>",
        pom,
    )
    listed = {(jar.group, jar.artifact, jar.version) for jar in jars.read(part.jars)}
    assert wanted
    assert set(wanted) <= listed
