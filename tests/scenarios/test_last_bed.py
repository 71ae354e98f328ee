"""`last-bed`, told on the whole house: two say yes to one place, and it is given once."""

from collections.abc import Iterator

import pytest

from contracts.vocabulary import load_profile
from deploy.demo import figures
from deploy.demo.stories.last_bed import SERVICE
from deploy.demo.stories.loop import BORDER, INTERIOR, NGO, REDCROSS
from deploy.local.layout import StateFolder
from tests.support.stack import Told, told

NAME = "last-bed"
PROFILE = load_profile("BY-draft")


@pytest.fixture(scope="module")
def story(stack_state: StateFolder) -> Iterator[Told]:
    with told(stack_state, NAME) as ended:
        yield ended


def test_of_three_questions_for_a_place_one_is_refused(story: Told) -> None:
    words = story.words(NGO)
    assert (words["hold-requested"], words["hold-placed"], words["hold-refused"]) == (3, 2, 1)


def test_places_always_add_up(story: Told) -> None:
    pools = [
        record.body()
        for record in story.records
        if record.attribute("type") == "org.nrm.assistance.pool-changed.v1"
        and record.body()["audience_class"] == "carer-with-children"
    ]
    assert pools
    for pool in pools:
        parts = (pool["available"], pool["held"], pool["occupied"], pool["out_of_service"])
        assert all(part >= 0 for part in parts)
        assert sum(parts) == pool["maximum"] == 1


def test_both_are_helped_in_the_end(story: Told) -> None:
    assert story.words(REDCROSS)["loop-closed"] == 1
    assert story.words(NGO)["loop-closed"] == 1


def test_one_offer_was_declined_and_both_sides_say_so(story: Told) -> None:
    """Notices a decline that the sender never heard of, and a task that stays open."""
    asked = story.states(REDCROSS, "sender") + story.states(NGO, "sender")
    given = story.states(NGO, "provider")
    assert {(service, other) for service, other, _ in asked} == {(SERVICE, NGO)}
    states = sorted(state for _, _, state in asked)
    assert states == ["declined", "loop-closed", "loop-closed"]
    assert sorted(state for _, _, state in given) == ["completed", "completed", "declined"]
    declined = [record.body() for record in story.of(NGO, "task-declined")]
    assert {body["reason"] for body in declined} == {"at-capacity"}


def test_every_clock_is_the_profiles(story: Told) -> None:
    """Notices a place that is looked for, or a mother who is expected, for half or twice the time,
    and an offer that runs out at another time for who asked than for who answers.
    """
    urgent = PROFILE.hours("urgent_accepted_hours")
    made = {node: story.spans(node, "offer-made", "answer_by") for node in (REDCROSS, NGO)}
    assert made[REDCROSS] + made[NGO] == [urgent] * 3
    answer_by = [story.dues(node, "offer-made", "answer_by") for node in (REDCROSS, NGO)]
    assert story.dues(NGO, "offer-received", "answer_by") == answer_by[0] | answer_by[1]
    looked_for = story.spans(NGO, "hold-requested", "expires_at")
    assert looked_for == [PROFILE.minutes("accepting_minutes")] * 3
    sought = [story.dues(node, "place-sought", "hold_until") for node in (REDCROSS, NGO)]
    assert story.dues(NGO, "hold-requested", "expires_at") == sought[0] | sought[1]
    expected = story.spans(NGO, "hold-confirmed", "arrive_by")
    assert expected == [PROFILE.hours("arrival_hours")] * 2


def test_each_party_knew_this_and_nothing_else(story: Told) -> None:
    """Notices the police, who were forbidden, and whoever else hears of either."""
    helped = {"detection", "consent", "need", "help", "outcome"}
    assert story.knew() == {
        BORDER: set(),
        INTERIOR: set(),
        REDCROSS: helped,
        NGO: helped,
        "custodian-one": set(),
        "hub": set(),
    }


def test_the_figures_are_clean(story: Told) -> None:
    counted = figures.counted(story.stage)
    assert (counted.lost, counted.unfinished) == (0, 0)
