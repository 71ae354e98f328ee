"""`last-bed`, told on the whole house: two say yes to one place, and it is given once."""

from collections.abc import Iterator

import pytest

from deploy.demo import figures
from deploy.demo.stories.loop import BORDER, INTERIOR, NGO, REDCROSS
from deploy.local.layout import StateFolder
from tests.support.stack import Told, told

NAME = "last-bed"


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


def test_the_police_know_nothing_of_either(story: Told) -> None:
    knew = story.knew()
    assert knew[INTERIOR] == knew[BORDER] == knew["hub"] == set()


def test_the_figures_are_clean(story: Told) -> None:
    counted = figures.counted(story.stage)
    assert (counted.lost, counted.unfinished) == (0, 0)
