"""`two-declines`, told on the whole house: escalation avoids who is ruled out, and stays inside."""

from collections.abc import Iterator

import pytest

from deploy.demo import figures
from deploy.demo.stories.loop import BORDER, INTERIOR, NGO, REDCROSS
from deploy.demo.stories.two_declines import NATIONAL, RULED_OUT
from deploy.local.layout import StateFolder
from tests.support.stack import Told, told

NAME = "two-declines"
STEPS = {"offer-made": 3, "task-declined": 2, "provider-not-found": 1, "need-escalated": 2}


@pytest.fixture(scope="module")
def story(stack_state: StateFolder) -> Iterator[Told]:
    with told(stack_state, NAME) as ended:
        yield ended


def test_each_step_of_the_search_happens_once(story: Told) -> None:
    words = story.words(INTERIOR)
    assert {word: words[word] for word in STEPS} == STEPS


def test_whoever_declined_heard_no_more_of_him(story: Told) -> None:
    assert story.words(NGO)["task-offered"] == 1
    assert story.words(NGO)["task-declined"] == 1
    assert not story.of(NGO, "task-accepted")


def test_who_is_ruled_out_is_named_to_nobody(story: Told) -> None:
    told_of = [record.body()["agency"] for record in story.of(INTERIOR, "need-escalated")]
    assert told_of == [None, NATIONAL]
    for node in (INTERIOR, REDCROSS, NGO):
        assert not [found for found in story.of(node) if RULED_OUT.encode() in found.value]


def test_each_party_knew_this_and_nothing_else(story: Told) -> None:
    assert story.knew() == {
        BORDER: {"detection", "consent"},
        INTERIOR: {"detection", "consent", "need", "help", "outcome"},
        REDCROSS: {"need", "help", "outcome"},
        NGO: {"need"},
        "custodian-one": set(),
        "hub": set(),
    }


def test_the_figures_are_clean(story: Told) -> None:
    counted = figures.counted(story.stage)
    assert (counted.lost, counted.unfinished) == (0, 0)
