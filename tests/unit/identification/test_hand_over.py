"""Nobody is told about a person without consent, and nobody at all who is restricted."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.identification.domain import (
    CaseRecord,
    ConsentedClass,
    HandOver,
    HelpedWithoutIdentification,
    HelpWithoutIdentification,
    Offer,
    Restriction,
    Screening,
    Wait,
    a_law_asks_again,
    covers,
    review,
)
from services.identification.domain.hand_over import OFFERS_LIMIT, REVIEW_RULES
from tests.unit.identification.builders import (
    BORDER,
    INTERIOR,
    NGO,
    NOW,
    a_case,
    a_consent,
    a_participant,
    a_policy,
    a_situation,
    some_codes,
    the_border,
)

NOBODY_IDENTIFIES = HelpWithoutIdentification(reason="no-identifying-agency")
LATER, EARLIER = NOW + timedelta(days=1), NOW - timedelta(days=1)


def an_offer(state: str, number: int = 1) -> HandOver:
    return HandOver(offer_id=UUID(int=number), recipient=INTERIOR, state=state)


def a_restriction(**changes: Any) -> Restriction:
    empty = {"agency": None, "agency_type": None, "oblast": None, "valid_until": None}
    return Restriction(**{**empty, **changes})


def a_class(**changes: Any) -> ConsentedClass:
    given = {"agency_type": "interior-affairs", "oblasts": (), "except_agencies": ()} | changes
    return ConsentedClass(
        agency_type=given["agency_type"],
        oblasts=frozenset(given["oblasts"]),
        except_agencies=frozenset(given["except_agencies"]),
    )


def test_a_consented_case_is_offered_to_the_agency_that_identifies() -> None:
    assert review(a_case(), a_situation()) == Offer(recipient=INTERIOR)


@pytest.mark.parametrize(
    ("broken", "case", "situation"),
    [
        ("the_case_was_detected_here", a_case(origin="hand-over"), a_situation()),
        (
            "nothing_was_decided",
            a_case(Screening(result="indicators-found", screened_at=NOW)),
            a_situation(),
        ),
        ("the_case_is_not_frozen", a_case(), a_situation(frozen=True)),
        (
            "the_policy_is_known",
            a_case(codes=some_codes(consent_outcome="refused")),
            a_situation(policy=a_policy(version=0)),
        ),
        (
            "this_node_may_not_identify",
            a_case(),
            a_situation(policy=a_policy(a_participant(BORDER), a_participant())),
        ),
        ("no_offer_stands", a_case(), a_situation(hand_overs=(an_offer("offered"),))),
        ("no_offer_stands", a_case(), a_situation(hand_overs=(an_offer("confirmed"),))),
        (
            "offers_are_left",
            a_case(),
            a_situation(
                hand_overs=tuple(an_offer("failed", number) for number in range(OFFERS_LIMIT))
            ),
        ),
    ],
)
def test_each_rule_alone_holds_an_offer_back(broken: str, case: Any, situation: Any) -> None:
    assert review(case, situation) == Wait()
    assert [rule.__name__ for rule in REVIEW_RULES if not rule(case, situation)] == [broken]


def test_a_failed_offer_may_be_made_again() -> None:
    situation = a_situation(hand_overs=(an_offer("failed"),))
    assert review(a_case(), situation) == Offer(recipient=INTERIOR)


@pytest.mark.parametrize(
    "consents",
    [
        (),
        (a_consent(purposes=frozenset({"referral"})),),
        (a_consent(categories=frozenset({"needs", "other"})),),
        (a_consent(expires_at=NOW),),
        (a_consent(ended=True, purposes=frozenset({"referral"})),),
        (a_consent(recipients=frozenset({NGO})),),
    ],
)
@pytest.mark.parametrize("majority", ["adult", "believed-adult", "child", "believed-child"])
def test_without_a_live_consent_only_a_child_is_offered_and_the_ground_is_said(
    consents: Any, majority: str
) -> None:
    case = a_case(codes=some_codes(majority=majority))
    expected = Offer(recipient=INTERIOR, ground="child-route") if case.codes.is_child else Wait()
    assert review(case, a_situation(consents=consents)) == expected


def test_a_child_is_handed_over_whatever_was_answered_but_never_to_whom_is_restricted() -> None:
    child = a_case(codes=some_codes(majority="child", consent_outcome="refused"))
    assert review(child, a_situation(consents=())) == Offer(
        recipient=INTERIOR, ground="child-route"
    )
    restricted = a_situation(consents=(), restrictions=(a_restriction(agency=INTERIOR),))
    assert review(child, restricted) == HelpWithoutIdentification(reason="restricted")


def test_a_duty_of_the_profile_hands_over_without_consent_and_only_where_it_is_named() -> None:
    case = a_case(codes=some_codes(consent_outcome="refused"))
    obliged = a_situation(consents=(), duty_types=frozenset({"border-guard"}))
    assert review(case, obliged) == Offer(recipient=INTERIOR, ground="legal-duty")
    others = a_situation(consents=(), duty_types=frozenset({"health"}))
    assert review(case, others) == HelpWithoutIdentification(reason="consent-refused")


@pytest.mark.parametrize("majority", ["child", "believed-child"])
@pytest.mark.parametrize("outcome", ["given", "refused", "not-yet-known"])
def test_a_child_that_agreed_is_handed_over_by_law_like_one_that_nobody_asked(
    majority: str, outcome: str
) -> None:
    child = a_case(codes=some_codes(majority=majority, consent_outcome=outcome))
    for consents in ((), (a_consent(),)):
        by_law = Offer(recipient=INTERIOR, ground="child-route")
        assert review(child, a_situation(consents=consents)) == by_law


def test_a_duty_is_the_ground_also_where_the_person_agreed() -> None:
    obliged = a_situation(duty_types=frozenset({"border-guard"}))
    assert review(a_case(), obliged) == Offer(recipient=INTERIOR, ground="legal-duty")


def test_of_those_to_whom_a_law_lets_a_child_go_the_one_it_agreed_to_comes_first() -> None:
    policy = a_policy(the_border(), a_participant("a-first"), a_participant("b-agreed"))
    by_class = a_consent(
        recipients=frozenset(), recipient_class=a_class(except_agencies=("a-first",))
    )
    for consent in (a_consent(recipients=frozenset({"b-agreed"})), by_class):
        outcome = review(
            a_case(codes=some_codes(majority="child")),
            a_situation(policy=policy, consents=(consent,)),
        )
        assert outcome == Offer(recipient="b-agreed", ground="child-route")


@pytest.mark.parametrize("state", ["offered", "confirmed"])
@pytest.mark.parametrize("consents", [(), (a_consent(ended=True),), (a_consent(),)])
def test_when_sharing_ends_a_law_has_a_child_offered_again_and_nothing_an_adult(
    state: str, consents: Any
) -> None:
    situation = a_situation(consents=consents, hand_overs=(an_offer(state),))
    child = a_case(codes=some_codes(majority="child"))
    assert a_law_asks_again(child, situation, UUID(int=1))
    assert not a_law_asks_again(child, situation, UUID(int=2))
    assert not a_law_asks_again(a_case(), situation, UUID(int=1))
    obliged = replace(situation, duty_types=frozenset({"border-guard"}))
    assert a_law_asks_again(a_case(), obliged, UUID(int=1))
    nobody = replace(situation, restrictions=(a_restriction(agency=INTERIOR),))
    assert not a_law_asks_again(child, nobody, UUID(int=1))


def test_once_of_age_only_what_the_person_said_later_counts() -> None:
    record = CaseRecord(majority_reached_at=NOW)
    case = a_case(record=record)
    assert review(case, a_situation()) == Wait()
    later = a_situation(consents=(a_consent(recorded_at=LATER),))
    assert review(case, later) == Offer(recipient=INTERIOR)


@pytest.mark.parametrize(
    ("named", "covered"),
    [
        (a_class(), True),
        (a_class(oblasts=("BY-BR", "BY-VI")), True),
        (a_class(oblasts=("BY-VI",)), False),
        (a_class(agency_type="ngo"), False),
        (a_class(except_agencies=(INTERIOR,)), False),
    ],
)
def test_a_class_covers_its_type_in_its_oblasts_but_for_those_named(
    named: ConsentedClass, covered: bool
) -> None:
    consent = a_consent(recipients=frozenset(), recipient_class=named)
    assert covers(consent, a_participant()) is covered
    expected = Offer(recipient=INTERIOR) if covered else Wait()
    assert review(a_case(), a_situation(consents=(consent,))) == expected


def test_only_an_active_agency_with_the_power_is_offered_a_case() -> None:
    for changes in ({"active": False}, {"powers": frozenset({"decide", "provide"})}):
        policy = a_policy(the_border(), a_participant(**changes))
        assert review(a_case(), a_situation(policy=policy)) == NOBODY_IDENTIFIES


@pytest.mark.parametrize(
    "restriction",
    [
        a_restriction(agency=INTERIOR),
        a_restriction(agency_type="interior-affairs"),
        a_restriction(oblast="BY-BR"),
        a_restriction(agency=NGO, oblast="BY-BR"),
        a_restriction(agency=INTERIOR, valid_until=LATER),
    ],
)
def test_when_every_identifying_agency_is_restricted_the_person_is_helped_without(
    restriction: Restriction,
) -> None:
    situation = a_situation(restrictions=(restriction,))
    assert review(a_case(), situation) == HelpWithoutIdentification(reason="restricted")


@pytest.mark.parametrize(
    "restriction",
    [
        a_restriction(agency=NGO),
        a_restriction(agency_type="ngo"),
        a_restriction(oblast="BY-VI"),
        a_restriction(agency=INTERIOR, valid_until=NOW),
    ],
)
def test_a_restriction_on_somebody_else_or_over_holds_nothing_back(
    restriction: Restriction,
) -> None:
    situation = a_situation(restrictions=(restriction,))
    assert review(a_case(), situation) == Offer(recipient=INTERIOR)


def test_without_any_identifying_agency_nothing_is_said_about_restrictions() -> None:
    situation = a_situation(
        policy=a_policy(the_border()), restrictions=(a_restriction(oblast="BY-BR"),)
    )
    assert review(a_case(), situation) == NOBODY_IDENTIFIES
    refused = a_case(codes=some_codes(consent_outcome="refused"))
    assert review(refused, situation) == HelpWithoutIdentification(reason="consent-refused")
    unknown = replace(situation, policy=a_policy(the_border(), version=0))
    assert review(a_case(), unknown) == Wait()
    helped = a_case(HelpedWithoutIdentification(reason="no-identifying-agency", since=NOW))
    assert review(helped, situation) == Wait()


def test_a_person_who_refused_is_helped_without_identification() -> None:
    case = a_case(codes=some_codes(consent_outcome="refused"))
    assert review(case, a_situation()) == HelpWithoutIdentification(reason="consent-refused")


@pytest.mark.parametrize(("said_at", "counts"), [(EARLIER, False), (NOW, False), (LATER, True)])
def test_after_a_refusal_only_a_later_consent_counts(said_at: Any, counts: bool) -> None:
    case = a_case(
        HelpedWithoutIdentification(reason="consent-refused", since=NOW),
        codes=some_codes(consent_outcome="refused"),
    )
    situation = a_situation(consents=(a_consent(recorded_at=said_at),))
    expected = Offer(recipient=INTERIOR) if counts else Wait()
    assert review(case, situation) == expected


def test_the_permitted_the_named_the_near_and_the_first_by_name_are_preferred_in_this_order() -> (
    None
):
    far = frozenset({"BY-VI"})
    agencies = [
        a_participant("a-far", oblasts=far),
        a_participant("b-near"),
        a_participant("c-near"),
        a_participant("d-named", oblasts=far),
        a_participant("e-permitted", oblasts=far),
    ]
    everybody = a_consent(recipients=frozenset({"d-named"}), recipient_class=a_class())
    left = list(agencies)
    chosen = []
    while left:
        policy = a_policy(the_border(), *left)
        policy = type(policy)(
            version=1,
            participants=policy.participants,
            hand_over_pairs=frozenset({(BORDER, "e-permitted")}),
        )
        case = a_case(codes=some_codes(oblast="BY-BR"))
        outcome = review(case, a_situation(policy=policy, consents=(everybody,)))
        assert isinstance(outcome, Offer)
        chosen.append(outcome.recipient)
        left = [agency for agency in left if agency.node != outcome.recipient]
    assert chosen == ["e-permitted", "d-named", "b-near", "c-near", "a-far"]


NODES = some.sampled_from(["interior-brest", "interior-vitebsk", "ngo-brest", "migration-minsk"])
TYPES = some.sampled_from(["interior-affairs", "ngo", "citizenship-and-migration"])
OBLASTS = some.frozensets(some.sampled_from(["BY-BR", "BY-VI", "BY-MI"]), max_size=3)
TIMES = some.integers(-3, 3).map(lambda days: NOW + timedelta(days=days))
CLASSES = some.builds(
    ConsentedClass,
    agency_type=TYPES,
    oblasts=OBLASTS,
    except_agencies=some.frozensets(NODES, max_size=2),
)
CONSENTS = some.builds(
    a_consent,
    purposes=some.frozensets(some.sampled_from(["hand-over", "referral"]), min_size=1),
    recipients=some.frozensets(NODES, max_size=2),
    recipient_class=some.none() | CLASSES,
    expires_at=TIMES,
    ended=some.booleans(),
    recorded_at=TIMES,
)
RESTRICTIONS = some.builds(
    Restriction,
    agency=some.none() | NODES,
    agency_type=some.none() | TYPES,
    oblast=some.none() | some.sampled_from(["BY-BR", "BY-VI", "BY-MI"]),
    valid_until=some.none() | TIMES,
)
PARTICIPANTS = some.lists(
    some.builds(
        a_participant,
        NODES,
        agency_type=TYPES,
        active=some.booleans(),
        powers=some.frozensets(some.sampled_from(["identify", "provide"])),
        oblasts=OBLASTS,
    ),
    unique_by=lambda found: found.node,
    max_size=4,
)


@given(
    participants=PARTICIPANTS,
    consents=some.lists(CONSENTS, max_size=3),
    restrictions=some.lists(RESTRICTIONS, max_size=3),
)
def test_whoever_is_offered_a_case_is_active_identifies_is_covered_and_not_restricted(
    participants: Any, consents: Any, restrictions: Any
) -> None:
    situation = a_situation(
        policy=a_policy(the_border(), *participants),
        consents=tuple(consents),
        restrictions=tuple(restrictions),
    )
    outcome = review(a_case(), situation)
    if not isinstance(outcome, Offer):
        return
    chosen = next(found for found in participants if found.node == outcome.recipient)
    assert chosen.active
    assert "identify" in chosen.powers
    assert not any(
        (
            rule.agency == chosen.node
            or rule.agency_type == chosen.agency_type
            or rule.oblast in chosen.oblasts
        )
        and (rule.valid_until is None or rule.valid_until > NOW)
        for rule in restrictions
    )
    assert any(
        "hand-over" in consent.purposes
        and not consent.ended
        and consent.expires_at > NOW
        and (
            chosen.node in consent.recipients
            or (
                consent.recipient_class is not None
                and consent.recipient_class.agency_type == chosen.agency_type
                and chosen.node not in consent.recipient_class.except_agencies
            )
        )
        for consent in consents
    )
