"""What the door decides about an intake event whose form is sound: whose it is, and whether now.

Facts in, objections out; every rule is asked. No property of a body is known here but its times and
the places where it names an agency.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from services.gateway.domain.refusals import Objection

EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
"""Before this nothing was done by anybody whom the house helps."""
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeFacts:
    """What the rules ask about one intake event."""

    now: datetime
    clock_skew: timedelta
    source_is_known: bool
    subject_is_a_uuid: bool
    command_owner: str
    node_services: frozenset[str]
    times: Mapping[str, datetime]
    """Every time in the body by its place."""
    strangers: tuple[str, ...]
    """Places where a node is named that is no participant: it may be anybody's name."""


Rule = Callable[[IntakeFacts], tuple[Objection, ...]]


def source_is_a_system_of_this_node(facts: IntakeFacts) -> tuple[Objection, ...]:
    """The record is from a system that the operator listed; any other word may be a name.

    Project: no name of a person passes the door.
    """
    return () if facts.source_is_known else (Objection("unknown-source", "source"),)


def every_node_named_takes_part(facts: IntakeFacts) -> tuple[Objection, ...]:
    """An agency that is named is in the registry.

    Project: what is no agency may be a person's name.
    """
    return tuple(Objection("not-a-participant", place) for place in facts.strangers)


def subject_is_a_uuid(facts: IntakeFacts) -> tuple[Objection, ...]:
    """A case or pool is named by a random id, never by a file number.

    Project: a file number leads to the person.
    """
    return () if facts.subject_is_a_uuid else (Objection("subject-not-a-uuid", "subject"),)


def owner_is_in_this_node(facts: IntakeFacts) -> tuple[Objection, ...]:
    """Somebody here answers this command; the gateway answers its own.

    Project: nothing is taken that nobody here can do.
    """
    served = facts.command_owner == "gateway" or facts.command_owner in facts.node_services
    return () if served else (Objection("not-served-here", "type"),)


def nothing_happened_in_the_future(facts: IntakeFacts) -> tuple[Objection, ...]:
    """What happened, happened before now (give or take the agency's clock).

    Project: clocks count from it.
    """
    happened = facts.times.get("occurred_at")
    if happened is None or happened <= facts.now + facts.clock_skew:
        return ()
    return (Objection("in-the-future", "occurred_at"),)


def times_are_of_this_age(facts: IntakeFacts) -> tuple[Objection, ...]:
    """No time is one that no calendar of ours can hold.

    Project: such a time is a slip of the pen.
    """
    return tuple(
        Objection("out-of-range", place)
        for place, moment in facts.times.items()
        if not EARLIEST <= moment <= LATEST
    )


RULES: Final[tuple[Rule, ...]] = (
    source_is_a_system_of_this_node,
    every_node_named_takes_part,
    subject_is_a_uuid,
    owner_is_in_this_node,
    nothing_happened_in_the_future,
    times_are_of_this_age,
)


def intake_objections(facts: IntakeFacts) -> tuple[Objection, ...]:
    """Every objection of every rule."""
    return tuple(objection for rule in RULES for objection in rule(facts))
