"""What identification tells other agencies: never a decision; and help never waits for one."""

from typing import Any

import pytest

from contracts.catalogue import CATALOGUE
from contracts.envelope import Classification
from contracts.tools.schemas import schema_of
from deploy.reference_map import tables

DECISIONS = frozenset(
    {
        "decision-kind",
        "decision-outcome",
        "decision-reason",
        "identification-state",
        "screening-result",
        "revocation-ground",
        "reconsideration-ground",
        "reflection-extension-reason",
        "reflection-end-reason",
    }
)
TOLD_DECISIONS = frozenset(
    f"org.nrm.identification.{name}.v1"
    for name in (
        "person-screened",
        "person-presumed",
        "person-not-presumed",
        "reflection-started",
        "reflection-extended",
        "reflection-ended",
        "child-protection-started",
        "person-identified",
        "person-not-identified",
        "reconsideration-started",
        "identification-revoked",
        "decision-overdue",
    )
)
ADDRESSED = [spec for spec in CATALOGUE.values() if spec.classification is Classification.ADDRESSED]
CHILD = "org.nrm.identification.child-notified.v1"


def lists_in(schema: Any) -> set[str]:
    """Every code list that a body can hold a code of."""
    if isinstance(schema, dict):
        below = set().union(*(lists_in(value) for value in schema.values()), set())
        named = schema.get("x-nrm-codelist")
        return below | ({named} if isinstance(named, str) else set())
    if isinstance(schema, list):
        return set().union(*(lists_in(each) for each in schema), set())
    return set()


def test_the_decisions_are_events_of_the_catalogue() -> None:
    assert set(CATALOGUE) >= TOLD_DECISIONS


@pytest.mark.parametrize("spec", ADDRESSED, ids=lambda spec: spec.type)
def test_no_event_that_leaves_a_node_can_hold_a_decision(spec: Any) -> None:
    assert lists_in(schema_of(spec)) & DECISIONS == set()
    assert spec.type not in TOLD_DECISIONS


@pytest.mark.parametrize("service", ["referral", "assistance"])
def test_those_who_help_hear_of_no_decision_and_so_wait_for_none(service: str) -> None:
    heard = {event for table in tables()[service] for event in table.handlers}
    assert heard & TOLD_DECISIONS == set()
    of_cases = [CATALOGUE[event] for event in heard if ".identification." in event]
    assert not [spec.type for spec in of_cases if lists_in(schema_of(spec)) & DECISIONS]


def test_a_child_authority_reads_of_no_place_and_no_exploitation() -> None:
    told = lists_in(schema_of(CATALOGUE[CHILD]))
    assert told == {"majority", "guardian-request"}
