"""Whoever wants help and no identification gets it, and may change their mind."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.identification.domain import (
    Closed,
    ConsentedClass,
    Declining,
    Detected,
    HelpedWithoutIdentification,
    Identified,
    NotPresumed,
    Offer,
    Reflection,
    Screening,
    ScreeningAsked,
    Situation,
    Wait,
    decline_identification,
    is_open_again,
    is_over,
    resume_identification,
    review,
    screen,
    screened_after_all,
    start_clock,
)
from services.identification.domain.clocks import REASONABLE_GROUNDS_DUE
from services.identification.domain.declining import agreed_elsewhere_since
from services.identification.domain.facts import HelpedWithout, IdentificationWasResumed
from services.identification.domain.told_clock import (
    OVER,
    RUNNING,
    the_first_clock_may_have_changed,
    to_tell,
)
from tests.unit.identification.builders import (
    BORDER,
    CLOCKS,
    INTERIOR,
    NOW,
    PERIOD,
    a_case,
    a_consent,
    a_participant,
    a_policy,
    a_situation,
    accepted,
    reasons,
    some_codes,
    the_border,
)

DAY = timedelta(days=1)
SCREENED = Screening(result="indicators-found", screened_at=NOW)
TO_BE_DECIDED_HERE = {
    "purposes": frozenset({"identification"}),
    "recipients": frozenset({BORDER}),
}
AGENCIES_LIKE_OURS = ConsentedClass(
    agency_type="interior-affairs", oblasts=frozenset(), except_agencies=frozenset()
)


def declining(**changes: Any) -> Declining:
    return replace(Declining(declined_at=NOW, said_at=NOW, now=NOW, handed_over=False), **changes)


def helped(reason: str = "person-chose", **changes: Any) -> Any:
    return a_case(HelpedWithoutIdentification(reason=reason, since=NOW), **changes)


def where_we_identify(**changes: Any) -> Situation:
    policy = a_policy(a_participant(BORDER, agency_type="interior-affairs"))
    return a_situation(policy=policy, now=NOW + DAY, **changes)


@pytest.mark.parametrize(
    "state", [Detected(), SCREENED, helped("restricted").state, helped("consent-refused").state]
)
def test_the_choice_stops_the_clock_of_the_first_decision_and_leaves_the_case_workable(
    state: Any,
) -> None:
    case = a_case(state, grounds_due_at=NOW + DAY)
    change = accepted(decline_identification(case, declining()))
    assert change.case.state == HelpedWithoutIdentification(reason="person-chose", since=NOW)
    assert change.case.grounds_due_at is None
    assert change.stopped == (REASONABLE_GROUNDS_DUE,)
    assert change.facts == (HelpedWithout(reason="person-chose"),)
    assert not is_over(change.case.state)
    assert start_clock(change.case, CLOCKS) is None, "nothing starts it behind the person's back"


@pytest.mark.parametrize(
    ("agreed_at", "counts"),
    [(NOW - DAY, False), (NOW, False), (NOW + timedelta(minutes=1), True)],
)
def test_the_last_word_counts_however_late_it_is_read_here(agreed_at: Any, counts: bool) -> None:
    """Both were told at the gateway; this service was away and hears of the choice a day later."""
    asked = declining(said_at=NOW, now=NOW + DAY)
    case = accepted(decline_identification(a_case(), asked)).case
    agreed = a_consent(recorded_at=agreed_at)
    expected = Offer(recipient=INTERIOR) if counts else Wait()
    assert review(case, a_situation(consents=(agreed,), now=NOW + DAY)) == expected
    here = a_consent(**TO_BE_DECIDED_HERE, recorded_at=agreed_at)
    assert is_open_again(case, where_we_identify(consents=(here,))) is counts


def test_where_no_clock_runs_none_is_stopped() -> None:
    assert accepted(decline_identification(a_case(), declining())).stopped == ()


@pytest.mark.parametrize(
    ("case", "asked", "objection"),
    [
        (helped(), declining(), "wrong-state"),
        (a_case(Reflection(**PERIOD)), declining(), "wrong-state"),
        (a_case(Identified(decided_at=NOW)), declining(), "wrong-state"),
        (
            a_case(NotPresumed(decided_at=NOW, reasons=("act-not-shown",))),
            declining(),
            "wrong-state",
        ),
        (a_case(Closed(reason="other", closed_at=NOW)), declining(), "wrong-state"),
        (a_case(codes=some_codes(majority="child")), declining(), "is-a-child"),
        (a_case(codes=some_codes(majority="believed-child")), declining(), "is-a-child"),
        (a_case(), declining(handed_over=True), "handed-over"),
        (a_case(), declining(declined_at=NOW + DAY), "in-the-future: occurred_at"),
    ],
)
def test_each_rule_alone_refuses_the_choice(case: Any, asked: Declining, objection: str) -> None:
    assert reasons(decline_identification(case, asked)) == [objection]


def test_every_objection_is_told() -> None:
    child = a_case(Reflection(**PERIOD), codes=some_codes(majority="child"))
    asked = declining(handed_over=True, declined_at=NOW + DAY)
    assert len(reasons(decline_identification(child, asked))) == 4


def test_who_handed_the_case_over_hears_that_its_clock_is_over_and_never_why() -> None:
    case = a_case(origin="hand-over", grounds_due_at=NOW + DAY)
    change = accepted(decline_identification(case, declining()))
    assert the_first_clock_may_have_changed(change)
    assert to_tell(change.case, RUNNING, NOW) == OVER


@pytest.mark.parametrize(
    ("case", "situation", "opens"),
    [
        (helped(), where_we_identify(consents=()), False),
        (
            helped(),
            where_we_identify(consents=(a_consent(**TO_BE_DECIDED_HERE, recorded_at=NOW + DAY),)),
            True,
        ),
        (helped(), where_we_identify(consents=(a_consent(**TO_BE_DECIDED_HERE),)), False),
        (
            helped(),
            where_we_identify(
                consents=(
                    a_consent(
                        **TO_BE_DECIDED_HERE | {"recipients": frozenset({INTERIOR})},
                        recorded_at=NOW + DAY,
                    ),
                )
            ),
            False,
        ),
        (
            helped(),
            where_we_identify(
                consents=(
                    a_consent(
                        **TO_BE_DECIDED_HERE | {"recipients": frozenset()},
                        recipient_class=AGENCIES_LIKE_OURS,
                        recorded_at=NOW + DAY,
                    ),
                )
            ),
            True,
        ),
        (helped(), where_we_identify(consents=(a_consent(recorded_at=NOW + DAY),)), False),
        (
            helped(),
            a_situation(consents=(a_consent(**TO_BE_DECIDED_HERE, recorded_at=NOW + DAY),)),
            False,
        ),
        (helped(codes=some_codes(majority="child")), where_we_identify(consents=()), True),
        (helped(codes=some_codes(majority="child")), a_situation(consents=()), False),
        (helped("no-identifying-agency"), a_situation(consents=()), True),
        (helped("no-identifying-agency"), where_we_identify(consents=()), True),
        (helped("no-identifying-agency"), a_situation(policy=a_policy(the_border())), False),
        (helped("no-identifying-agency"), a_situation(frozen=True), False),
        (helped("restricted"), a_situation(), False),
        (a_case(), where_we_identify(), False),
    ],
)
def test_identification_is_open_again_once_its_ground_is_gone(
    case: Any, situation: Situation, opens: bool
) -> None:
    assert is_open_again(case, situation) is opens


def test_the_clock_runs_from_now_where_the_person_waited_and_from_the_beginning_where_we_did() -> (
    None
):
    from_now = CLOCKS.reasonable_grounds(NOW + DAY)
    from_the_beginning = CLOCKS.reasonable_grounds(NOW)
    for reason, due in (("person-chose", from_now), ("no-identifying-agency", from_the_beginning)):
        change = resume_identification(helped(reason), where_we_identify(), CLOCKS)
        assert change.case == a_case(grounds_due_at=due.due_at)
        assert change.clocks == (due,)
        assert change.facts == (IdentificationWasResumed(resumed_at=NOW + DAY),)


def test_where_another_agency_is_to_decide_no_clock_runs_here() -> None:
    change = resume_identification(helped("no-identifying-agency"), a_situation(), CLOCKS)
    assert (change.case, change.clocks) == (a_case(), ())


def test_a_screening_has_it_decided_after_all_and_its_clock_runs_from_then() -> None:
    asked = ScreeningAsked(result="indicators-found", occurred_at=NOW, now=NOW)
    for before, due in ((helped(), CLOCKS.reasonable_grounds(NOW + DAY)), (a_case(), None)):
        change = accepted(screened_after_all(before, screen(before, asked), CLOCKS, NOW + DAY))
        assert change.case.state == SCREENED
        assert change.clocks == (() if due is None else (due,))
        assert change.case.grounds_due_at == (None if due is None else due.due_at)
    decided = a_case(Identified(decided_at=NOW))
    refused = screened_after_all(decided, screen(decided, asked), CLOCKS, NOW)
    assert reasons(refused) == ["wrong-state"]


ELSEWHERE = a_situation(now=NOW + DAY)
"""Another case of the person, at an agency that only detects."""
HERE_LATER = a_consent(**TO_BE_DECIDED_HERE, recorded_at=NOW + DAY)


@pytest.mark.parametrize(
    ("case", "elsewhere", "agreed"),
    [
        (helped(), where_we_identify(consents=(HERE_LATER,)), True),
        (helped(), where_we_identify(consents=(replace(HERE_LATER, recorded_at=NOW),)), False),
        (helped(), where_we_identify(consents=(a_consent(recorded_at=NOW + DAY),)), False),
        (helped(), replace(ELSEWHERE, consents=(a_consent(recorded_at=NOW + DAY),)), True),
        (helped(), ELSEWHERE, False),
        (helped(), replace(ELSEWHERE, consents=(HERE_LATER,)), False),
        (helped(), replace(ELSEWHERE, duty_types=frozenset({"border-guard"})), True),
        (helped(), where_we_identify(duty_types=frozenset({"interior-affairs"})), False),
    ],
)
def test_what_is_agreed_to_in_another_case_counts_as_it_would_in_this_one(
    case: Any, elsewhere: Situation, agreed: bool
) -> None:
    assert agreed_elsewhere_since(case, elsewhere) is agreed
