"""The exchange holds its promises whatever happens, and needs each of its rules for that."""

from collections.abc import Sequence
from dataclasses import fields, replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.faults.exchange_model import World
from tests.faults.exchange_schedules import FAULTS, PEOPLE, WORK, Act, play, search
from tests.faults.exchange_state import Rules, Violation

RUNS, SEED = 1_200, 20261122
LONGEST = 10 * RUNS
"""A rule that is hard to miss is looked for longer; the search ends when it is found."""
SILENT: frozenset[Act] = frozenset({("restore_sender", 1)})
RESTORES = (
    SILENT
    | {("restore_sender", 0), ("restore_sender", 2), ("restore_receiver", 0)}
    | {
        ("restore_receiver", 1),
        ("restore_receiver", 2),
    }
)
MASKED = {
    # a rule that another one backs up -> that one, and the acts under which the pair shows it
    "restore_opens_epoch": ("own_setback_is_noticed", SILENT),
    "only_the_next_is_handled": ("own_setback_is_noticed", frozenset(RESTORES)),
}
EITHER = frozenset({"lower_epochs_are_dropped", "tombstones"})
"""Either keeps old content out after the notice that ends its reference; chance never finds it."""
OLD_CONTENT_AFTER_ITS_NOTICE = "offer write delay withdraw repeat write write flush poll delay poll"
ALONE = sorted({each.name for each in fields(Rules)} - set(MASKED) - EITHER)


class Exchange(RuleBasedStateMachine):
    """Any acts in any order; every promise is looked at when everything works again."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @rule(act=st.sampled_from(WORK), which=st.integers(0, 2))
    def work(self, act: str, which: int) -> None:
        """A step of either gateway."""
        getattr(self.world, act)(which)

    @rule(which=st.integers(0, 2))
    def send(self, which: int) -> None:
        """The whole way of one record."""
        for act in ("offer", "write", "flush"):
            getattr(self.world, act)(which)

    @rule(act=st.sampled_from(PEOPLE), which=st.integers(0, 2))
    def people(self, act: str, which: int) -> None:
        """What people decide."""
        getattr(self.world, act)(which)

    @rule(act=st.sampled_from(FAULTS), which=st.integers(0, 2))
    def fault(self, act: str, which: int) -> None:
        """What goes wrong."""
        getattr(self.world, act)(which)

    def teardown(self) -> None:
        """Everything works again."""
        self.world.heal()


@pytest.mark.parametrize("gone", [(), *((one,) for one in sorted(EITHER)), sorted(EITHER)])
def test_either_of_two_rules_keeps_content_out_after_its_notice(gone: Sequence[str]) -> None:
    rules = replace(Rules(), **dict.fromkeys(gone, False))
    for which in range(3):
        acts = [(act, which) for act in OLD_CONTENT_AFTER_ITS_NOTICE.split()]
        missed = play(acts, rules)
        assert missed == ("a recipient was never told" if set(gone) == EITHER else None)


def test_a_receipt_on_its_way_settles_what_hub_and_receiver_then_forget_together() -> None:
    world = World()
    for act in ("offer", "write", "flush", "poll", "drop", "report", "restore_receiver"):
        getattr(world, act)(0)
    world.heal()
    assert len(world.watch.excused_letters) == 1  # nobody has it, and nobody can know: critiques.md


def test_no_sequence_of_acts_breaks_a_promise() -> None:
    run_state_machine_as_test(
        Exchange,
        settings=settings(
            max_examples=150,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_no_random_schedule_breaks_a_promise() -> None:
    assert search(Rules(), RUNS, SEED) is None


@pytest.mark.parametrize("name", ALONE)
def test_a_rule_taken_away_is_missed(name: str) -> None:
    assert search(replace(Rules(), **{name: False}), LONGEST, SEED) is not None


@pytest.mark.parametrize("name", sorted(MASKED))
def test_a_rule_that_another_backs_up_is_missed_when_both_are_gone(name: str) -> None:
    other, without = MASKED[name]
    only_other = replace(Rules(), **{other: False})
    assert search(only_other, RUNS // 4, SEED, without) is None
    both = replace(only_other, **{name: False})
    assert search(both, LONGEST, SEED, without) is not None


@pytest.mark.parametrize(
    "acts",
    [
        "offer write withdraw flush poll",
        "offer write flush drop report read_receipt",
        "offer write flush poll backup offer write flush poll restore_sender offer write",
        "offer write flush poll report read_receipt restore_receiver",
        "offer write flush tick tick tick tick poll report read_receipt",
        "offer write delay flush withdraw repeat write flush delay poll poll",
        "offer write flush poll withdraw write flush consent_again offer write duplicate",
        "suspend offer write withdraw suspend write flush poll",
    ],
)
def test_schedules_that_once_hurt_somebody(acts: str) -> None:
    for which in range(3):
        assert play([(act, which) for act in acts.split()]) is None


def test_the_observer_sees_a_send_after_the_withdrawal() -> None:
    world = World(replace(Rules(), check_when_numbering=False))
    world.offer(0)
    world.withdraw(0)
    with pytest.raises(Violation, match="sent after the withdrawal"):
        world.write(0)
