"""When sharing with an agency ends: by a restriction, a withdrawal, or as it is listed no more."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from services.gateway.access.basis import Sharing, sharing_ends
from services.gateway.domain.consent import AgencyClass
from tests.unit.gateway.test_basis import (
    CANCEL,
    HAND_OVER,
    NOW,
    OFFER,
    REQUIRED_HAND_OVER,
    THEIRS,
    a_consent,
    a_participant,
    a_restriction,
)

ENDED = a_consent(ended_at=NOW)
ANOTHER = UUID("0b1a7a52-42e4-4f52-8b58-2a2f5f6d1c04")
EXPIRED = a_consent(consent_id=ANOTHER, expires_at=NOW)
OF_SOMEBODY_ELSE = a_consent(recipients=frozenset({"ngo-brest"}), ended_at=NOW)
HANDED_OVER_ONLY = a_consent(purposes=frozenset({"hand-over"}), ended_at=NOW)
BY_SOMEBODY_ELSE = a_consent(consent_id=ANOTHER, given_by="other")
HANDING = frozenset({"hand-over"})
OFFERED_BOTH = frozenset({OFFER, HAND_OVER})
NO_LONGER_NAMED = a_consent(
    recipients=frozenset(), agency_class=AgencyClass(agency_type="ngo"), ended_at=NOW
)


def sharing(**changes: Any) -> Sharing:
    started = Sharing(
        participant=a_participant(THEIRS, agency_type="red-cross"),
        by_grant=False,
        types=frozenset({OFFER, CANCEL}),
        consents=(a_consent(),),
        restrictions=(),
        withdrawn=frozenset({ENDED.consent_id}),
        now=NOW,
    )
    return replace(started, **changes)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (sharing(), None),
        (sharing(consents=(a_consent(ended_at=NOW),)), "consent-withdrawn"),
        (sharing(consents=(a_consent(ended_at=NOW), a_consent())), None),
        (sharing(consents=(ENDED, EXPIRED)), "consent-withdrawn"),
        (sharing(consents=(OF_SOMEBODY_ELSE, EXPIRED)), None),
        (sharing(consents=(HANDED_OVER_ONLY, EXPIRED)), None),
        (sharing(consents=(HANDED_OVER_ONLY, EXPIRED), types=OFFERED_BOTH), None),
        (sharing(consents=(EXPIRED,), withdrawn=frozenset({ANOTHER})), "consent-withdrawn"),
        (sharing(consents=(EXPIRED,), withdrawn=None), None),
        (sharing(consents=(ENDED,), withdrawn=None), None),
        (
            sharing(
                consents=(EXPIRED,),
                restrictions=(a_restriction(agency=THEIRS),),
                withdrawn=None,
            ),
            "restricted",
        ),
        (
            sharing(
                consents=(EXPIRED,),
                restrictions=(a_restriction(agency="ngo-brest"),),
                withdrawn=None,
            ),
            None,
        ),
        (
            sharing(consents=(ENDED, a_consent(consent_id=ANOTHER, purposes=HANDING))),
            "consent-withdrawn",
        ),
        (sharing(consents=(ENDED, a_consent(purposes=HANDING)), types=OFFERED_BOTH), None),
        (sharing(consents=(NO_LONGER_NAMED,)), "consent-withdrawn"),
        (sharing(consents=(a_consent(given_by="other"),), withdrawn=frozenset({ANOTHER})), None),
        (sharing(consents=(ENDED, BY_SOMEBODY_ELSE)), "consent-withdrawn"),
        (sharing(types=frozenset({CANCEL})), "consent-withdrawn"),
        (sharing(restrictions=(a_restriction(agency=THEIRS),)), "restricted"),
        (sharing(by_grant=True, consents=(a_consent(ended_at=NOW),)), None),
        (sharing(participant=None), "not-a-participant"),
    ],
)
def test_sharing_ends_with_whom_no_consent_covers_any_more(
    state: Sharing, reason: str | None
) -> None:
    assert sharing_ends(state) == reason


def test_a_withdrawal_does_not_end_what_a_law_asked_for_and_a_restriction_does() -> None:
    sharing = Sharing(
        participant=a_participant(THEIRS),
        by_grant=False,
        types=frozenset({REQUIRED_HAND_OVER, HAND_OVER}),
        consents=(HANDED_OVER_ONLY,),
        restrictions=(),
        withdrawn=frozenset({HANDED_OVER_ONLY.consent_id}),
        now=NOW,
    )
    assert sharing_ends(sharing) is None
    never = replace(sharing, restrictions=(a_restriction(agency=THEIRS),))
    assert sharing_ends(never) == "restricted"
