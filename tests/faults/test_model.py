"""The model keeps its promises under any schedule, and breaks one when any rule is switched off."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.faults.model import Rules
from tests.faults.promises import Whole, run
from tests.faults.story import ACTIONS, ASKED, Event, Violation, a_schedule

SCHEDULES = 600
SEARCH_LIMIT = 4_000
NUMBER = st.integers(0, 2399)
SEEDS_THAT_FIND = {"subject_lock": 1312, "restore_rewinds": 362, "gaps_are_kept": 257}
"""Where the search begins; it goes on from zero if the model has changed since."""


class Machine(RuleBasedStateMachine):
    """Hypothesis draws the steps; the promises are checked in each and at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.world = Whole()

    def teardown(self) -> None:
        """Come to rest, and check."""
        self.world.quiesce()


def _rule_for(action: str) -> Any:
    def step(self: Machine, a: int, b: int) -> None:
        getattr(self.world, "do_" + action)(a, b)

    return rule(a=NUMBER, b=NUMBER)(step)


for _action in sorted(set(ACTIONS)):
    setattr(Machine, "do_" + _action, _rule_for(_action))

TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=150,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def test_random_schedules_break_no_promise() -> None:
    for seed in range(SCHEDULES):
        assert run(a_schedule(seed)) is None, f"schedule {seed}"


def put(world: Whole, kind: str, subject: str) -> Event:
    """An event that is on the bus already."""
    event = world.publish("maker", ASKED, subject, kind)
    world.maker.outbox.remove(event)
    world.log[event.place].append(event)
    return event


def a_withdrawal_after_an_expired_record(world: Whole) -> None:
    """A new consumer on a topic with retention: the first that it sees is number 2."""
    put(world, "plain", "a")
    put(world, "withdraw", "a")
    world.start[ASKED, 0] = 1


def a_younger_record_finished_first(world: Whole) -> None:
    """Two lanes: the second of a partition is finished and committed, then the process dies."""
    put(world, "plain", "a")
    second = put(world, "plain", "c")
    for _ in range(2):
        world.fetch("reader", 0, second.place)
    world.finish("reader", 0, (second, second.place, 1))
    world.do_commit(1, 0)
    world.crash("reader", 0)


def a_grant_behind_a_parked_record(world: Whole) -> None:
    """Parked, grant behind it, withdrawal at once; then the operator redrives."""
    for kind in ("poison", "grant", "withdraw"):
        put(world, kind, "a")


def a_redrive_that_is_overtaken(world: Whole) -> None:
    """One is redriven, the next is still behind, and a third arrives."""
    events = [put(world, kind, "a") for kind in ("poison", "grant", "grant")]
    for at, event in enumerate(events[:2]):
        world.fetch("reader", 0, event.place)
        world.finish("reader", 0, (event, event.place, at))
    world.inboxes["reader"].repaired = True
    world.advance("reader", events[0].stream, redrive=True)
    world.fetch("reader", 0, events[2].place)
    world.finish("reader", 0, (events[2], events[2].place, 2))


def a_consumer_that_was_restored(world: Whole) -> None:
    """Its offsets stay where they were; nothing later shows the hole."""
    put(world, "grant", "a")
    world.drain()
    world.do_restore(2, 0)


ONLY_DIRECTED = frozenset({"at_once_beyond_gaps", "contiguous_commits"})
"""Rules whose absence random schedules reach too rarely."""
DIRECTED: dict[str, Callable[[Whole], None]] = {
    "at_once_beyond_gaps": a_withdrawal_after_an_expired_record,
    "contiguous_commits": a_younger_record_finished_first,
    "withdrawals_by_number": a_grant_behind_a_parked_record,
    "any_row_blocks": a_redrive_that_is_overtaken,
    "restore_rewinds": a_consumer_that_was_restored,
}


def tell(name: str, world: Whole) -> None:
    """A story to its end."""
    DIRECTED[name](world)
    world.quiesce()


@pytest.mark.parametrize("name", sorted(DIRECTED))
def test_a_story_ends_well_with_every_rule(name: str) -> None:
    tell(name, Whole())


@pytest.mark.parametrize("name", ["restore_rewinds", *sorted(ONLY_DIRECTED)])
def test_a_story_ends_badly_without_its_rule(name: str) -> None:
    with pytest.raises(Violation):
        tell(name, Whole(replace(Rules(), **{name: False})))


@pytest.mark.parametrize(
    "name", [each.name for each in fields(Rules) if each.name not in ONLY_DIRECTED]
)
def test_a_schedule_finds_every_rule_that_is_switched_off(name: str) -> None:
    rules = replace(Rules(), **{name: False})
    first = [SEEDS_THAT_FIND[name]] if name in SEEDS_THAT_FIND else []
    for seed in [*first, *range(SEARCH_LIMIT)]:
        if run(a_schedule(seed), rules) is not None:
            return
    pytest.fail(f"no schedule misses the rule {name}")
