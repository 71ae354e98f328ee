"""Takes the commands out of a document and runs them, in order, in one shell, as a reader would.

A fence of ``sh`` is a command that ``make test`` runs; ``sh long`` takes long, needs something that
is not ours, or stops the stack. ``<!-- expect: … -->`` below a fence is what its output must hold.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNBOOKS = ROOT / "docs" / "runbooks"
"""Followed by ``tests/support/runbooks.py`` after the thing was broken."""
FENCE = re.compile(
    r"^```sh(?P<long> long)?\n(?P<code>.*?)^```\n(?P<expects>(?:\s*<!-- expect: .*? -->\n)*)",
    re.MULTILINE | re.DOTALL,
)
EXPECT = re.compile(r"<!-- expect: (.*?) -->")
ANY_FENCE = re.compile(r"^```(\w*)", re.MULTILINE)
MARK = "=== block"
SECONDS = 300


@dataclass(frozen=True)
class Block:
    """One fence of commands."""

    number: int
    code: str
    long: bool
    expects: tuple[str, ...]


def documents() -> list[Path]:
    """Every document of ours that has commands in it, but those for a house that is broken."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return sorted(path for path in found if blocks(path) and path.parent != RUNBOOKS)


def blocks(path: Path) -> list[Block]:
    """The commands of one document."""
    return list(_blocks(path.read_text(encoding="utf-8")))


def _blocks(text: str) -> Iterator[Block]:
    for number, found in enumerate(FENCE.finditer(text), start=1):
        yield Block(
            number=number,
            code=found["code"],
            long=found["long"] is not None,
            expects=tuple(EXPECT.findall(found["expects"])),
        )


def run(chosen: list[Block], environment: Mapping[str, str]) -> dict[int, str]:
    """Run them in one shell that stops at the first failure; the output of each by number."""
    bash = shutil.which("bash")
    assert bash is not None
    script = "set -euo pipefail\n" + "\n".join(
        f"printf '\\n%s\\n' '{MARK} {block.number}'\n{block.code}" for block in chosen
    )
    done = subprocess.run(
        [bash, "-c", script],
        cwd=ROOT,
        env={**os.environ, **environment, "PATH": _path()},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    told = re.split(rf"^{MARK} (\d+)$", done.stdout, flags=re.MULTILINE)
    return {int(number): output for number, output in zip(told[1::2], told[2::2], strict=True)}


def _path() -> str:
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
