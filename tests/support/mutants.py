"""`make mutants`: changes the domain rooms in small ways and counts the changes no test notices.

mutmut makes the mutants and runs the unit tests against each; here its verdicts are read, shown by
room, and held against the share that must be noticed. What survived is named, so that a test can be
written; `mutmut show NAME` prints the change. Every run begins anew: a verdict of yesterday says
nothing about the tests of today.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
MUTANTS: Final = ROOT / "mutants"
WANTED: Final = 0.9
"""Of all mutants of the domain rooms together, so many are to be killed."""
NO_TEST: Final = 33
"""mutmut's code for a mutant that no test runs."""
SURVIVED: Final = 0
NEVER_ENDED: Final = frozenset({24, 36, -24})
"""Codes of a mutant that ran out of time: noticed, too, but told apart."""
SHOWN_LIMIT: Final = 400


@dataclass(frozen=True)
class Verdict:
    """What became of one mutant. ``killed``: a test noticed, or it never ended."""

    room: str
    name: str
    code: int | None

    @property
    def killed(self) -> bool:
        return self.code not in (None, SURVIVED, NO_TEST)

    @property
    def never_ended(self) -> bool:
        return self.code in NEVER_ENDED


def verdicts(mutants: Path = MUTANTS) -> Iterator[Verdict]:
    """Every verdict that mutmut wrote down, room by room."""
    for meta in sorted(mutants.rglob("*.py.meta")):
        found: Mapping[str, int | None] = json.loads(meta.read_text())["exit_code_by_key"]
        service = meta.relative_to(mutants).parts[1]
        for name, code in found.items():
            yield Verdict(f"{service}.{meta.name.removesuffix('.py.meta')}", name, code)


def table(found: list[Verdict]) -> str:
    """The score of each room and of all together."""
    everything, killed = (Counter(v.room for v in some) for some in (found, _killed(found)))
    rows = [_row(room, killed[room], many) for room, many in everything.items()]
    return "\n".join([*rows, _row("all", len(_killed(found)), len(found))])


def _row(room: str, killed: int, many: int) -> str:
    return f"{room:<32}{killed:>6} of {many:>5}{killed / many:>8.1%}"


def _killed(found: list[Verdict]) -> list[Verdict]:
    return [verdict for verdict in found if verdict.killed]


def judge(services: list[str], workers: int) -> int:
    """mutmut's exit code, after it judged every mutant of these services; of all when none is."""
    shutil.rmtree(MUTANTS, ignore_errors=True)
    command = [str(Path(sys.executable).parent / "mutmut"), "run", "--max-children", str(workers)]
    chosen = [f"services.{service}.*" for service in services]
    os.nice(19)
    return subprocess.run([*command, *chosen], cwd=ROOT, check=False).returncode


def main(words: list[str]) -> int:
    """Run mutmut, print the score; 1 when it is too low, 2 when there is nothing to judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("services", nargs="*", help="judge the domain rooms of these only")
    parser.add_argument("--workers", type=int, default=1)
    asked = parser.parse_args(words)
    code = judge(asked.services, asked.workers)
    found = [each for each in verdicts() if not asked.services or _of(each) in asked.services]
    if code or not found or any(verdict.code is None for verdict in found):
        sys.stderr.write("mutmut did not judge every mutant: see what it says above\n")
        return 2
    return told(found)


def _of(verdict: Verdict) -> str:
    return verdict.room.partition(".")[0]


def told(found: list[Verdict]) -> int:
    """Print who survived and the score; 0 when enough were killed."""
    alive = [verdict.name for verdict in found if not verdict.killed]
    sys.stdout.write("\n".join(["", "survived:", *alive[:SHOWN_LIMIT], "", table(found), ""]))
    score = 1 - len(alive) / len(found)
    endless = sum(verdict.never_ended for verdict in found)
    sys.stdout.write(
        f"killed: {score:.1%} ({endless} of them by running out of time), wanted: {WANTED:.0%}\n"
    )
    return 0 if score >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
