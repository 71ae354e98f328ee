"""`two-declines`, told on the whole house: escalation avoids who is ruled out, and stays inside."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import pytest
from typer.testing import CliRunner

from cli.main import app
from contracts.vocabulary import load_profile
from deploy.demo import figures
from deploy.demo.stories.loop import BORDER, INTERIOR, NGO, REDCROSS
from deploy.demo.stories.two_declines import NATIONAL, RULED_OUT, SERVICE
from deploy.demo.timeline import requests_of
from deploy.local.layout import StateFolder
from tests.support.stack import Told, moment, told

NAME = "two-declines"
PROFILE = load_profile("BY-draft")
SAID_AT_NGO = {
    **dict.fromkeys(["task-offered", "offer-received", "task-seen", "task-declined"], 1),
    "answer-offer": 2,
    "intake-accepted": 2,
    "task-progressed": 3,
    "sending-delivered": 3,
}
STEPS = {"offer-made": 3, "task-declined": 2, "provider-not-found": 1, "need-escalated": 2}


@pytest.fixture(scope="module")
def story(stack_state: StateFolder) -> Iterator[Told]:
    with told(stack_state, NAME) as ended:
        yield ended


def test_each_step_of_the_search_happens_once(story: Told) -> None:
    words = story.words(INTERIOR)
    assert {word: words[word] for word in STEPS} == STEPS


def test_whoever_declined_heard_no_more_of_him(story: Told) -> None:
    """Notices a second offer, a withdrawal, and news of what became of him elsewhere."""
    assert story.words(NGO) == Counter(SAID_AT_NGO)


def test_why_each_agency_was_asked_is_explained_for_the_request_that_the_demo_names(
    story: Told, stack_state: StateFolder
) -> None:
    (asked,) = requests_of(story.stage, NAME, story.records)
    words = ["referral", "explain", asked, "--json", "--state", str(stack_state.root)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    considered = json.loads(done.output)["considered"]
    assert {NGO, REDCROSS} <= {row["agency"] for row in considered}
    assert all(row["verdicts"] for row in considered)


def test_who_is_ruled_out_is_named_to_nobody(story: Told) -> None:
    told_of = [record.body()["agency"] for record in story.of(INTERIOR, "need-escalated")]
    assert told_of == [None, NATIONAL]
    for node in (INTERIOR, REDCROSS, NGO):
        assert not [found for found in story.of(node) if RULED_OUT.encode() in found.value]


def test_the_states_say_who_declined_and_who_helped(story: Told) -> None:
    """Notices a decline that did not end its task, and an offer to anybody else."""
    assert story.states(INTERIOR, "sender") == [
        (SERVICE, NGO, "declined"),
        (SERVICE, REDCROSS, "declined"),
        (SERVICE, REDCROSS, "loop-closed"),
    ]
    assert story.states(NGO, "provider") == [(SERVICE, INTERIOR, "declined")]
    assert story.states(REDCROSS, "provider") == [
        *((SERVICE, INTERIOR, "completed"), (SERVICE, INTERIOR, "declined")),
    ]
    reasons = [record.body()["reason"] for record in story.of(INTERIOR, "task-declined")]
    assert reasons == ["at-capacity", "language"]


def test_every_offer_has_the_working_days_of_the_profile_on_both_sides(story: Told) -> None:
    """Notices hours instead of working days, and a node that reckons a time of its own."""
    days = PROFILE.number("routine_accepted_working_days")
    for record in story.of(INTERIOR, "offer-made"):
        made_at, answer_by = (moment(record.body()[name]) for name in ("happened_at", "answer_by"))
        assert answer_by == PROFILE.calendar.add_working_days(made_at, days)
    received = [story.dues(node, "offer-received", "answer_by") for node in (NGO, REDCROSS)]
    assert received[0] | received[1] == story.dues(INTERIOR, "offer-made", "answer_by")


def test_nobody_is_told_before_the_profiles_hours_are_over(story: Told) -> None:
    """Notices an escalation that comes early. One that is set for half the time fails in the story,
    which reads from the need when the next one is told, each time (``patience``).
    """
    (lost,) = story.of(INTERIOR, "provider-not-found")
    told = [moment(each.body()["happened_at"]) for each in story.of(INTERIOR, "need-escalated")]
    steps = [moment(lost.attribute("time")), *told]
    hours = PROFILE.hours("escalation_hours")
    assert [later - before >= hours for before, later in pairwise(steps)] == [True, True]


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
