"""When a registry file is taken as this node's policy, and when it is not.

The version only ever rises; the same version twice with another content means that somebody lies.
Facts in, a verdict out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Verdict(StrEnum):
    """What becomes of a registry file."""

    TAKE = "take"
    """Newer than what is in force, and sound."""
    KNOWN = "known"
    """The one in force."""
    OLDER = "older"
    """A version that was passed long ago: somebody rolled it back."""
    TWO_FOR_ONE = "two-for-one"
    """The version in force with another content."""
    OVER = "over"
    """Its validity has ended."""
    UNSOUND = "unsound"
    """It contradicts itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A registry file, as far as the rules ask."""

    version: int
    digest: str
    valid_until: datetime
    nodes: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    codes_known: bool


@dataclass(frozen=True, slots=True)
class InForce:
    """What was taken before."""

    version: int
    digest: str


def verdict_on(offered: Offered, in_force: InForce | None, now: datetime) -> Verdict:
    """The verdict; nothing but ``TAKE`` changes anything."""
    if in_force is not None:
        if offered.version < in_force.version:
            return Verdict.OLDER
        if offered.version == in_force.version:
            same = offered.digest == in_force.digest
            return Verdict.KNOWN if same else Verdict.TWO_FOR_ONE
    if not is_sound(offered):
        return Verdict.UNSOUND
    return Verdict.TAKE if offered.valid_until > now else Verdict.OVER


def is_sound(offered: Offered) -> bool:
    """Known codes; each participant once; pairs of two participants, each once, both ways."""
    nodes, pairs = set(offered.nodes), set(offered.pairs)
    return (
        offered.codes_known
        and len(nodes) == len(offered.nodes)
        and len(pairs) == len(offered.pairs)
        and all(one != other and {one, other} <= nodes for one, other in pairs)
        and _both_ways(pairs)
    )


def _both_ways(pairs: Iterable[tuple[str, str]]) -> bool:
    known = set(pairs)
    return all((other, one) in known for one, other in known)
