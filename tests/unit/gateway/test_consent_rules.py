"""Consent and restrictions by table and by property: they only ever fail closed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.clock import new_id
from services.gateway.domain.consent import (
    OF_ONE_PERSON,
    AgencyClass,
    Consent,
    ConsentRegister,
    Entry,
    Recipient,
    Restriction,
    agreed_by,
    all_of_it_is_meant,
    consent_objections,
    covers,
    is_of_the_same_person,
    live_consents,
    restriction_objections,
    restricts,
    stopped_last_at,
    what_is_forbidden,
    withdrawal_objections,
)
from services.gateway.domain.refusals import Objection
from services.identification.domain import everyday

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
NGO = Recipient(node="ngo-brest", agency_type="ngo", oblasts=frozenset({"BY-BR"}))
NODES = st.sampled_from(["ngo-brest", "redcross-vitebsk", "interior-brest"])
TYPES = st.sampled_from(["ngo", "red-cross", "interior-affairs"])
OBLASTS = st.frozensets(st.sampled_from(["BY-BR", "BY-VI", "BY-HM"]), max_size=3)


def a_consent(**changes: Any) -> Consent:
    return Consent(
        **{
            "consent_id": new_id(),
            "case_id": new_id(),
            "purposes": frozenset({"referral"}),
            "categories": frozenset({"needs"}),
            "given_by": "person",
            "expires_at": NOW + timedelta(days=30),
            "recipients": frozenset({"ngo-brest"}),
            **changes,
        }
    )


def a_restriction(**changes: Any) -> Restriction:
    return Restriction(**{"restriction_id": new_id(), "case_id": new_id(), **changes})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"given_by": "guardian"}, True),
        ({"given_by": "other"}, False),
        ({"given_by": "stepfather"}, False),
        ({"recipients": frozenset()}, False),
        ({"purposes": frozenset({"hand-over"})}, False),
        ({"categories": frozenset({"location"})}, False),
        ({"expires_at": NOW}, False),
        ({"ended_at": NOW - timedelta(days=1)}, False),
        ({"recipients": frozenset(), "agency_class": AgencyClass(agency_type="ngo")}, True),
        ({"recipients": frozenset(), "agency_class": AgencyClass(agency_type="health")}, False),
        (
            {
                "recipients": frozenset(),
                "agency_class": AgencyClass(agency_type="ngo", oblasts=frozenset({"BY-VI"})),
            },
            False,
        ),
        (
            {
                "recipients": frozenset(),
                "agency_class": AgencyClass(agency_type="ngo", oblasts=frozenset({"BY-BR"})),
            },
            True,
        ),
        (
            {
                "recipients": frozenset(),
                "agency_class": AgencyClass(
                    agency_type="ngo", except_agencies=frozenset({"ngo-brest"})
                ),
            },
            False,
        ),
    ],
)
def test_a_consent_covers_whom_the_person_named(changes: dict[str, Any], expected: bool) -> None:
    assert covers(a_consent(**changes), NGO, "referral", "needs", NOW) is expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"agency": "ngo-brest"}, True),
        ({"agency_type": "ngo"}, True),
        ({"oblast": "BY-BR"}, True),
        ({"agency": "other-agency", "oblast": "BY-BR"}, True),
        ({"agency": "other-agency"}, False),
        ({"oblast": "BY-VI"}, False),
        ({"agency": "ngo-brest", "valid_until": NOW}, False),
        ({"agency": "ngo-brest", "valid_until": NOW + timedelta(seconds=1)}, True),
    ],
)
def test_each_part_of_a_restriction_is_enough(changes: dict[str, Any], expected: bool) -> None:
    assert restricts(a_restriction(**changes), NGO, NOW) is expected


@given(NODES, TYPES, OBLASTS, st.integers(-40, 40))
def test_what_is_not_live_covers_nobody(
    node: str, agency_type: str, oblasts: frozenset[str], days: int
) -> None:
    consent = a_consent(
        recipients=frozenset({node}),
        agency_class=AgencyClass(agency_type=agency_type),
        expires_at=NOW + timedelta(days=days),
    )
    recipient = Recipient(node=node, agency_type=agency_type, oblasts=oblasts)
    assert covers(consent, recipient, "referral", "needs", NOW) == (days > 0)
    assert bool(live_consents([consent], NOW)) == (days > 0)


def test_every_objection_to_a_consent_is_collected() -> None:
    consent = a_consent(
        recipients=frozenset(), expires_at=NOW, agency_class=AgencyClass(agency_type="no-such")
    )
    register = ConsentRegister(now=NOW, frozen=True, id_taken=True)
    assert set(consent_objections(consent, register)) == {
        Objection("case-frozen"),
        Objection("consent-expired", "expires_at"),
        Objection("id-reused", "consent_id"),
        Objection("out-of-range", "recipient_class/agency_type"),
    }


LONGEST = NOW + timedelta(days=3660)
OPEN = ConsentRegister(now=NOW, frozen=False)


@pytest.mark.parametrize(
    ("changes", "against"),
    [
        ({"expires_at": LONGEST}, ()),
        (
            {"expires_at": LONGEST + timedelta(seconds=1)},
            (Objection("out-of-range", "expires_at"),),
        ),
        ({"expires_at": NOW}, (Objection("consent-expired", "expires_at"),)),
        ({"recipients": frozenset()}, (Objection("no-recipient", "recipients"),)),
        (
            {"agency_class": AgencyClass(agency_type="ngo", oblasts=frozenset({"BY-BR", "BY-XX"}))},
            (Objection("out-of-range", "recipient_class/oblasts/1"),),
        ),
        (
            {"recipients": frozenset(), "agency_class": AgencyClass(agency_type="ngo")},
            (),
        ),
    ],
)
def test_a_consent_names_whom_until_when_in_known_codes(
    changes: dict[str, Any], against: tuple[Objection, ...]
) -> None:
    assert consent_objections(a_consent(**changes), OPEN) == against


@pytest.mark.parametrize(
    ("changes", "against"),
    [
        ({"agency_type": "ngo"}, ()),
        ({"agency": "ngo-brest", "valid_until": NOW + timedelta(seconds=1)}, ()),
        ({}, (Objection("required", "agency"),)),
        ({"agency_type": "no-such"}, (Objection("out-of-range", "agency_type"),)),
        ({"oblast": "BY-XX"}, (Objection("out-of-range", "oblast"),)),
    ],
)
def test_a_restriction_names_something_in_known_codes(
    changes: dict[str, Any], against: tuple[Objection, ...]
) -> None:
    assert restriction_objections(a_restriction(**changes), OPEN) == against


def test_every_objection_to_a_restriction_is_collected() -> None:
    wrong = a_restriction(agency_type="no-such", oblast="BY-XX", valid_until=NOW)
    taken = ConsentRegister(now=NOW, frozen=True, id_taken=True)
    assert restriction_objections(wrong, taken) == (
        Objection("id-reused", "restriction_id"),
        Objection("out-of-range", "valid_until"),
        Objection("out-of-range", "agency_type"),
        Objection("out-of-range", "oblast"),
    )


def test_every_oblast_of_a_class_is_looked_at() -> None:
    group = AgencyClass(agency_type="no-such", oblasts=frozenset({"BY-BR", "BY-XX", "BY-YY"}))
    assert consent_objections(a_consent(agency_class=group), OPEN) == (
        Objection("out-of-range", "recipient_class/agency_type"),
        Objection("out-of-range", "recipient_class/oblasts/1"),
        Objection("out-of-range", "recipient_class/oblasts/2"),
    )


def test_two_restrictions_that_say_the_same_are_one_whatever_their_ids() -> None:
    said: dict[str, Any] = {"agency": "ngo-brest", "agency_type": "ngo", "oblast": "BY-BR"}
    first = what_is_forbidden(a_restriction(**said, valid_until=NOW))
    assert first == what_is_forbidden(a_restriction(**said, valid_until=NOW))
    changed = [{**said, name: None, "valid_until": NOW} for name in said] + [said]
    others = {what_is_forbidden(a_restriction(**each)) for each in changed}
    assert len(others) == 4
    assert first not in others


def test_an_id_of_a_restriction_is_given_once() -> None:
    taken = ConsentRegister(now=NOW, frozen=False, id_taken=True)
    against = restriction_objections(a_restriction(agency="ngo-brest"), taken)
    assert against == (Objection("id-reused", "restriction_id"),)


@pytest.mark.parametrize(
    ("giver", "status", "refused"),
    [
        ("guardian", "checked-and-safe", False),
        ("guardian", "suspected", True),
        ("guardian", "unknown", True),
        ("guardian", "none", True),
        ("person", "suspected", False),
    ],
)
def test_only_a_checked_and_safe_guardian_consents(giver: str, status: str, refused: bool) -> None:
    register = ConsentRegister(now=NOW, frozen=False, guardian_status=status)
    expected = (Objection("guardian-not-safe", "guardian_status"),) if refused else ()
    consent = a_consent(given_by=giver, expires_at=NOW + timedelta(days=1))
    assert consent_objections(consent, register) == expected


@pytest.mark.parametrize("of_age", [False, True])
@pytest.mark.parametrize("status", ["checked-and-safe", "suspected", "unknown", "none"])
@pytest.mark.parametrize(
    ("giver", "refused"),
    [("other", True), ("stepfather", True), ("", True), ("person", False)],
)
def test_nobody_else_consents_of_whatever_age_the_person_is(
    giver: str, status: str, *, refused: bool, of_age: bool
) -> None:
    register = ConsentRegister(now=NOW, frozen=False, guardian_status=status, of_age=of_age)
    expected = (Objection("cannot-consent", "given_by"),) if refused else ()
    assert consent_objections(a_consent(given_by=giver), register) == expected


def test_a_restriction_is_taken_on_a_frozen_case_too() -> None:
    register = ConsentRegister(now=NOW, frozen=True)
    assert restriction_objections(a_restriction(agency="ngo-brest"), register) == ()
    assert restriction_objections(a_restriction(oblast="BY-BR", valid_until=NOW), register) == (
        Objection("out-of-range", "valid_until"),
    )


def test_only_a_consent_of_the_case_can_be_withdrawn_by_its_id() -> None:
    consent = a_consent()
    assert withdrawal_objections(None, []) == ()
    assert withdrawal_objections(consent.consent_id, [consent]) == ()
    assert withdrawal_objections(new_id(), [consent]) == (
        Objection("unknown-consent", "consent_id"),
    )


def an_entry(granted: int, ended: int | None = None, kind: str = "stop-sharing") -> Entry:
    """Given and ended so many days from now."""
    return Entry(
        consent_id=new_id(),
        granted_at=NOW + timedelta(days=granted),
        ended_at=None if ended is None else NOW + timedelta(days=ended),
        ended_kind=None if ended is None else kind,
    )


def test_the_last_stop_of_all_sharing_counts() -> None:
    assert stopped_last_at([]) is None
    assert stopped_last_at([None, None]) is None
    assert stopped_last_at([NOW, None, NOW + timedelta(days=1)]) == NOW + timedelta(days=1)


def test_a_stop_elsewhere_ends_what_was_agreed_to_before_it_alone() -> None:
    before, at_once, later, over = an_entry(0), an_entry(3), an_entry(4), an_entry(0, 1)
    register, stop = (before, at_once, later, over), NOW + timedelta(days=3)
    assert agreed_by(register, stop) == {before.consent_id, at_once.consent_id}
    assert agreed_by((), stop) == frozenset()


@pytest.mark.parametrize(
    ("entries", "known_since", "meant"),
    [
        ((), 0, True),
        ((), 3, True),
        ((), 4, False),
        ((an_entry(0), an_entry(3)), 0, True),
        ((an_entry(0), an_entry(4)), 0, False),
        ((an_entry(4, 5),), 0, True),
    ],
)
def test_all_of_a_case_is_meant_that_was_there_and_where_nothing_was_agreed_to_since(
    entries: tuple[Entry, ...], known_since: int, *, meant: bool
) -> None:
    since, stop = NOW + timedelta(days=known_since), NOW + timedelta(days=3)
    assert all_of_it_is_meant(entries, since, stop) is meant


@pytest.mark.parametrize("giver", ["guardian", "person"])
def test_of_age_nobody_consents_for_the_person(giver: str) -> None:
    register = ConsentRegister(
        now=NOW, frozen=False, guardian_status="checked-and-safe", of_age=True
    )
    expected = (Objection("person-of-age", "given_by"),) if giver == "guardian" else ()
    assert consent_objections(a_consent(given_by=giver), register) == expected


def test_links_of_one_person_are_those_that_identification_takes() -> None:
    assert OF_ONE_PERSON == everyday.OF_ONE_PERSON
    assert not is_of_the_same_person("family")
