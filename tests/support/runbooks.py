"""Runbooks as an operator meets them: what the doctor names, and the commands of a page, typed.

A page is followed block by block, each in a shell of its own, with the variables that the page
tells its reader to set and no other: a wrong command, or one that says something else, fails.
"""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from deploy.local import control, readiness
from deploy.local.checks import Patient, examine
from deploy.local.layout import StateFolder
from deploy.local.runbooks import Runbook, diagnoses, path_of
from services.chassis.clock import JUMPED
from tests.docs import commands
from tests.docs.commands import Block, blocks
from tests.support.machine_clock import set_machine_clock

NOTICE_SECONDS, PAUSE_SECONDS = 60.0, 0.2
VARIABLE = re.compile(r"\$([A-Z][A-Z_]+)")


def named(state: StateFolder) -> list[Runbook]:
    """The pages that the doctor names now, what to mend first in front."""
    findings = examine(Patient(state, control.topology_of(state)))
    return [each.runbook for each in diagnoses(findings)]


def sentence_of(state: StateFolder, page: Runbook) -> str:
    """What the doctor says beside the name of a page."""
    findings = examine(Patient(state, control.topology_of(state)))
    return next(each.sentence for each in diagnoses(findings) if each.runbook is page)


def must_name(state: StateFolder, *pages: Runbook) -> None:
    """The doctor names these pages and no other, as soon as everything has noticed."""
    deadline, found = time.monotonic() + NOTICE_SECONDS, named(state)
    while found != list(pages) and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
        found = named(state)
    assert found == list(pages)


def follow(runbook: str, state: StateFolder, **given: str) -> str:
    """Type every command of a page; returns all that they said."""
    chosen = blocks(path_of(runbook))
    assert chosen, f"there is no command in {runbook}"
    wanted = {name for block in chosen for name in VARIABLE.findall(block.code)}
    assert wanted == given.keys(), f"{runbook} wants {sorted(wanted)}"
    return "".join(typed(block, state, given) for block in chosen)


def typed(block: Block, state: StateFolder, given: Mapping[str, str]) -> str:
    """One block, and whether it says what the page expects."""
    told = commands.run([block], {"NRM_STATE": str(state.root), **given})[block.number]
    for expected in block.expects:
        assert expected in told, f"block {block.number} does not say {expected}: {told}"
    return told


@contextmanager
def jumps(state: StateFolder, *, hours: int) -> Iterator[None]:
    """The machine's clock, as every service sees it, is set to another time for a while."""
    set_machine_clock(state, timedelta(hours=hours))
    try:
        yield
    finally:
        set_machine_clock(state, timedelta())


def clocks_disagree(state: StateFolder) -> list[str]:
    """The services that say so."""
    answers = readiness.ask_all(state).items()
    return [name for name, answer in answers if JUMPED in readiness.said_by(answer.parts)]
