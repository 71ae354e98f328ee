"""When a registry file becomes the policy, and who may write to whom in it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.gateway.domain.consent import Recipient
from services.gateway.domain.policy import Participant, Policy
from services.gateway.domain.registry import InForce, Offered, Verdict, verdict_on

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
BOTH_WAYS = (("a", "b"), ("b", "a"))
OFFERED = Offered(
    version=5,
    digest="five",
    valid_until=NOW + SECOND,
    nodes=("a", "b", "c"),
    pairs=BOTH_WAYS,
    codes_known=True,
)


@pytest.mark.parametrize(
    ("in_force", "verdict"),
    [
        (None, Verdict.TAKE),
        (InForce(version=4, digest="four"), Verdict.TAKE),
        (InForce(version=5, digest="five"), Verdict.KNOWN),
        (InForce(version=5, digest="other"), Verdict.TWO_FOR_ONE),
        (InForce(version=6, digest="five"), Verdict.OLDER),
    ],
)
def test_the_version_only_ever_rises_and_means_one_content(
    in_force: InForce | None, verdict: Verdict
) -> None:
    assert verdict_on(OFFERED, in_force, NOW) is verdict


def test_what_is_no_longer_valid_is_not_taken() -> None:
    assert verdict_on(replace(OFFERED, valid_until=NOW), None, NOW) is Verdict.OVER


@pytest.mark.parametrize(
    "wrong",
    [
        {"codes_known": False},
        {"nodes": ("a", "b", "a")},
        {"pairs": (*BOTH_WAYS, ("a", "b"))},
        {"pairs": (("a", "a"),)},
        {"pairs": (("a", "x"), ("x", "a"))},
        {"pairs": (("a", "b"),)},
        {"pairs": (*BOTH_WAYS, ("b", "c"))},
    ],
)
def test_a_file_that_contradicts_itself_is_not_taken(wrong: dict[str, Any]) -> None:
    assert verdict_on(replace(OFFERED, **wrong), None, NOW) is Verdict.UNSOUND
    for sound in (replace(OFFERED, pairs=()), replace(OFFERED, nodes=("a", "b"))):
        assert verdict_on(sound, None, NOW) is Verdict.TAKE


def test_a_pair_permits_its_purposes_in_one_direction_and_joins_both_sides() -> None:
    policy = Policy(
        version=1,
        digest="one",
        valid_until=NOW,
        participants={},
        pairs={("m", "a"): frozenset({"referral"}), ("z", "m"): frozenset({"hand-over"})},
    )
    assert policy.permits("m", "a", "referral")
    assert not policy.permits("m", "a", "hand-over")
    assert not policy.permits("a", "m", "referral")
    assert policy.connected("m", "a")
    assert policy.connected("a", "m")
    assert not policy.connected("a", "z")
    assert policy.agencies_of("m") == ("a", "z")
    assert policy.agencies_of("a") == ("m",)


def test_consent_sees_of_a_participant_where_and_what_it_is() -> None:
    listed = Participant(
        node="ngo-brest",
        agency_type="ngo",
        sector="civil",
        status="active",
        powers=frozenset({"provide"}),
        oblasts=frozenset({"BY-BR"}),
    )
    expected = Recipient(node="ngo-brest", agency_type="ngo", oblasts=frozenset({"BY-BR"}))
    assert listed.recipient == expected
