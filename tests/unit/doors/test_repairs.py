"""Mapping an unknown code to a known one: which correction it is, and when there is none."""

from typing import Any

import pytest

from doors.failures import DoorFailure
from doors.repairs import checked_code, correction, place_of


@pytest.mark.parametrize(
    ("place", "code", "codes", "body"),
    [
        ("industry", "F", {"industry": "not-yet-known"}, {"industry": "F"}),
        ("industry", "F", {"industry": "A"}, None),
        ("exploitation.0", "sexual", {"exploitation": []}, {"exploitation": ["sexual"]}),
        (
            "exploitation.1",
            "sexual",
            {"exploitation": ["forced-labour", "not-yet-known"]},
            {"exploitation": ["forced-labour", "sexual"]},
        ),
        ("exploitation.0", "sexual", {"exploitation": ["sexual"]}, None),
        ("means.0", "threats", {}, None),
    ],
)
def test_a_correction_says_only_what_was_unknown(
    place: str, code: str, codes: dict[str, Any], body: dict[str, Any] | None
) -> None:
    assert correction(place_of(place), code, codes) == body


def test_another_agencys_task_has_no_case_here_that_could_be_corrected() -> None:
    assert place_of("majority", "org.nrm.identification.hand-over-offered.v1").correctable
    assert place_of("majority", "org.nrm.intake.person-detected.v1").correctable
    assert not place_of("majority", "org.nrm.referral.task-offered.v1").correctable


@pytest.mark.parametrize("code", ["nonsense", "not-yet-known"])
def test_only_a_known_code_is_mapped_to(code: str) -> None:
    with pytest.raises(DoorFailure, match=r"There are: .*forced-labour"):
        checked_code(place_of("exploitation.0"), code)
