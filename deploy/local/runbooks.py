"""Which page of `docs/runbooks` helps against what was found, and what to mend first.

A page is named for a cause, never for what follows from it: a broker that stopped because its disk
is full needs room, not a page about brokers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from deploy.local.layout import REPOSITORY

FOLDER = Path("docs") / "runbooks"
FIRST_LOOK = "first-look"
"""Where every alarm may begin: it says how the others are found."""


class Runbook(StrEnum):
    """A page, in the order in which to mend: each may need what stands before it."""

    DISK_FULL = "disk-full"
    DATABASE_DOWN = "database-down"
    KEY_WILL_NOT_OPEN = "key-will-not-open"
    BROKER_DOWN = "broker-down"
    CLOCK_JUMPED = "clock-jumped"
    PARKED = "parked"


@dataclass(frozen=True)
class Finding:
    """One check: what was looked at, whether it is well, what was seen, what to do."""

    name: str
    well: bool
    seen: str
    action: str = ""
    runbook: Runbook | None = None


@dataclass(frozen=True)
class Diagnosis:
    """A page and the sentence of what is wrong."""

    runbook: Runbook
    sentence: str

    @property
    def page(self) -> str:
        """Where it is, from the project's folder."""
        return str(path_of(self.runbook).relative_to(REPOSITORY))


def path_of(name: str) -> Path:
    """Return the file of a page."""
    return REPOSITORY / FOLDER / f"{name}.md"


def diagnoses(findings: Iterable[Finding]) -> list[Diagnosis]:
    """Return each page that helps once, what to mend first in front."""
    seen: dict[Runbook, list[str]] = {}
    for finding in findings:
        if finding.runbook is not None and not finding.well:
            seen.setdefault(finding.runbook, []).append(finding.seen)
    return [
        Diagnosis(runbook, "; ".join(dict.fromkeys(seen[runbook])))
        for runbook in Runbook
        if runbook in seen
    ]
