"""What the door asks of an intake event whose form is sound: each rule, its code and its place."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.gateway.domain.door import EARLIEST, LATEST, IntakeFacts, intake_objections
from services.gateway.domain.refusals import Objection

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SKEW, SECOND = timedelta(minutes=5), timedelta(seconds=1)
SOUND = IntakeFacts(
    now=NOW,
    clock_skew=SKEW,
    source_is_known=True,
    subject_is_a_uuid=True,
    command_owner="referral",
    node_services=frozenset({"referral"}),
    times={"occurred_at": NOW},
    strangers=(),
)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"times": {}},
        {"times": {"occurred_at": NOW + SKEW}},
        {"times": {"ends_at": LATEST, "starts_at": EARLIEST}},
        {"command_owner": "gateway", "node_services": frozenset()},
    ],
)
def test_what_is_sound_passes(changes: dict[str, Any]) -> None:
    assert intake_objections(replace(SOUND, **changes)) == ()


@pytest.mark.parametrize(
    ("changes", "code", "place"),
    [
        ({"source_is_known": False}, "unknown-source", "source"),
        ({"strangers": ("data/provider",)}, "not-a-participant", "data/provider"),
        ({"subject_is_a_uuid": False}, "subject-not-a-uuid", "subject"),
        ({"command_owner": "assistance"}, "not-served-here", "type"),
        ({"times": {"occurred_at": NOW + SKEW + SECOND}}, "in-the-future", "occurred_at"),
        ({"times": {"starts_at": EARLIEST - SECOND}}, "out-of-range", "starts_at"),
        ({"times": {"ends_at": LATEST + SECOND}}, "out-of-range", "ends_at"),
    ],
)
def test_each_rule_alone_refuses_by_code_and_place(
    changes: dict[str, Any], code: str, place: str
) -> None:
    assert intake_objections(replace(SOUND, **changes)) == (Objection(code, place),)


def test_every_rule_is_asked() -> None:
    wrong = replace(
        SOUND,
        source_is_known=False,
        strangers=("a", "b"),
        subject_is_a_uuid=False,
        command_owner="assistance",
        times={"occurred_at": LATEST + SECOND},
    )
    assert [each.code for each in intake_objections(wrong)] == [
        "unknown-source",
        "not-a-participant",
        "not-a-participant",
        "subject-not-a-uuid",
        "not-served-here",
        "in-the-future",
        "out-of-range",
    ]
