"""Whom a case may be offered to, and who may keep it: every rule alone says no."""

from datetime import timedelta
from typing import Any

import pytest

from services.referral import access
from services.referral.access import (
    Basis,
    objections_after_restriction,
    objections_after_withdrawal,
    objections_to_offering,
)
from services.referral.domain.agreements import AgencyClass, Policy, Restriction
from tests.unit.referral.builders import NOW, a_basis, a_consent, a_participant, an_id

THEM, US = "redcross-vitebsk", "interior-brest"
PAIR = frozenset({(US, THEM)})


def a_policy(**changes: Any) -> Policy:
    return Policy(version=1, participants=(a_participant(**changes),), pairs=PAIR)


def a_restriction(**changes: Any) -> Restriction:
    return Restriction(restriction_id=an_id("never"), **changes)


AGAINST: list[tuple[str, Basis]] = [
    ("participant-not-active", a_basis(policy=a_policy(status="suspended"))),
    ("never-told-of-cases", a_basis(policy=a_policy(agency_type="media"))),
    ("may-not-provide", a_basis(policy=a_policy(powers=frozenset({"observe"})))),
    (
        "pair-not-permitted",
        a_basis(policy=Policy(version=1, participants=(a_participant(),))),
    ),
    ("restricted", a_basis(restrictions=(a_restriction(agency=THEM),))),
    ("no-consent", a_basis(consents=())),
]


def test_with_everything_agreed_nothing_is_against_it() -> None:
    assert objections_to_offering(THEM, a_basis()) == ()


@pytest.mark.parametrize(("code", "basis"), AGAINST)
def test_each_rule_alone_forbids_an_offer(code: str, basis: Basis) -> None:
    assert objections_to_offering(THEM, basis) == (code,)


