"""`hospital`, told on the whole house: help without police, and nothing of her at the police."""

from collections import Counter
from collections.abc import Iterator

import pytest

from deploy.demo import figures
from deploy.demo.databases import Databases
from deploy.demo.observer import traces_of_case, units_of
from deploy.demo.stories.hospital import IDENTITY
from deploy.demo.stories.loop import BORDER, INTERIOR, NGO, REDCROSS
from deploy.local.layout import StateFolder
from tests.support.stack import Told, told

NAME = "hospital"
SAID_AT_THE_RED_CROSS = {
    "task-offered": 1,
    "offer-received": 1,
    "answer-offer": 2,
    "task-seen": 1,
    "hold-requested": 1,
    "hold-placed": 1,
    "hold-confirmed": 1,
    "task-accepted": 1,
    "episode-planned": 1,
    "episode-started": 1,
    "record-service": 2,
    "units-delivered": 2,
    "episode-completed": 1,
    "task-started": 1,
    "task-completed": 1,
    "task-progressed": 6,
    "sending-delivered": 6,
    "intake-accepted": 4,
}


@pytest.fixture(scope="module")
def hospital(stack_state: StateFolder) -> Iterator[Told]:
    with told(stack_state, NAME) as story:
        yield story


def test_the_interior_node_holds_no_row_id_or_code_of_her(hospital: Told) -> None:
    assert traces_of_case(hospital.stage, NAME, INTERIOR) == []
    assert traces_of_case(hospital.stage, NAME, BORDER) == []
    assert hospital.stage.cases[NAME][0][0] == NGO


def test_the_search_for_traces_finds_a_planted_one(hospital: Told) -> None:
    interior = next(
        unit for unit in units_of(hospital.stage) if unit.name == f"{INTERIOR}.identification"
    )
    database, case_id = Databases(hospital.stage.state), hospital.case(NGO)
    planted = "INSERT INTO audit (actor, action, subject, reason) VALUES ('test', 'plant', $1, '')"
    database.rows(interior, planted, case_id)
    try:
        assert traces_of_case(hospital.stage, NAME, INTERIOR) == [
            "nrm_interior_brest:identification.audit"
        ]
    finally:
        database.rows(interior, "DELETE FROM audit WHERE action = 'plant'")


def test_she_was_helped_without_identification(hospital: Told) -> None:
    words = hospital.words(NGO)
    assert words["person-helped-without-identification"] == 1
    assert not [word for word in words if word.startswith(("hand-over", "person-identified"))]
    shown = hospital.stage.get(
        f"{NGO}.identification", f"/v1/cases/{hospital.case(NGO)}", "case-officer"
    ).json()
    assert shown["state"] == "helped-without-identification"
    assert shown["clocks"]["reflection_ends_at"] is None


def test_the_red_cross_does_its_part_once(hospital: Told) -> None:
    assert hospital.words(REDCROSS) == Counter(SAID_AT_THE_RED_CROSS)


def test_both_needs_are_met_and_the_room_is_free_again(hospital: Told) -> None:
    assert hospital.words(NGO)["loop-closed"] == 2
    tasks = hospital.stage.get(f"{NGO}.referral", "/v1/tasks", "case-officer", side="sender").json()
    assert {
        each["service_type"]: each["state"]
        for each in tasks
        if each["case_id"] == hospital.case(NGO)
    } == {"crisis-room": "loop-closed", "nursing-visit": "loop-closed"}
    pools = hospital.stage.get(f"{NGO}.assistance", "/v1/pools", "capacity-clerk").json()
    assert pools
    for pool in pools:
        free = pool["maximum"] - pool["out_of_service"]
        assert (pool["available"], pool["held"], pool["occupied"]) == (free, 0, 0)


def test_each_party_knew_this_and_nothing_else(hospital: Told) -> None:
    assert hospital.knew() == {
        BORDER: set(),
        INTERIOR: set(),
        REDCROSS: {"need", "help", "outcome"},
        NGO: {"identity", "detection", "consent", "need", "help", "outcome"},
        "custodian-one": set(),
        "hub": set(),
    }


def test_her_identity_is_read_at_the_ngo_alone(hospital: Told) -> None:
    kept = hospital.stage.agency(NGO).person(hospital.case(NGO))
    assert kept.status_code == 200
    assert kept.json()["birth_year"] == IDENTITY["birth_year"]
    case_id = hospital.case(REDCROSS)
    assert hospital.stage.agency(REDCROSS).person(case_id).status_code == 404


def test_the_figures_are_clean(hospital: Told) -> None:
    counted = figures.counted(hospital.stage)
    assert (counted.lost, counted.unfinished) == (0, 0)
