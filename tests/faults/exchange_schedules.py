"""Schedules for the model of the exchange: what may happen, at random, and a search over many."""

import random
from collections.abc import Callable, Iterable

from tests.faults.exchange_model import World
from tests.faults.exchange_state import Rules, Violation

WORK = ("offer", "write", "flush", "poll", "report", "read_receipt", "repeat")
PEOPLE = ("withdraw", "consent_again", "tick")
FAULTS = (
    *("crash", "drop", "duplicate", "delay", "lose_receipt", "old_receipt", "suspend"),
    *("backup", "restore_sender", "restore_receiver"),
)
ACTS = (*WORK, *PEOPLE, *FAULTS)
Act = tuple[str, int]


def play(acts: Iterable[Act], rules: Rules | None = None) -> str | None:
    """Which promise is broken, if any, when these acts happen and then everything heals."""
    world = World(rules)
    try:
        for name, which in acts:
            step: Callable[[int], None] = getattr(world, name)
            step(which)
        world.heal()
    except Violation as broken:
        return str(broken)
    return None


def a_schedule(chance: random.Random, length: int) -> list[Act]:
    """Random acts: whole ways of a record beside single steps, a few kinds of fault each time."""
    faults = chance.sample(FAULTS, chance.choice((1, 2, 3, len(FAULTS))))
    acts: list[Act] = []
    while len(acts) < length:
        which, kind = chance.randrange(3), chance.random()
        if kind < 0.30:
            acts += [(name, which) for name in ("offer", "write", "flush")]
        elif kind < 0.40:
            acts += [("poll", 0), ("poll", 0)]
        elif kind < 0.50:
            acts += [("report", 0), ("read_receipt", 0)]
        elif kind < 0.70:
            acts.append((chance.choice(WORK), which))
        elif kind < 0.80:
            acts.append((chance.choice(PEOPLE), which))
        else:
            acts.append((chance.choice(faults), which))
    return acts


def search(
    rules: Rules, runs: int, seed: int, without: frozenset[Act] = frozenset()
) -> tuple[str, list[Act]] | None:
    """The first schedule of many that breaks a promise; ``without`` these acts."""
    chance = random.Random(seed)  # noqa: S311 - repeatable schedules
    for _ in range(runs):
        acts = a_schedule(chance, chance.choice((6, 12, 25, 40)))
        acts = [act for act in acts if act not in without]
        broken = play(acts, rules)
        if broken is not None:
            return broken, acts
    return None
