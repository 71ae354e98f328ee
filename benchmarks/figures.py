"""The arithmetic: rounds of figures, ratios per round, their median, and goals.

A ratio is taken within one round, where both sides met the same machine; only then is the median
over the rounds taken. Nothing is measured or printed here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

Figures = Mapping[str, float]
"""What one run of one alternative gave, by name: ``rate``, ``cpu_us``, ``p50_ms``, …"""
Round = Mapping[str, Figures]
"""One run of every alternative, by its name."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Several runs of the same thing: the middle and both ends."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of at least one value."""
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a ratio: which alternative, which of its figures."""

    alternative: str
    figure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What should be reached: a ratio of two sides, or one figure alone."""

    sentence: str
    of: Side
    against: Side | None = None
    wanted: Literal["at least", "at most"]
    limit: float

    def value(self, one: Round) -> float:
        """The ratio (or the figure) in one round."""
        above = one[self.of.alternative][self.of.figure]
        if self.against is None:
            return above
        return above / one[self.against.alternative][self.against.figure]


def rate_at_least(ours: str, sentence: str, against: str, limit: float) -> Goal:
    """The usual goal: our events a second, over another alternative's."""
    return Goal(
        sentence=sentence,
        of=Side(ours, "rate"),
        against=Side(against, "rate"),
        wanted="at least",
        limit=limit,
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far a goal was reached."""

    goal: Goal
    reached: Spread

    @property
    def met(self) -> bool:
        """Whether the median over the rounds is on the right side of the limit."""
        if self.goal.wanted == "at least":
            return self.reached.median >= self.goal.limit
        return self.reached.median <= self.goal.limit

    @property
    def missed_by(self) -> float:
        """How far beyond the limit, as a share of it; 0 where it was met."""
        if self.met:
            return 0.0
        return abs(self.reached.median - self.goal.limit) / (self.goal.limit or 1)


def judge(goal: Goal, rounds: Sequence[Round]) -> Outcome:
    """The goal's ratio per round, then the median of those ratios."""
    return Outcome(goal, Spread.of([goal.value(one) for one in rounds]))


def spreads(rounds: Sequence[Round]) -> dict[str, dict[str, Spread]]:
    """For every alternative, the spread of each of its figures."""
    return {
        alternative: {
            figure: Spread.of([one[alternative][figure] for one in rounds])
            for figure in rounds[0][alternative]
        }
        for alternative in rounds[0]
    }


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of all values do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * round(share * 100) // 100))
    return ordered[rank - 1]


def turned(alternatives: Sequence[str], by: int) -> list[str]:
    """The same alternatives in another order each round, so that none is always the first."""
    shift = by % len(alternatives)
    return [*alternatives[shift:], *alternatives[:shift]]
