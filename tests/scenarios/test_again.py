"""`again`, told on the whole house: two cases of one man, joined in one node and nowhere else."""

from collections.abc import Iterator

import pytest

from deploy.demo import figures
from deploy.demo.databases import Databases
from deploy.demo.observer import databases_of
from deploy.demo.stories.again import KIND
from deploy.demo.stories.loop import BORDER, INTERIOR, NGO, REDCROSS
from deploy.local.layout import StateFolder
from tests.support.stack import Told, told

NAME = "again"


@pytest.fixture(scope="module")
def story(stack_state: StateFolder) -> Iterator[Told]:
    with told(stack_state, NAME) as ended:
        yield ended


def test_the_old_case_stays_closed_and_the_new_one_has_its_own_clocks(story: Told) -> None:
    first, second = (story.shown(INTERIOR, case_id) for case_id in story.cases(INTERIOR))
    assert (first["state"], second["state"]) == ("closed", "reflection")
    assert second["recorded_at"] > first["recorded_at"]
    assert second["clocks"]["reflection_ends_at"] is not None
    assert first["clocks"]["reflection_ends_at"] is None


def test_both_name_each_other_inside_the_node(story: Told) -> None:
    first, second = story.cases(INTERIOR)
    assert story.shown(INTERIOR, first)["links"] == [{"case_id": second, "kind": KIND}]
    assert story.shown(INTERIOR, second)["links"] == [{"case_id": first, "kind": KIND}]
    (linked,) = story.of(INTERIOR, "case-linked")
    assert linked.attribute("subject") == second
    assert linked.body() == {"linked_case": first, "kind": KIND, "same_person": True}


def test_each_case_counts_for_who_met_him_then(story: Told) -> None:
    opened = [record.body()["counted_by"] for record in story.of(INTERIOR, "case-opened")]
    assert opened == [BORDER, NGO]


def test_nobody_outside_can_join_the_two(story: Told) -> None:
    databases, where = Databases(story.stage.state), databases_of(story.stage)
    for node in (BORDER, REDCROSS, NGO):
        for case_id in story.cases(INTERIOR):
            assert databases.tables_that_hold(where[node], [case_id]) == []
        assert not story.of(node, "case-linked")
        assert not [record for record in story.of(node) if KIND.encode() in record.value]


def test_each_helper_had_its_own_time_and_no_other(story: Told) -> None:
    assert story.words(REDCROSS)["offer-received"] == story.words(NGO)["offer-received"] == 1
    first, second = story.of(INTERIOR, "case-opened")
    assert story.of(REDCROSS, "episode-completed")[-1].timestamp < second.timestamp
    assert story.of(NGO)[0].timestamp > first.timestamp
    assert story.words(INTERIOR)["loop-closed"] == 2


def test_each_party_knew_this_and_nothing_else(story: Told) -> None:
    assert story.knew() == {
        BORDER: {"detection", "consent"},
        INTERIOR: {"detection", "consent", "decision", "need", "help", "outcome"},
        REDCROSS: {"need", "help", "outcome"},
        NGO: {"detection", "consent", "need", "help", "outcome"},
        "custodian-one": set(),
        "hub": set(),
    }


def test_the_figures_are_clean(story: Told) -> None:
    counted = figures.counted(story.stage)
    assert (counted.lost, counted.unfinished) == (0, 0)
