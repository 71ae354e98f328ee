"""Which Java is taken: the one that was named, the machine's, the wheel's; or one sentence."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from deploy.local import java
from deploy.local.failures import PartMissing


def a_java(folder: Path, major: int) -> Path:
    """A program that says that it is this Java."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{major}.0.1\"' >&2\n")
    program.chmod(0o755)
    return program


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is named, nothing is on the PATH, no wheel is there."""
    monkeypatch.delenv(java.NAMED, raising=False)
    monkeypatch.delenv(java.HOME, raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, java.WHEEL, None)


def test_the_named_one_comes_before_the_machine_s_and_that_before_the_wheel_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel, path, home, named = (a_java(tmp_path / each, 17) for each in "abcd")
    monkeypatch.setitem(sys.modules, java.WHEEL, SimpleNamespace(JAVA=wheel))
    assert java.java() == str(wheel)
    assert not java.machine_has_java()
    monkeypatch.setenv("PATH", str(path.parent))
    assert java.java() == str(path)
    assert java.machine_has_java()
    monkeypatch.setenv(java.HOME, str(home.parent.parent))
    assert java.java() == str(home)
    monkeypatch.setenv(java.NAMED, str(named))
    assert java.java() == str(named)


def test_a_java_that_is_too_old_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, wheel = a_java(tmp_path / "old", 11), a_java(tmp_path / "wheel", 25)
    monkeypatch.setenv("PATH", str(old.parent))
    monkeypatch.setitem(sys.modules, java.WHEEL, SimpleNamespace(JAVA=wheel))
    assert java.java_version() == 25


def test_a_named_java_that_is_none_is_refused_and_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(a_java(tmp_path / "good", 21).parent))
    for wrong in (a_java(tmp_path / "old", 11), tmp_path / "absent"):
        monkeypatch.setenv(java.NAMED, str(wrong))
        with pytest.raises(PartMissing, match=r"NRM_JAVA names no Java 17.*\.$"):
            java.java()


def test_without_any_the_sentence_says_both_commands() -> None:
    with pytest.raises(PartMissing, match=r"apt-get install openjdk.*\.ci/environment"):
        java.java()
