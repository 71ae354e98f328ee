"""The words that the model and the real chassis are told the same schedules in.

``maker`` publishes commands on topic ``asked``; ``doer`` reads them and publishes one consequence
of each on ``done``; ``reader`` reads both. A schedule is a list of (action, a, b) numbers; what is
not possible does nothing, so that every part of a schedule is a schedule.
"""

import random
from dataclasses import dataclass, field
from typing import Any

SUBJECTS = ("a", "b", "c")
PARTITIONS = 2
ASKED, DONE = "asked", "done"
READS = {"doer": (ASKED,), "reader": (ASKED, DONE)}
CONSUMERS = ("doer", "reader")
PUBLISHERS = ("maker", "doer")
SERVICES = ("maker", "doer", "reader")

NEVER_WAIT = frozenset({"withdraw", "erase"})
KINDS = (
    *("plain", "unlisted", "poison", "grant", "withdraw", "need", "opening", "erase"),
    *("plain", "killer", "dated", "ahead"),
)
SKIPPED = {
    "doer": frozenset({"unlisted", "need", "grant", "withdraw"}),
    "reader": frozenset({"unlisted", "opening"}),
}
LIFTED = frozenset({"dated", "ahead"})
"""Published under an older major than is read; ``ahead`` has no upcaster until it is mended."""
FAILING = frozenset({"poison", "ahead"})
"""Parked until the bugs are mended."""
CONSEQUENCES = {
    **dict.fromkeys(("plain", "poison", "dated", "ahead"), "plain"),
    "opening": "opened",
}
"""What the doer publishes because of a command."""

ACTIONS = (
    *("publish", "publish", "publish", "relay", "relay", "deliver", "deliver", "deliver"),
    *("fetch", "fetch", "fetch", "fetch", "handle", "handle", "handle", "handle", "handle"),
    *("commit", "commit", "sweep", "abandon", "drop", "crash", "redrive", "redrive"),
    *("discard", "backup", "restore", "retain", "replay", "rebalance"),
)
RARE = (
    *("abandon", "drop", "crash", "redrive", "discard"),
    *("backup", "restore", "retain", "replay", "sweep", "rebalance"),
)
ABOUT_RETENTION = frozenset(
    {"publish", "relay", "deliver", "fetch", "handle", "commit", "retain", "restore"}
)
Step = tuple[int, int, int]
Schedule = list[Step]


class Violation(AssertionError):  # noqa: N818 - what happened
    """A promise was broken."""


@dataclass(frozen=True)
class Event:
    """One event as it was published; ``id`` may be that of an earlier one, ``uid`` may not."""

    uid: int
    id: Any
    source: str
    epoch: int
    topic: str
    subject: str
    sequence: int
    kind: str
    origin: int | None = None

    def __deepcopy__(self, _memo: object) -> "Event":
        return self

    @property
    def stream(self) -> "StreamOf":
        """Where its number counts."""
        return (self.source, self.epoch, self.topic, self.subject)

    @property
    def key(self) -> tuple[str, str, str]:
        """The stream without epoch."""
        return (self.source, self.topic, self.subject)

    @property
    def place(self) -> "PlaceOf":
        """Topic and partition."""
        return (self.topic, SUBJECTS.index(self.subject) % PARTITIONS)

    @property
    def number(self) -> tuple[int, int]:
        """What is compared within a key."""
        return (self.epoch, self.sequence)


StreamOf = tuple[str, int, str, str]
PlaceOf = tuple[str, int]


@dataclass
class Teller:
    """Keeps what happened, for whoever reads a failure."""

    lines: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        """One thing happened."""
        self.lines.append(line)


def kind_of(a: int, b: int) -> str:
    """The kind of a published command; erasures are rare."""
    kind = KINDS[a // 3 % len(KINDS)]
    return "plain" if kind == "erase" and b % 3 else kind


def a_schedule(seed: int, longest: int = 120) -> Schedule:
    """A random schedule; some leave out actions altogether, some are about retention."""
    chance = random.Random(seed)  # noqa: S311 - a schedule, no secret
    length = min(longest, chance.choice((15, 25, 40, 70, 120)))
    possible = list(range(len(ACTIONS)))
    if seed % 4 == 3:
        possible = [n for n in possible if ACTIONS[n] in ABOUT_RETENTION]
        possible += [ACTIONS.index("retain")] * 6
    elif chance.random() < 0.6:
        left_out = set(chance.sample(RARE, chance.randint(2, 8)))
        possible = [n for n in possible if ACTIONS[n] not in left_out]
    subjects = chance.choice((1, 2, 3))

    def number() -> int:
        drawn = chance.randrange(2400)
        return drawn - drawn % 3 + drawn % 3 % subjects

    return [(chance.choice(possible), number(), chance.randrange(2400)) for _ in range(length)]
