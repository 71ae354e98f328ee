"""Who takes back what was agreed for a hand-over wants help alone, where no law asks for it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.identification.domain import (
    CaseRecord,
    Consent,
    HandOver,
    HelpedWithoutIdentification,
    HelpWithoutIdentification,
    Offer,
    Wait,
    review,
    taken_back_at,
)
from services.identification.domain.hand_over import (
    another_agency_has_it,
    consents_that_count,
    found_taken_back,
)
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


def let_go(at: Any = NOW) -> HandOver:
    return HandOver(offer_id=UUID(int=1), recipient=INTERIOR, state="confirmed", let_go_at=at)


def test_who_was_told_to_let_the_case_go_has_it_no_more_whatever_is_agreed_to_later() -> None:
    for consents in ((), (taken_back(),), (taken_back(), a_consent(recorded_at=LATER))):
        situation = a_situation(consents=consents, hand_overs=(let_go(),))
        assert not another_agency_has_it(a_case(), situation)
        dutiful = replace(situation, duty_types=frozenset({"border-guard"}))
        assert not another_agency_has_it(a_case(), dutiful)


@pytest.mark.parametrize("state", [None, HelpedWithoutIdentification(reason="x", since=EARLIER)])
@pytest.mark.parametrize(("agreed_at", "offered"), [(EARLIER, False), (NOW, False), (LATER, True)])
def test_what_is_agreed_to_after_an_agency_let_the_case_go_has_it_offered_again(
    agreed_at: Any, offered: bool, state: Any
) -> None:
    situation = a_situation(consents=(a_consent(recorded_at=agreed_at),), hand_overs=(let_go(),))
    assert review(a_case(state), situation) == (Offer(recipient=INTERIOR) if offered else Wait())


def test_that_an_agency_let_the_case_go_closes_no_consent_that_this_one_decides() -> None:
    here = a_consent(purposes=frozenset({"identification"}))
    situation = a_situation(consents=(here,), hand_overs=(let_go(),))
    assert consents_that_count(a_case(), situation, "identification") == [here]
    assert consents_that_count(a_case(), situation, "hand-over") == []


def test_what_an_agency_let_go_of_makes_no_choice_of_what_was_taken_back_for_it() -> None:
    """It had the case: what the person wants next nobody knows yet."""
    situation = a_situation(consents=(taken_back(),), hand_overs=(let_go(LATER),))
    assert review(a_case(), situation) == Wait()
    anew = taken_back(recorded_at=LATER + timedelta(days=1))
    again = replace(situation, consents=(taken_back(), anew))
    assert review(a_case(), again) == HelpWithoutIdentification(reason="person-chose")


def test_a_hand_over_is_taken_back_when_the_last_of_what_was_agreed_for_it_is() -> None:
    first = taken_back(recorded_at=EARLIER, ended_at=LATER)
    assert taken_back_at(a_case(), a_situation(consents=(first, taken_back()))) == LATER
    of_before = (taken_back(recorded_at=EARLIER), taken_back())
    assert taken_back_at(a_case(), a_situation(consents=of_before)) == NOW


@pytest.mark.parametrize(
    ("consent", "found"),
    [
        (a_consent(recorded_at=EARLIER), True),
        (a_consent(), True),
        (a_consent(recorded_at=LATER), False),
        (a_consent(recipients=frozenset({NGO})), False),
        (a_consent(purposes=frozenset({"referral"})), False),
        (a_consent(expires_at=NOW), False),
        (taken_back(ended_at=EARLIER), False),
    ],
)
def test_what_may_not_leave_because_it_was_taken_back_was_taken_back(
    consent: Consent, found: bool
) -> None:
    """What was agreed to after the offer was made may be a later word than the withdrawal."""
    expected = (consent.consent_id,) if found else ()
    assert found_taken_back(a_situation(consents=(consent,)), INTERIOR, NOW) == expected


def test_a_law_hands_over_what_the_person_took_back() -> None:
    dutiful = a_situation(consents=(taken_back(),), duty_types=frozenset({"border-guard"}))
    assert review(a_case(), dutiful) == Offer(recipient=INTERIOR, ground="legal-duty")
    child = a_case(codes=some_codes(majority="child"))
    assert review(child, a_situation(consents=(taken_back(),))) == Offer(
        recipient=INTERIOR, ground="child-route"
    )
