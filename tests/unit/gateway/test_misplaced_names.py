"""Every record with a misplaced name is refused by what the door sees of it, before any stack runs.

The same records go through a running house in ``tests/privacy``.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

import pytest

from deploy.demo.agency import Agency, Door
from deploy.demo.bus import Bus
from services.gateway.handlers.examining import examine
from services.gateway.handlers.form import carried_by_kafka, letter_from
from tests.support.misplaced import NODE, detected, hidden_records, like_codes, misplaced_records
from tests.unit.gateway.test_door_rules import AROUND, LIMIT


class Silent(Agency):
    """An agency's system that makes events and speaks to nobody."""

    def __init__(self) -> None:
        now = datetime(2026, 11, 2, 9, tzinfo=UTC)
        self.node = NODE
        self._door = Door(node=NODE, address="", token="", officer_token="", now=lambda: now)
        self._bus = cast("Bus", None)


AGENCY = Silent()
MISPLACED = misplaced_records(AGENCY)
KNOWN = replace(AROUND, participants=frozenset({NODE, "redcross-vitebsk"}))


def objections_to(headers: object, key: str, value: bytes) -> list[str]:
    pairs = cast("tuple[tuple[str, bytes], ...]", headers)
    letter = letter_from(carried_by_kafka(pairs, key.encode(), value), LIMIT)
    return [each.code for each in examine(letter, KNOWN).objections]


@pytest.mark.parametrize("place", sorted(MISPLACED))
def test_a_misplaced_name_is_refused_at_the_door(place: str) -> None:
    post = MISPLACED[place]
    assert objections_to(post.headers, post.key, post.value)


def test_what_is_not_misplaced_passes() -> None:
    good = AGENCY.record(detected(AGENCY))
    assert objections_to(good.headers, good.key, good.value) == []
    for post in hidden_records(AGENCY).values():
        assert objections_to(post.headers, post.key, post.value) == []


def test_names_like_codes_are_among_them() -> None:
    assert like_codes(AGENCY).keys() <= MISPLACED.keys()
    assert len([place for place in MISPLACED if place.startswith("node ")]) >= 5
