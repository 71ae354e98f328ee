"""Whoever reads the audit reads words: every act of looking that services record has a label."""

import re
from pathlib import Path

from contracts.vocabulary import code_lists
from services.chassis.audit_route import READ
from services.gateway.handlers.register import READINGS

SERVICES = Path(__file__).parents[2] / "services"
RECORDED = re.compile(
    r"""(?:action="|Reading\("|^(?:COUNTED|DESTROYED)(?:: Final)? = ")([a-z-]+)""", re.MULTILINE
)
LOOKS = re.compile(r"^(list|read|explain|print)-|-(read|exported|counted|shown|destroyed)$")
OF_NO_CASE = {
    *("list-pools", "list-contracts", "exact-report-read", "exact-counts-read"),
    *("contributions-read", "counted-cases-read", "manifests-read", "plans-read"),
}
"""Of places, money, counts and plans: no case is behind them."""


def recorded() -> set[str]:
    sources = (path for path in SERVICES.rglob("*.py") if "migrations" not in path.parts)
    found = (RECORDED.findall(path.read_text(encoding="utf-8")) for path in sources)
    return {act for acts in found for act in acts if LOOKS.search(act)}


def test_every_act_of_looking_at_a_case_has_words() -> None:
    acts = recorded()
    assert {"read-case", "person-read", "list-task", "list-episode", "person-destroyed"} <= acts
    assert acts - OF_NO_CASE <= set(code_lists()["audit-action"].codes)
    assert {f"{name}-read" for name in READINGS} | {READ} <= set(code_lists()["audit-action"].codes)


def test_no_words_are_left_for_acts_that_nobody_records() -> None:
    known = recorded() | {f"{name}-read" for name in READINGS} | {READ}
    known |= {"person-kept", "person-replaced", "other"}
    assert set(code_lists()["audit-action"].codes) - known == set()
