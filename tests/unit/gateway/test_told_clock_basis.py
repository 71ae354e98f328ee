"""On which basis the agency that handed a case over hears of the clock of the first decision."""

import pytest

from services.gateway.access.basis import (
    ANSWERS,
    BASIS,
    GRANTED,
    CaseFacts,
    Never,
    Tie,
    may_come,
    may_send,
)
from tests.unit.gateway.test_basis import (
    OURS,
    THEIRS,
    WHILE_A_GRANT_STANDS,
    a_policy,
    a_restriction,
    an_attempt,
    answered,
)

CLOCK = "org.nrm.identification.decision-clock-told.v1"
RECEIPT = "org.nrm.identification.hand-over-received.v1"


@pytest.mark.parametrize(
    ("case", "answer"),
    [
        *WHILE_A_GRANT_STANDS,
        (CaseFacts(tie=Tie.RECEIVED, stopped="consent-withdrawn"), Never("consent-withdrawn")),
        (
            CaseFacts(tie=Tie.RECEIVED, restrictions=(a_restriction(agency_type="red-cross"),)),
            Never("restricted"),
        ),
    ],
)
def test_the_clock_is_told_to_who_gave_us_the_case_and_still_shares_it(
    case: CaseFacts, answer: object
) -> None:
    assert may_send(answered(CLOCK, case=case)) == answer


def test_it_goes_only_the_way_back_of_a_hand_over() -> None:
    assert may_send(an_attempt(CLOCK)) == Never("pair-not-permitted")
    handing = a_policy("hand-over")
    assert may_come(CLOCK, THEIRS, OURS, handing)
    assert not may_come(CLOCK, OURS, THEIRS, handing)
    assert not may_come(CLOCK, THEIRS, OURS, a_policy("referral"))


def test_it_stands_and_falls_with_the_receipt() -> None:
    assert BASIS[CLOCK] == BASIS[RECEIPT]
    assert {CLOCK, RECEIPT} <= ANSWERS & GRANTED
