"""`offline`, told on the whole house: what was said over a dead line arrives once, in order."""

from collections.abc import Iterator

import pytest

from deploy.demo import figures
from deploy.demo.stories.loop import INTERIOR, REDCROSS
from deploy.local.layout import StateFolder
from tests.support.stack import Told, told

NAME = "offline"


@pytest.fixture(scope="module")
def story(stack_state: StateFolder) -> Iterator[Told]:
    with told(stack_state, NAME) as ended:
        yield ended


def test_every_offer_arrives_once(story: Told) -> None:
    assert story.words(INTERIOR)["offer-made"] == 2
    assert story.words(REDCROSS)["offer-received"] == 2
    assert not story.of(INTERIOR, "task-expired")


def test_both_loops_close(story: Told) -> None:
    assert story.words(INTERIOR)["loop-closed"] == 2


def test_the_figures_are_clean(story: Told) -> None:
    counted = figures.counted(story.stage)
    assert (counted.lost, counted.unfinished) == (0, 0)
