"""`offline`, told on the whole house: what was said over a dead line arrives once, in order."""

from collections.abc import Iterator

import pytest

from contracts.vocabulary import load_profile
from deploy.demo import figures
from deploy.demo.stories.loop import BORDER, INTERIOR, NGO, REDCROSS
from deploy.local.layout import StateFolder
from tests.support.stack import Told, told

NAME = "offline"
NEEDS = ("nursing-visit", "social-care")
ANSWERS = ["delivered", "seen", "accepting", "accepted", "in-progress", "completed"]
PROFILE = load_profile("BY-draft")


@pytest.fixture(scope="module")
def story(stack_state: StateFolder) -> Iterator[Told]:
    with told(stack_state, NAME) as ended:
        yield ended


def said(story: Told, node: str, word: str, *names: str) -> list[tuple[str, ...]]:
    """These properties of each event of a kind, in the order of its topic."""
    records = sorted(story.of(node, word), key=lambda record: (record.topic, record.offset))
    return [tuple(str(record.body()[name]) for name in names) for record in records]


def test_every_offer_arrives_once_and_in_the_order_in_which_it_was_made(story: Told) -> None:
    """Notices an offer that is lost or comes twice, and two that are swapped on the way."""
    made = said(story, INTERIOR, "offer-made", "task_id")
    assert len(set(made)) == len(NEEDS)
    assert said(story, INTERIOR, "task-offered", "task_id") == made
    assert said(story, REDCROSS, "task-offered", "task_id") == made
    assert said(story, REDCROSS, "offer-received", "task_id") == made


def test_every_answer_comes_back_once_and_in_the_order_in_which_it_was_given(story: Told) -> None:
    """Notices an answer that is lost, doubled, or overtaken by a later one."""
    told = said(story, REDCROSS, "task-progressed", "task_id", "state")
    assert said(story, INTERIOR, "task-progressed", "task_id", "state") == told
    for task_id in story.dues(INTERIOR, "offer-made", "answer_by"):
        assert [state for task, state in told if task == task_id] == ANSWERS


def test_both_needs_are_met_on_both_sides(story: Told) -> None:
    """Notices a side that stays behind, and a task too many."""
    assert story.states(INTERIOR, "sender") == [(need, REDCROSS, "loop-closed") for need in NEEDS]
    assert story.states(REDCROSS, "provider") == [(need, INTERIOR, "completed") for need in NEEDS]
    assert story.words(INTERIOR)["loop-closed"] == len(NEEDS)


def test_the_clocks_are_the_profiles_and_the_same_on_both_sides(story: Told) -> None:
    """Notices a time of answer that the receiver's node moved, half a time, and an offer that a
    clock ended while the line was dead.
    """
    given = [PROFILE.hours("urgent_accepted_hours")] * len(NEEDS)
    assert story.spans(INTERIOR, "offer-made", "answer_by") == given
    answer_by = story.dues(INTERIOR, "offer-made", "answer_by")
    assert story.dues(REDCROSS, "offer-received", "answer_by") == answer_by
    given = [PROFILE.days("service_start_days")] * len(NEEDS)
    assert story.spans(REDCROSS, "task-accepted", "start_by") == given
    start_by = story.dues(REDCROSS, "task-accepted", "start_by")
    assert story.dues(INTERIOR, "task-accepted", "start_by") == start_by
    for node in (INTERIOR, REDCROSS):
        assert not [word for word in ("task-expired", "start-overdue") if story.of(node, word)]


def test_each_party_knew_this_and_nothing_else(story: Told) -> None:
    """Notices a node that hears of him though nothing was asked of it."""
    assert story.knew() == {
        BORDER: {"detection", "consent"},
        INTERIOR: {"detection", "consent", "need", "help", "outcome"},
        REDCROSS: {"need", "help", "outcome"},
        NGO: set(),
        "custodian-one": set(),
        "hub": set(),
    }


def test_the_figures_are_clean(story: Told) -> None:
    counted = figures.counted(story.stage)
    assert (counted.lost, counted.unfinished) == (0, 0)
