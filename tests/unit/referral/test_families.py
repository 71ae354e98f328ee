"""A family stays together: whoever depends on the person comes along, or it is recorded why not."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from contracts.vocabulary import PLACES_TO_LIVE, code_lists
from services.assistance.domain import pool as places
from services.referral.domain import capacity, routing
from services.referral.domain.refusals import Refusal, Refused
from services.referral.domain.requests import Request, open_request, who_comes_along
from tests.unit.referral.builders import NOW, a_case, a_need, a_request, an_id

LIVING = PLACES_TO_LIVE
MISSING = Refusal("reason-missing", "separation_reason")


def a_place_for(dependants: int | None, **changes: Any) -> Request:
    asked = a_request(a_need(service_type=changes.pop("service_type", "shelter")))
    return replace(asked, dependants=dependants, **changes)


@pytest.mark.parametrize("service", LIVING)
@pytest.mark.parametrize("said", [0, 1])
def test_fewer_than_are_known_are_not_left_behind_without_a_reason(service: str, said: int) -> None:
    answer = open_request(
        a_place_for(said, service_type=service), a_case(dependants=2), already_there=False
    )
    assert answer == Refused((MISSING,))


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        (a_place_for(0, separation_reason="court-decision"), 2),
        (a_place_for(0, service_type="nursing-visit"), 2),
        (a_place_for(None), 2),
        (a_place_for(2), 2),
        (a_place_for(3), 2),
        (a_place_for(0), 0),
        (a_place_for(0), None),
    ],
)
def test_nothing_else_is_asked_for_a_reason(asked: Request, known: int | None) -> None:
    assert open_request(asked, a_case(dependants=known), already_there=False) is asked


@pytest.mark.parametrize(
    ("asked", "known", "comes"),
    [
        (a_place_for(None), 2, 2),
        (a_place_for(None), None, None),
        (a_place_for(3), 2, 3),
        (a_place_for(0, separation_reason="court-decision"), 2, 0),
        (a_place_for(None, separation_reason="court-decision"), 2, None),
    ],
)
def test_who_comes_along_to_a_place_to_live(
    asked: Request, known: int | None, comes: int | None
) -> None:
    case = a_case(dependants=known)
    assert who_comes_along(asked, case, "shelter") == comes
    together = routing.stays_together("shelter", asked, case)
    assert together is (bool(comes) and asked.separation_reason is None)


def test_other_services_hear_of_nobody_whom_the_request_does_not_name() -> None:
    case = a_case(dependants=2)
    assert who_comes_along(a_place_for(None), case, "nursing-visit") is None
    assert who_comes_along(a_place_for(2), case, "nursing-visit") == 2
    assert not routing.stays_together("nursing-visit", a_place_for(2), case)


@pytest.mark.parametrize(
    ("person", "place"),
    [
        ("women", "carer-with-children"),
        ("men", "carer-with-children"),
        ("not-yet-known", "carer-with-children"),
        ("carer-with-children", "carer-with-children"),
        ("girls", "minor-mother"),
        ("minor-mother", "minor-mother"),
    ],
)
def test_a_girl_and_her_child_are_a_family_too_and_no_adults(person: str, place: str) -> None:
    assert routing.class_of_place(person, together=True) == place
    assert routing.class_of_place(person, together=False) == person


def test_what_is_answered_for_a_pool_is_what_can_be_held_in_it() -> None:
    lists = code_lists()
    audiences, suits = lists["audience-class"].codes, lists["place-suits"].codes
    for ours, suited, asked in product(audiences, suits, audiences):
        answered = capacity.fits(
            capacity.Pool(
                pool_id=an_id("pool"),
                service_type="shelter",
                audience_class=ours,
                status="capacity",
                reported_at=NOW,
                suits=frozenset({suited}),
            ),
            capacity.Question(service_type="shelter", audience_class=asked),
        )
        held = places.fits(
            places.Pool(
                pool_id=an_id("pool"),
                service_type="shelter",
                audience_class=ours,
                maximum=1,
                available=1,
                held=0,
                occupied=0,
                out_of_service=0,
                reported_at=NOW,
                suits=frozenset({suited}),
            ),
            asked,
        )
        assert answered is held, (ours, suited, asked)