@pytest.mark.parametrize("number", range(len(access.OFFER_RULES)))
def test_without_a_rule_its_offer_would_be_made(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, basis = AGAINST[number]
    rules = list(access.OFFER_RULES)
    del rules[number]
    monkeypatch.setattr(access, "OFFER_RULES", tuple(rules))
    assert code not in objections_to_offering(THEM, basis)


def test_who_never_signed_is_offered_nothing() -> None:
    basis = a_basis(policy=Policy(version=1, pairs=PAIR))
    assert objections_to_offering(THEM, basis) == ("not-a-participant",)


@pytest.mark.parametrize(
    "changes",
    [
        {"ended_at": NOW},
        {"expires_at": NOW},
        {"purposes": frozenset({"hand-over"})},
        {"categories": frozenset({"coded-case", "other"})},
        {"categories": frozenset()},
        {"recipients": frozenset({"ngo-brest"})},
        {"recipients": frozenset(), "agency_class": AgencyClass(agency_type="ngo")},
        {
            "recipients": frozenset(),
            "agency_class": AgencyClass(agency_type="red-cross", oblasts=frozenset({"BY-MI"})),
        },
        {
            "recipients": frozenset(),
            "agency_class": AgencyClass(agency_type="red-cross", except_agencies=frozenset({THEM})),
        },
    ],
)
def test_a_consent_that_does_not_cover(changes: dict[str, Any]) -> None:
    basis = a_basis(consents=(a_consent(**changes),))
    assert objections_to_offering(THEM, basis) == ("no-consent",)


@pytest.mark.parametrize("oblasts", [frozenset(), frozenset({"BY-BR", "BY-MI"})])
def test_a_consent_may_name_a_class(oblasts: frozenset[str]) -> None:
    group = AgencyClass(agency_type="red-cross", oblasts=oblasts)
    consent = a_consent(recipients=frozenset(), agency_class=group)
    assert objections_to_offering(THEM, a_basis(consents=(consent,))) == ()


def test_the_own_node_needs_neither_consent_nor_a_pair() -> None:
    basis = a_basis(consents=(), own_node=THEM)
    assert objections_to_offering(THEM, basis) == ()


@pytest.mark.parametrize(
    ("changes", "hits"),
    [
        ({"agency": THEM}, True),
        ({"agency_type": "red-cross"}, True),
        ({"oblast": "BY-VI"}, True),
        ({"agency": "ngo-brest"}, False),
        ({"agency_type": "ngo"}, False),
        ({"oblast": "BY-MI"}, False),
        ({"agency": THEM, "valid_until": NOW}, False),
        ({"agency": THEM, "valid_until": NOW + timedelta(seconds=1)}, True),
    ],
)
def test_what_a_restriction_hits(changes: dict[str, Any], hits: bool) -> None:
    basis = a_basis(restrictions=(a_restriction(**changes),))
    assert ("restricted" in objections_to_offering(THEM, basis)) is hits
    assert ("restricted" in objections_after_restriction(THEM, basis)) is hits
    assert ("restricted" in objections_after_withdrawal(THEM, basis)) is hits


@pytest.mark.parametrize(
    ("recipients", "chosen_for", "allowed"),
    [
        (frozenset({THEM}), "only-one-that-can", True),
        (frozenset({THEM}), None, False),
        (frozenset(), "only-one-that-can", False),
    ],
)
def test_who_has_not_signed_needs_a_consent_that_names_it_and_a_reason(
    recipients: frozenset[str], chosen_for: str | None, allowed: bool
) -> None:
    by_class = AgencyClass(agency_type="red-cross")
    consent = a_consent(recipients=recipients, agency_class=by_class)
    basis = a_basis(policy=a_policy(status="proposed"), consents=(consent,), chosen_for=chosen_for)
    assert objections_to_offering(THEM, basis) == (() if allowed else ("not-signed",))


@pytest.mark.parametrize("kind", ["media", "volunteer", "youth", "donor", "statistics-committee"])
def test_media_volunteers_and_donors_are_never_told_whatever_the_person_signed(kind: str) -> None:
    basis = a_basis(policy=a_policy(agency_type=kind), chosen_for="person-asked")
    assert objections_to_offering(THEM, basis) == ("never-told-of-cases",)


@pytest.mark.parametrize(
    "changes", [{"agency": THEM}, {"agency_type": "red-cross"}, {"oblast": "BY-VI"}]
)
def test_nobody_is_turned_to_whom_a_restriction_names(changes: dict[str, Any]) -> None:
    assert [each.node for each in access.contacts_allowed(a_basis())] == [THEM]
    basis = a_basis(restrictions=(a_restriction(**changes),))
    assert access.contacts_allowed(basis) == ()


def test_a_restriction_holds_for_the_own_node_too() -> None:
    basis = a_basis(own_node=THEM, restrictions=(a_restriction(agency=THEM),))
    assert objections_to_offering(THEM, basis) == ("restricted",)


WITHDRAWN = an_id("withdrawn")
EXPIRED = a_consent(expires_at=NOW - timedelta(days=1))


def test_a_restriction_ends_what_it_names_and_nothing_else() -> None:
    for consent in (EXPIRED, a_consent(ended_at=NOW)):
        assert objections_after_restriction(THEM, a_basis(consents=(consent,))) == ()
    named = a_basis(consents=(EXPIRED,), restrictions=(a_restriction(agency=THEM),))
    assert objections_after_restriction(THEM, named) == ("restricted",)


@pytest.mark.parametrize(
    ("changes", "stops"),
    [
        ({}, False),
        ({"expires_at": NOW}, True),
        ({"ended_at": NOW}, True),
        ({"purposes": frozenset({"hand-over"})}, True),
    ],
)
def test_a_withdrawal_ends_what_it_names_unless_another_consent_is_live(
    changes: dict[str, Any], stops: bool
) -> None:
    taken_back = a_consent(consent_id=WITHDRAWN, ended_at=NOW)
    basis = a_basis(consents=(taken_back, a_consent(**changes)), withdrawn=frozenset({WITHDRAWN}))
    assert objections_after_withdrawal(THEM, basis) == (("no-consent",) if stops else ())
    assert objections_after_withdrawal(US, basis) == ()


@pytest.mark.parametrize(
    ("named", "stops"),
    [
        ({"recipients": frozenset({"ngo-brest"})}, False),
        ({"purposes": frozenset({"hand-over"})}, False),
        ({}, True),
    ],
)
def test_a_withdrawal_that_does_not_name_the_agency_touches_nothing_that_runs(
    named: dict[str, Any], stops: bool
) -> None:
    taken_back = a_consent(consent_id=WITHDRAWN, ended_at=NOW, **named)
    basis = a_basis(consents=(taken_back, EXPIRED), withdrawn=frozenset({WITHDRAWN}))
    assert objections_after_withdrawal(THEM, basis) == (("no-consent",) if stops else ())


def test_without_any_consent_left_a_withdrawal_stops_whoever_it_named() -> None:
    assert objections_after_withdrawal(THEM, a_basis(consents=())) == ("no-consent",)


def test_who_is_no_longer_listed_keeps_nothing() -> None:
    basis = a_basis(policy=Policy(version=2, pairs=PAIR))
    assert objections_after_restriction(THEM, basis) == ("not-a-participant",)
    assert objections_after_withdrawal(THEM, basis) == ("not-a-participant",)


def test_a_class_is_what_an_agency_is_whatever_its_standing() -> None:
    group = AgencyClass(agency_type="red-cross")
    consent = a_consent(recipients=frozenset(), agency_class=group)
    basis = a_basis(consents=(consent,), policy=a_policy(status="suspended"))
    assert objections_after_withdrawal(THEM, basis) == ()


def test_every_route_is_for_named_roles_only() -> None:
    assert all(roles and "public" not in roles for roles in access.ACCESS.values())
