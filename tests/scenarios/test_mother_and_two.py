"""`mother-and-two`, told on the whole house: a form, a shelter, a room, an age part nobody."""

from collections.abc import Iterator
from typing import Any

import pytest

from contracts.vocabulary import load_profile
from deploy.demo import figures
from deploy.demo.stories.loop import BORDER, INTERIOR, NGO, REDCROSS
from deploy.demo.stories.mother_and_two import CHILDREN, NIGHTS, ROOMS, SERVICE
from deploy.local.layout import StateFolder
from tests.support.stack import Told, told

NAME = "mother-and-two"
FAMILY = "carer-with-children"
PROFILE = load_profile("BY-draft")
SAID_OF_HER_AT_THE_SHELTER = {
    "offer-received": 1,
    "hold-requested": 1,
    "hold-placed": 1,
    "hold-confirmed": 1,
    "place-changed": 1,
    "stay-began": 1,
    "units-delivered": NIGHTS,
    "episode-completed": 1,
    "stay-ended": 1,
}
NEVER_SAID = ("placement-to-review", "hold-refused", "task-declined", "hold-expired")


@pytest.fixture(scope="module")
def story(stack_state: StateFolder) -> Iterator[Told]:
    with told(stack_state, NAME) as ended:
        yield ended


def test_the_children_come_along_although_no_request_names_them(story: Told) -> None:
    assert story.body(INTERIOR, "case-opened")["dependants"] == CHILDREN
    assert story.body(INTERIOR, "request-opened")["dependants"] is None
    received = story.body(NGO, "offer-received")
    assert (received["dependants"], received["audience_class"]) == (CHILDREN, FAMILY)


def test_a_form_that_parts_them_opened_no_request(story: Told) -> None:
    words = story.words(INTERIOR)
    assert (words["request-referral"], words["request-opened"]) == (2, 1)
    assert (words["offer-made"], words["loop-closed"]) == (1, 1)


def test_a_shelter_for_women_alone_is_not_even_asked(story: Told) -> None:
    asked = [
        record
        for record in story.records
        if record.attribute("type") == "org.nrm.referral.capacity-queried.v1"
        and record.body()["service_type"] == "shelter"
    ]
    assert {record.body()["audience_class"] for record in asked} == {FAMILY}
    assert not [record for record in asked if f".{REDCROSS}." in record.topic]


def test_she_lives_in_one_place_and_nobody_has_to_say_why(story: Told) -> None:
    words = story.words(NGO)
    said = {word: words[word] for word in SAID_OF_HER_AT_THE_SHELTER}
    assert said == SAID_OF_HER_AT_THE_SHELTER
    assert not [word for word in NEVER_SAID if words[word]]
    assert story.body(NGO, "place-changed")["reason"] is None


def test_the_place_that_suits_a_family_was_taken_and_is_free_again(story: Told) -> None:
    pools: dict[str, list[dict[str, Any]]] = {}
    for record in story.records:
        body = record.body()
        if record.attribute("type") == "org.nrm.assistance.pool-changed.v1":
            pools.setdefault(str(body["pool_id"]), []).append(body)
    shelter = [said for said in pools.values() if said[0]["service_type"] == "shelter"]
    taken = {tuple(said[0]["suits"]): [each["occupied"] for each in said] for said in shelter}
    assert max(taken["dependants",]) == 1
    assert taken["dependants",][-1] == 0
    assert set(taken[()]) == {0}
    assert len(shelter) == len(ROOMS)


def test_the_task_is_done_on_both_sides(story: Told) -> None:
    """Notices a second task beside hers, and a side that stays behind."""
    assert story.states(INTERIOR, "sender") == [(SERVICE, NGO, "loop-closed")]
    assert story.states(NGO, "provider") == [(SERVICE, INTERIOR, "completed")]


def test_the_clocks_are_the_profiles_and_both_sides_see_them(story: Told) -> None:
    """Notices half the time, and a clock of the shelter that her worker does not see."""
    urgent = PROFILE.hours("urgent_accepted_hours")
    assert story.spans(INTERIOR, "offer-made", "answer_by") == [urgent]
    answer_by = story.dues(INTERIOR, "offer-made", "answer_by")
    assert story.dues(NGO, "offer-received", "answer_by") == answer_by
    assert story.spans(NGO, "task-accepted", "start_by") == [PROFILE.days("service_start_days")]
    start_by = story.dues(NGO, "task-accepted", "start_by")
    assert story.dues(INTERIOR, "task-accepted", "start_by") == start_by
    assert story.spans(NGO, "hold-confirmed", "arrive_by") == [PROFILE.hours("arrival_hours")]
    kept = story.dues(NGO, "hold-confirmed", "arrive_by")
    assert story.dues(NGO, "task-scheduled", "arrive_by") == kept
    assert story.dues(INTERIOR, "task-scheduled", "arrive_by") == kept


def test_each_party_knew_this_and_nothing_else(story: Told) -> None:
    assert story.knew() == {
        BORDER: {"detection", "consent"},
        INTERIOR: {"detection", "consent", "need", "help", "outcome"},
        REDCROSS: set(),
        NGO: {"need", "help", "outcome"},
        "custodian-one": set(),
        "hub": set(),
    }


def test_the_figures_are_clean(story: Told) -> None:
    counted = figures.counted(story.stage)
    assert (counted.lost, counted.unfinished) == (0, 0)
