"""`no-removal`, told on the whole house: one thing reaches who could remove her, nothing else."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import pytest

from contracts.vocabulary import load_profile
from deploy.demo import figures, knew
from deploy.demo.databases import Databases
from deploy.demo.observer import databases_of, files_with, of_node, records_with
from deploy.demo.stories import no_removal
from deploy.demo.stories.loop import BORDER, INTERIOR, NGO, REDCROSS
from deploy.demo.stories.no_removal import A_NAME, MIGRATION
from deploy.local.layout import StateFolder
from tests.support.stack import Told, told

NAME = "no-removal"
PROFILE = load_profile("BY-draft")
SAID_AT_MIGRATION = {
    "no-removal": 1,
    "removal-forbidden": 1,
    "no-removal-ended": 1,
    "removal-not-forbidden": 1,
}
SAID_OF_IT_AT_INTERIOR = {
    "reflection-started": 1,
    "no-removal": 1,
    "no-removal-told": 1,
    "reflection-ended": 1,
    "person-identified": 1,
    "no-removal-ended": 1,
    "no-removal-lifted": 1,
}


@pytest.fixture(scope="module")
def story(stack_state: StateFolder) -> Iterator[Told]:
    with told(stack_state, NAME) as ended:
        yield ended


def test_migration_heard_this_and_nothing_else(story: Told) -> None:
    assert story.words(MIGRATION) == Counter(SAID_AT_MIGRATION)
    for record in story.of(MIGRATION):
        assert set(record.body()) <= {"notification_id", "agency"}
        assert record.body().get("agency", INTERIOR) == INTERIOR


def test_no_more_than_that_crossed_to_migration(story: Told) -> None:
    crossed = knew.joined(story.stage, NAME)
    assert [what for _, _, to, what in crossed if to == MIGRATION] == [
        "no-removal",
        "no-removal-ended",
    ]
    assert not [what for _, sender, _, what in crossed if sender == MIGRATION]


def test_it_held_for_the_period_and_until_the_decision(story: Told) -> None:
    words = story.words(INTERIOR)
    assert {word: words[word] for word in SAID_OF_IT_AT_INTERIOR} == SAID_OF_IT_AT_INTERIOR
    began = story.body(INTERIOR, "reflection-started")
    starts_at, ends_at = (
        datetime.fromisoformat(str(began[each])) for each in ("starts_at", "ends_at")
    )
    assert ends_at - starts_at == PROFILE.days("reflection_days")
    order = [
        word
        for word in story.words(INTERIOR)
        if word in ("reflection-ended", "person-identified", "no-removal-lifted")
    ]
    assert order == ["reflection-ended", "person-identified", "no-removal-lifted"]
    notices = story.stage.get(
        f"{MIGRATION}.identification", "/v1/notices", "case-officer", kind="no-removal"
    ).json()
    (mine,) = [each for each in notices if each["case_id"] == story.case(MIGRATION)]
    assert (mine["agency"], mine["state"]) == (INTERIOR, "ended")


def test_nothing_reached_migration_before_she_agreed(story: Told) -> None:
    granted = [
        record.timestamp
        for record in story.of(INTERIOR, "consent-granted")
        if MIGRATION in record.body()["recipients"]
    ]
    (asked,) = granted
    assert all(record.timestamp >= asked for record in story.of(MIGRATION))


def test_migration_has_no_case_no_name_and_no_code_of_her(story: Told) -> None:
    stage, case_id = story.stage, story.case(MIGRATION)
    shown = stage.get(f"{MIGRATION}.identification", f"/v1/cases/{case_id}", "case-officer")
    assert shown.status_code == 404
    assert stage.agency(MIGRATION).person(case_id).status_code == 404
    assert no_removal.heard_of(stage, story.case(INTERIOR)) == []
    elsewhere = [each for node, each in stage.cases[NAME] if node != MIGRATION]
    here = [record for record in story.records if of_node(record, MIGRATION)]
    assert here
    assert records_with(here, [A_NAME, *elsewhere]) == []
    assert files_with(stage, [A_NAME, *elsewhere], MIGRATION) == []


def test_the_search_finds_what_is_there(story: Told) -> None:
    interior = databases_of(story.stage)[INTERIOR]
    words = [story.case(INTERIOR)]
    assert Databases(story.stage.state).tables_that_hold(interior, words)


def test_she_was_helped_in_the_meantime(story: Told) -> None:
    assert story.words(INTERIOR)["loop-closed"] == 1
    assert story.shown(INTERIOR, story.case(INTERIOR))["state"] == "identified"


def test_each_party_knew_this_and_nothing_else(story: Told) -> None:
    assert story.knew() == {
        BORDER: set(),
        INTERIOR: {
            *("identity", "detection", "consent", "decision"),
            *("need", "help", "outcome", "notice"),
        },
        REDCROSS: {"need", "help", "outcome"},
        NGO: set(),
        MIGRATION: {"notice"},
        "custodian-one": set(),
        "hub": set(),
    }


def test_the_figures_are_clean(story: Told) -> None:
    counted = figures.counted(story.stage)
    assert (counted.lost, counted.unfinished) == (0, 0)
