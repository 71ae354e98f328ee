"""For how long who declined is left alone, by reason; and who is told that nobody is left."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import code_lists, load_profile
from services.referral.domain import cooling, escalation
from services.referral.domain.cooling import Decline, Family
from services.referral.domain.escalation import Contact, next_contact
from services.referral.domain.requests import Escalated
from tests.unit.referral.builders import NOW, a_need, a_participant, a_request

BY = load_profile("BY-draft")
REASONS = tuple(code_lists()["decline-reason"].codes)


def a_decline(reason: str, hours_ago: float = 0, service: str = "shelter") -> Decline:
    at = NOW - timedelta(hours=hours_ago)
    return Decline(agency="ngo-brest", service_type=service, reason=reason, at=at)


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_cools_down_for_the_profiles_time_and_not_longer(reason: str) -> None:
    decline = a_decline(reason)
    until = cooling.cools_until(decline, BY)
    assert until > NOW
    just_before = cooling.cooling_down([decline], "shelter", until - timedelta(seconds=1), BY)
    assert just_before == {"ngo-brest"}
    assert cooling.cooling_down([decline], "shelter", until, BY) == frozenset()


def test_the_time_is_the_reasons_own() -> None:
    mute = cooling.cools_until(a_decline("mou-not-in-force"), BY)
    assert mute == NOW + BY.hours("cool_down_mou_not_in_force_hours")
    assert cooling.cools_until(a_decline("incomplete"), BY) == NOW + timedelta(hours=4)
    assert cooling.cools_until(a_decline("at-capacity"), BY) == NOW + timedelta(hours=24)
    assert cooling.cools_until(a_decline("a-new-one"), BY) == NOW + timedelta(hours=24)


@pytest.mark.parametrize(
    ("reason", "family", "other_service"),
    [
        ("person-unreachable", Family.PERSON, True),
        ("person-left-area", Family.PERSON, True),
        ("at-capacity", Family.PROVIDER, False),
        ("language", Family.PROVIDER, False),
        ("safety", Family.PROVIDER, True),
        ("conflict-of-interest", Family.PROVIDER, True),
        ("a-new-one", Family.PROVIDER, False),
    ],
)
def test_what_the_person_said_holds_for_every_need_what_the_provider_said_for_that_service(
    reason: str, family: Family, other_service: bool
) -> None:
    decline = a_decline(reason)
    assert cooling.family_of(reason) is family
    assert cooling.concerns(decline, "shelter")
    assert cooling.concerns(decline, "food") is other_service


@given(hours=st.integers(0, 100_000))
def test_whom_the_person_declined_is_left_alone_for_good(hours: int) -> None:
    declines = [a_decline("person-declined", hours_ago=hours), a_decline("safety")]
    assert cooling.refused_by_the_person(declines) == {"ngo-brest"}
    assert cooling.refused_by_the_person([a_decline("safety")]) == frozenset()


COORDINATORS = (
    a_participant("z-here", powers=frozenset({"decide"}), oblasts=frozenset({"BY-BR"})),
    a_participant("b-here", powers=frozenset({"decide"}), oblasts=frozenset({"BY-BR"})),
    a_participant("a-provider", powers=frozenset({"provide"}), oblasts=frozenset({"BY-BR"})),
    a_participant("capital", powers=frozenset({"decide"}), oblasts=frozenset()),
    a_participant("far", powers=frozenset({"decide"}), oblasts=frozenset({"BY-MI"})),
)


def test_the_ladder_has_three_steps_and_ends() -> None:
    first = next_contact(a_need(), COORDINATORS, "BY-BR")
    assert first == escalation.Turned(Contact.SUPERVISOR)
    second = next_contact(a_need(state=Escalated(told="supervisor")), COORDINATORS, "BY-BR")
    assert second == escalation.Turned(Contact.OBLAST, "b-here")
    for told in (Contact.OBLAST, Contact.NATIONAL, Contact.NOBODY):
        assert next_contact(a_need(state=Escalated(told=str(told))), COORDINATORS, "BY-BR") is None
    still = Escalated(told=str(Contact.OBLAST), told_agency="b-here")
    assert next_contact(a_need(state=still), COORDINATORS, "BY-BR") is None


def test_whoever_is_ruled_out_after_they_were_told_is_replaced_until_nobody_is_left() -> None:
    names = ["b-here", "capital"]
    told = Escalated(told=str(Contact.OBLAST), told_agency="b-here")
    left = [each for each in COORDINATORS if each.node in names]
    for without, contact, agency in (
        ("b-here", Contact.NATIONAL, "capital"),
        ("capital", Contact.NOBODY, None),
    ):
        left = [each for each in left if each.node != without]
        turned = next_contact(a_need(state=told), tuple(left), "BY-BR")
        assert turned == escalation.Turned(contact, agency)
        told = Escalated(told=str(contact), told_agency=agency)
    assert next_contact(a_need(state=told), (), "BY-BR") is None


def test_without_one_in_the_oblast_the_country_is_asked_and_then_nobody() -> None:
    elsewhere = next_contact(a_need(state=Escalated(told="supervisor")), COORDINATORS, "BY-VI")
    assert elsewhere == escalation.Turned(Contact.NATIONAL, "capital")
    nobody = next_contact(
        a_need(state=Escalated(told="supervisor")), COORDINATORS[2:3] + COORDINATORS[4:], "BY-VI"
    )
    assert nobody == escalation.Turned(Contact.NOBODY)


@pytest.mark.parametrize(
    ("urgency", "offers", "gave_up"),
    [("routine", 3, False), ("routine", 4, True), ("emergency", 1, True)],
)
def test_a_machine_gives_up_on_an_emergency_and_after_the_profiles_hops(
    urgency: str, offers: int, gave_up: bool
) -> None:
    request = a_request(a_need(round=9), urgency=urgency)
    assert escalation.a_machine_gave_up(request, offers, 3) is gave_up


def test_a_person_has_the_profiles_time_before_the_next_one_is_told() -> None:
    minutes, hours = BY.minutes("emergency_escalation_minutes"), BY.hours("escalation_hours")
    assert minutes < hours
    assert escalation.patience(a_request(urgency="emergency"), BY) == minutes
    assert escalation.patience(a_request(urgency="urgent"), BY) == hours
