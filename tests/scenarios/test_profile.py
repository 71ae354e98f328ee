"""`NRM_PROFILE=UK` on a whole house of its own: one man goes the way, and every clock is the UK's.

No number is in here: what is due when is read from the profile's file, and is not what the default
profile says. No line of code differs between the two houses.
"""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.vocabulary import Profile, load_profile
from deploy.demo import figures
from deploy.demo.stage import Stage, new_id
from deploy.demo.stories import loop
from deploy.demo.stories.loop import BORDER, INTERIOR, REDCROSS
from deploy.local.jurisdiction import DEFAULT, SETTING, profile_of
from deploy.local.topology import NODES_FILE
from tests.support.stack import Told, a_house, a_stage

STORY = "a man met in another country"
UK, HERE = load_profile("UK"), load_profile(DEFAULT)
SEARCHED_DAYS = 400
MET = (BORDER, INTERIOR, REDCROSS, "hub")
ROUTINE, URGENT = "nursing-visit", "social-care"
GROUNDS, CONCLUSIVE, OFFERED = (
    "reasonable_grounds_working_days",
    "conclusive_after_reflection_working_days",
    "routine_accepted_working_days",
)
BY_HOLIDAY = (GROUNDS, OFFERED)


@pytest.fixture(scope="module")
def on_the_way(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The nodes of the demo, of which only those run that he meets, and the hub between them."""
    folder = tmp_path_factory.mktemp("nodes")
    for file in NODES_FILE.parent.glob("*.yaml"):
        shutil.copy(file, folder)
    told = yaml.safe_load(NODES_FILE.read_text(encoding="utf-8"))
    for node, card in told["nodes"].items():
        card["on_call"] = node not in MET
        card["pages"] = False
    made = folder / NODES_FILE.name
    made.write_text(yaml.safe_dump(told), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def story(on_the_way: Path) -> Iterator[Told]:
    house = a_house(whole_nodes=True, nodes_file=on_the_way, **{SETTING: UK.name})
    with house as state, a_stage(state) as stage:
        stage.move_clock(until_holidays_differ(stage.now()))
        go_the_way(stage)
        yield Told(STORY, stage)


def until_holidays_differ(now: datetime) -> timedelta:
    """How long it is until a day from which the two countries' holidays part the two clocks."""
    for days in range(SEARCHED_DAYS):
        starts = [now + timedelta(days=days), now + timedelta(days=days, hours=1)]
        if all(due(UK, at, each) != due(HERE, at, each) for at in starts for each in BY_HOLIDAY):
            return timedelta(days=days)
    raise AssertionError("the holidays of the two countries never matter")


def due(profile: Profile, start: datetime, name: str) -> datetime:
    return profile.calendar.add_working_days(start, profile.number(name))


def go_the_way(stage: Stage) -> None:
    """Detected, handed over, presumed, given more time, referred."""
    _, case_id = loop.hand_over(stage, STORY)
    interior = stage.agency(INTERIOR)
    interior.tells("screening-recorded", case_id, {"result": "indicators-found"})
    interior.tells("decision-recorded", case_id, loop.decision("reasonable-grounds"))
    interior.tells("reflection-extended", case_id, {"reason": "mental-health"})
    interior.tells("consent-recorded", case_id, loop.consent(stage, ["referral"], [REDCROSS]))
    for service, urgency in ((ROUTINE, "routine"), (URGENT, "urgent")):
        request = loop.request({new_id(): service}, urgency, language="ru")
        interior.tells("referral-requested", case_id, request)
        loop.open_offer(stage, STORY, (INTERIOR, REDCROSS), service)


def offers(story: Told, node: str, word: str) -> dict[str, tuple[datetime, datetime]]:
    """Service -> when it was offered, and until when it is to be answered."""
    bodies = [record.body() for record in story.of(node, word)]
    return {
        body["service_type"]: (at(body["happened_at"]), at(body["answer_by"])) for body in bodies
    }


def at(text: Any) -> datetime:
    return datetime.fromisoformat(str(text))


def test_the_house_says_by_which_profile_it_runs(story: Told) -> None:
    assert profile_of(story.stage.state) == UK.name != DEFAULT


def test_the_first_decision_is_due_by_the_holidays_of_the_profile(story: Told) -> None:
    case = story.shown(INTERIOR, story.case(INTERIOR))
    start, told = at(case["recorded_at"]), case["clocks"]
    assert at(told["reasonable_grounds_due_at"]) == due(UK, start, GROUNDS)
    assert at(told["reasonable_grounds_due_at"]) != due(HERE, start, GROUNDS)
    handed = story.body(BORDER, "hand-over-confirmed")
    assert at(handed["decision_due_at"]) == at(told["reasonable_grounds_due_at"])


def test_reflection_and_what_is_added_to_it_are_as_long_as_the_profile_says(story: Told) -> None:
    period = story.body(INTERIOR, "reflection-started")
    start, end = at(period["starts_at"]), at(period["ends_at"])
    assert end - start == UK.days("reflection_days")
    longer = story.body(INTERIOR, "reflection-extended")
    assert at(longer["ends_at"]) - end == UK.days("reflection_extension_days")
    assert at(longer["ends_at"]) - end != HERE.days("reflection_extension_days")
    assert at(longer["conclusive_due_at"]) == due(UK, at(longer["ends_at"]), CONCLUSIVE)
    told = story.shown(INTERIOR, story.case(INTERIOR))["clocks"]
    assert at(told["reflection_ends_at"]) == at(longer["ends_at"])


def test_an_offer_is_open_as_long_as_the_profile_says_and_both_sides_know_it(story: Told) -> None:
    made, received = (
        offers(story, INTERIOR, "offer-made"),
        offers(story, REDCROSS, "offer-received"),
    )
    offered_at, answer_by = made[ROUTINE]
    assert answer_by == due(UK, offered_at, OFFERED) != due(HERE, offered_at, OFFERED)
    offered_at, answer_by = made[URGENT]
    assert answer_by - offered_at == UK.hours("urgent_accepted_hours")
    assert {each: by for each, (_, by) in made.items()} == {
        each: by for each, (_, by) in received.items()
    }


def test_the_figures_are_clean(story: Told) -> None:
    counted = figures.counted(story.stage)
    assert (counted.lost, counted.unfinished) == (0, 0)
