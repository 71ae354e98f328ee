"""`make mutants`: changes the domain rooms in small ways and counts the changes no test notices.

mutmut makes the mutants and runs the unit tests against each; here its verdicts are read, shown by
room, and held against the share that must be noticed. What survived is named, so that a test can be
written; `mutmut show NAME` prints the change.
"""

import json
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
    rows = [f"{room:<32}{killed[room]:>6} of {many:>5}" for room, many in everything.items()]
    return "\n".join([*rows, f"{'all':<32}{len(_killed(found)):>6} of {len(found):>5}"])


def _killed(found: list[Verdict]) -> list[Verdict]:
    return [verdict for verdict in found if verdict.killed]


def main() -> int:
    """Run mutmut, print the score; 1 when it is too low, 2 when there is nothing to judge."""
    ran = subprocess.run(
        [str(Path(sys.executable).parent / "mutmut"), "run"], cwd=ROOT, check=False
    )
    found = list(verdicts())
    if ran.returncode or not found or any(verdict.code is None for verdict in found):
        sys.stderr.write("mutmut did not judge every mutant: see what it says above\n")
        return 2
    alive = [verdict.name for verdict in found if not verdict.killed]
    sys.stdout.write("\n".join(["", "survived:", *alive[:SHOWN_LIMIT], "", table(found), ""]))
    score = 1 - len(alive) / len(found)
    sys.stdout.write(f"killed: {score:.1%}, wanted: {WANTED:.0%}\n")
    return 0 if score >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
