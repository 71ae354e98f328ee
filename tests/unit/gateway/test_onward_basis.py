"""On which basis the first sender hears of an onward referral: a consent for just that."""

from dataclasses import replace

import pytest

from services.gateway.access.basis import CaseFacts, Never, Tie, Yes, may_send
from tests.unit.gateway.test_basis import (
    NOW,
    OURS,
    THEIRS,
    a_consent,
    a_restriction,
    answered,
    facts,
)

ONWARD = "org.nrm.referral.onward-referral-told.v1"
AGREED = a_consent(categories=frozenset({"onward-referral"}))


@pytest.mark.parametrize(
    ("case", "answer"),
    [
        (facts(tie=Tie.RECEIVED), Never("no-consent")),
        (facts(tie=Tie.RECEIVED, consents=(AGREED,)), Yes("consent", AGREED.consent_id)),
        (
            facts(tie=Tie.RECEIVED, consents=(replace(AGREED, recipients=frozenset({OURS})),)),
            Never("no-consent"),
        ),
        (
            facts(tie=Tie.RECEIVED, consents=(replace(AGREED, ended_at=NOW),)),
            Never("consent-withdrawn"),
        ),
        (facts(tie=Tie.NONE, consents=(AGREED,)), Never("no-basis")),
        (facts(tie=Tie.GIVEN, consents=(AGREED,)), Never("no-basis")),
        (facts(tie=Tie.RECEIVED_ENDED, consents=(AGREED,)), Never("grant-ended")),
        (
            facts(
                tie=Tie.RECEIVED,
                consents=(AGREED,),
                restrictions=(a_restriction(agency=THEIRS),),
            ),
            Never("restricted"),
        ),
    ],
)
def test_the_first_sender_hears_of_an_onward_referral_with_a_consent_for_just_that(
    case: CaseFacts, answer: object
) -> None:
    assert may_send(answered(ONWARD, case=case)) == answer
