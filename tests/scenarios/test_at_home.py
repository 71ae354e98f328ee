"""`at-home`, told on the whole house: a second case, its own consent, the first one's no."""

from collections.abc import Iterator

import pytest

from deploy.demo import figures
from deploy.demo.stories.loop import BORDER, INTERIOR, NGO, REDCROSS
from deploy.local.layout import StateFolder
from tests.support.stack import Told, told

NAME = "at-home"
HARMS = (b"domestic-violence", b"servitude", b"trafficking")


@pytest.fixture(scope="module")
def story(stack_state: StateFolder) -> Iterator[Told]:
    with told(stack_state, NAME) as ended:
        yield ended


def test_the_screening_opens_one_case_that_is_linked_both_ways(story: Told) -> None:
    first, second = story.cases(INTERIOR)
    assert story.shown(INTERIOR, second)["links"] == [
        {"case_id": first, "kind": "found-while-screening"}
    ]
    assert story.shown(INTERIOR, first)["links"] == [
        {"case_id": second, "kind": "found-while-screening"}
    ]
    types = [record.body()["case_type"] for record in story.of(INTERIOR, "case-opened")]
    assert types == ["trafficking", "domestic-violence"]
    assert story.words(INTERIOR)["case-linked"] == 1


def test_the_clocks_of_the_first_case_run_and_nobody_decides_in_the_second(story: Told) -> None:
    first, second = (story.shown(INTERIOR, case_id) for case_id in story.cases(INTERIOR))
    assert (first["state"], second["state"]) == ("reflection", "detected")
    assert first["clocks"]["reasonable_grounds_due_at"]
    assert first["clocks"]["reflection_ends_at"]
    assert second["clocks"].pop("counts_from") == {}
    assert set(second["clocks"].values()) == {None}


def test_what_she_forbade_holds_in_the_second_case_and_what_she_allowed_does_not(
    story: Told,
) -> None:
    first, second = story.cases(INTERIOR)
    said = {
        (record.attribute("subject"), record.body()["agency"])
        for record in story.of(INTERIOR, "restriction-set")
    }
    assert said == {(first, REDCROSS), (second, REDCROSS)}
    granted = [record.attribute("subject") for record in story.of(INTERIOR, "consent-granted")]
    assert granted == [second]


def test_who_helps_learns_of_neither_harm(story: Told) -> None:
    assert story.words(NGO)["offer-received"] == 1
    told_there = story.of(NGO)
    assert told_there
    assert not [each for each in told_there for harm in HARMS if harm in each.value]


def test_each_party_knew_this_and_nothing_else(story: Told) -> None:
    assert story.knew() == {
        BORDER: {"detection", "consent"},
        INTERIOR: {"detection", "consent", "decision", "need", "help", "outcome"},
        REDCROSS: set(),
        NGO: {"need", "help", "outcome"},
        "custodian-one": set(),
        "hub": set(),
    }


def test_the_figures_are_clean(story: Told) -> None:
    counted = figures.counted(story.stage)
    assert (counted.lost, counted.unfinished) == (0, 0)
