"""Who takes back what was agreed for a hand-over wants help alone, where no law asks for it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.identification.domain import (
    CaseRecord,
    HandOver,
    HelpWithoutIdentification,
    Offer,
    Wait,
    review,
)
from services.identification.domain.hand_over import another_agency_has_it
from tests.unit.identification.builders import (
    INTERIOR,
    NGO,
    NOW,
    a_case,
    a_consent,
    a_situation,
    some_codes,
)

LATER, EARLIER = NOW + timedelta(days=1), NOW - timedelta(days=1)


def taken_back(**changes: Any) -> Any:
    return a_consent(ended=True, **changes)


@pytest.mark.parametrize(
    ("consents", "chose"),
    [
        ((taken_back(),), True),
        ((taken_back(), taken_back(recipients=frozenset({NGO}))), True),
        ((taken_back(), a_consent(expires_at=NOW)), True),
        ((taken_back(), a_consent(recipients=frozenset({NGO}))), False),
        ((a_consent(expires_at=NOW),), False),
        ((taken_back(purposes=frozenset({"referral"})),), False),
        ((taken_back(recorded_at=EARLIER), a_consent(purposes=frozenset({"referral"}))), True),
    ],
)
def test_who_took_the_hand_over_back_and_agrees_to_no_other_wants_help_alone(
    consents: Any, chose: bool
) -> None:
    expected = HelpWithoutIdentification(reason="person-chose") if chose else Wait()
    assert review(a_case(), a_situation(consents=consents)) == expected


def test_who_took_it_back_and_agreed_anew_is_offered() -> None:
    situation = a_situation(consents=(taken_back(), a_consent()))
    assert review(a_case(), situation) == Offer(recipient=INTERIOR)


def test_what_ended_before_somebody_came_of_age_is_no_word_of_the_adult() -> None:
    of_age = a_case(record=CaseRecord(majority_reached_at=NOW))
    for said_at, expected in (
        (EARLIER, Wait()),
        (NOW, Wait()),
        (LATER, HelpWithoutIdentification(reason="person-chose")),
    ):
        situation = a_situation(consents=(taken_back(recorded_at=said_at),))
        assert review(of_age, situation) == expected


@pytest.mark.parametrize(
    ("states", "consents", "has_it"),
    [
        ((), (), False),
        (("failed",), (), False),
        (("failed", "offered"), (taken_back(),), True),
        (("confirmed",), (a_consent(),), True),
        (("confirmed",), (a_consent(expires_at=NOW),), True),
        (("failed", "confirmed"), (taken_back(),), False),
    ],
)
def test_who_took_the_case_has_it_until_the_person_takes_back_what_was_agreed(
    states: tuple[str, ...], consents: Any, has_it: bool
) -> None:
    offers = tuple(
        HandOver(offer_id=UUID(int=number), recipient=INTERIOR, state=state)
        for number, state in enumerate(states)
    )
    situation = a_situation(consents=consents, hand_overs=offers)
    assert another_agency_has_it(a_case(), situation) is has_it
    dutiful = replace(situation, duty_types=frozenset({"border-guard"}))
    assert another_agency_has_it(a_case(), dutiful) is bool(set(states) - {"failed"})


def test_a_law_hands_over_what_the_person_took_back() -> None:
    dutiful = a_situation(consents=(taken_back(),), duty_types=frozenset({"border-guard"}))
    assert review(a_case(), dutiful) == Offer(recipient=INTERIOR, ground="legal-duty")
    child = a_case(codes=some_codes(majority="child"))
    assert review(child, a_situation(consents=(taken_back(),))) == Offer(
        recipient=INTERIOR, ground="child-route"
    )
