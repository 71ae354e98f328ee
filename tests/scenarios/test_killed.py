"""`killed`, told on the whole house: services die by SIGKILL in the middle; it ends the same."""

from collections import Counter
from collections.abc import Iterator

import pytest

from deploy.demo import figures
from deploy.demo.stories.loop import BORDER, INTERIOR, NGO, REDCROSS
from deploy.local.layout import StateFolder, read_json
from tests.support.stack import Told, told, word_of

NAME = "killed"
KILLED = (
    f"{INTERIOR}.gateway",
    f"{INTERIOR}.referral",
    f"{REDCROSS}.referral",
    f"{REDCROSS}.assistance",
)
SAID_AT_INTERIOR = {
    "hand-over-offered": 1,
    "case-opened": 1,
    "hand-over-received": 1,
    "consent-granted": 1,
    "request-referral": 1,
    "request-opened": 1,
    "offer-made": 1,
    "task-offered": 1,
    "task-progressed": 6,
    "task-delivered": 1,
    "task-seen": 1,
    "place-sought": 1,
    "task-accepted": 1,
    "task-started": 1,
    "task-completed": 1,
    "loop-closed": 1,
    "sending-delivered": 2,
    "intake-accepted": 2,
}


@pytest.fixture(scope="module")
def killed(stack_state: StateFolder) -> Iterator[Told]:
    with told(stack_state, NAME) as story:
        yield story


def test_every_killed_service_runs_again(killed: Told) -> None:
    told_of = read_json(killed.stage.state.processes)
    for name in KILLED:
        assert (told_of[name]["state"], told_of[name]["restarts"] > 0) == ("running", True)


def test_each_thing_was_said_once_all_the_same(killed: Told) -> None:
    assert Counter(dict(distinct(killed, INTERIOR))) == Counter(SAID_AT_INTERIOR)


def distinct(killed: Told, node: str) -> Counter[str]:
    """Words by sequence: a record that was sent twice around a crash counts once."""
    numbered = {
        (each.topic, *map(each.attribute, ("source", "epoch", "subject", "sequence"))): each
        for each in killed.of(node)
    }
    return Counter(map(word_of, numbered.values()))


def test_three_visits_were_posted_and_three_are_counted(killed: Told) -> None:
    episodes = killed.stage.get(f"{REDCROSS}.assistance", "/v1/episodes", "case-officer").json()
    (episode,) = [each for each in episodes if each["case_id"] == killed.case(REDCROSS)]
    assert (episode["state"], episode["total"]) == ("completed", 3)
    assert distinct(killed, REDCROSS)["units-delivered"] == 3


def test_each_party_knew_this_and_nothing_else(killed: Told) -> None:
    assert killed.knew() == {
        BORDER: {"detection", "consent"},
        INTERIOR: {"detection", "consent", "need", "help", "outcome"},
        REDCROSS: {"need", "help", "outcome"},
        NGO: set(),
        "custodian-one": set(),
        "hub": set(),
    }


def test_the_figures_are_clean(killed: Told) -> None:
    counted = figures.counted(killed.stage)
    assert (counted.lost, counted.unfinished) == (0, 0)
