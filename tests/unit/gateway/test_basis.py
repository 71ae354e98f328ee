"""What may be sent on which basis: the table, row by row, and that nothing else is ever sent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.catalogue import CATALOGUE
from contracts.vocabulary import code_lists
from services.gateway.access.basis import (
    BASIS,
    Attempt,
    CaseFacts,
    Never,
    NotNow,
    Subject,
    Tie,
    Yes,
    may_contribute,
    may_send,
)
from services.gateway.domain.consent import AgencyClass, Consent, Restriction
from services.gateway.domain.policy import Participant, Policy
from services.gateway.handlers.exchange.effects import OPENS_A_CASE

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
OURS, THEIRS, LATER = "interior-brest", "redcross-vitebsk", NOW + timedelta(days=30)
CASE = UUID("7c1f2a4e-3f0c-4d6b-9a55-1d1f0a3b2c01")
OFFER = "org.nrm.referral.task-offered.v1"
HAND_OVER = "org.nrm.identification.hand-over-offered.v1"
REQUIRED_HAND_OVER = "org.nrm.identification.hand-over-required.v1"
CHILD = "org.nrm.identification.child-notified.v1"
NO_REMOVAL = "org.nrm.identification.no-removal.v1"
NO_REMOVAL_ENDED = "org.nrm.identification.no-removal-ended.v1"
NUMBERS = "org.nrm.identification.anonymous-notification.v1"
PROGRESS = "org.nrm.referral.task-progressed.v1"
CANCEL = "org.nrm.referral.offer-withdrawn.v1"
QUERY = "org.nrm.referral.capacity-queried.v1"
ANSWER = "org.nrm.referral.capacity-answered.v1"
NOTICE = "org.nrm.exchange.sharing-withdrawn.v1"
COUNTS = "org.nrm.contributor.counts-contributed.v1"


def a_participant(node: str, status: str = "active", agency_type: str = "ngo") -> Participant:
    return Participant(
        node=node,
        agency_type=agency_type,
        sector="state",
        status=status,
        powers=frozenset({"provide"}),
        oblasts=frozenset({"BY-VI"}),
    )


def a_policy(*purposes: str, ours: str = "active", theirs: str = "active") -> Policy:
    return Policy(
        version=3,
        digest="a" * 64,
        valid_until=NOW + timedelta(days=200),
        participants={
            OURS: a_participant(OURS, ours, "interior-affairs"),
            THEIRS: a_participant(THEIRS, theirs, "red-cross"),
        },
        pairs={
            (OURS, THEIRS): frozenset(purposes or ("referral", "hand-over", "capacity-query")),
            (THEIRS, OURS): frozenset(),
        },
    )


def a_consent(**changes: Any) -> Consent:
    consent = Consent(
        consent_id=UUID("0b1a7a52-42e4-4f52-8b58-2a2f5f6d1c02"),
        case_id=CASE,
        purposes=frozenset({"referral"}),
        categories=frozenset({"coded-case", "needs"}),
        given_by="person",
        expires_at=LATER,
        recipients=frozenset({THEIRS}),
    )
    return replace(consent, **changes)


def a_restriction(**changes: Any) -> Restriction:
    restriction_id = UUID("0b1a7a52-42e4-4f52-8b58-2a2f5f6d1c03")
    return Restriction(**{"restriction_id": restriction_id, "case_id": CASE, **changes})


def an_attempt(event_type: str = OFFER, **changes: Any) -> Attempt:
    attempt = Attempt(
        event_type=event_type,
        sender=OURS,
        recipient=THEIRS,
        now=NOW,
        policy=a_policy(),
        case=CaseFacts(consents=(a_consent(),)),
    )
    return replace(attempt, **changes)


def facts(**changes: Any) -> CaseFacts:
    return replace(CaseFacts(consents=(a_consent(),)), **changes)


def answered(event_type: str, *, case: CaseFacts | None = None) -> Attempt:
    """An answer to the agency that asked us: the pair permits the other direction."""
    pairs = {(THEIRS, OURS): frozenset({"referral", "capacity-query", "hand-over"})}
    return an_attempt(
        event_type,
        policy=replace(a_policy(), pairs=pairs),
        case=case or CaseFacts(tie=Tie.RECEIVED),
    )


def test_a_live_consent_lets_an_offer_leave_and_is_named_in_the_ledger() -> None:
    assert may_send(an_attempt()) == Yes("consent", a_consent().consent_id)


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (facts(consents=()), "no-consent"),
        (facts(consents=(a_consent(purposes=frozenset({"hand-over"})),)), "no-consent"),
        (facts(consents=(a_consent(recipients=frozenset({"ngo-brest"})),)), "no-consent"),
        (facts(consents=(a_consent(categories=frozenset({"coded-case"})),)), "no-consent"),
        (facts(consents=(a_consent(given_by="other"),)), "no-consent"),
        (facts(consents=(a_consent(expires_at=NOW),)), "consent-expired"),
        (facts(consents=(a_consent(ended_at=NOW),)), "consent-withdrawn"),
        (facts(restrictions=(a_restriction(agency=THEIRS),)), "restricted"),
        (facts(restrictions=(a_restriction(agency_type="red-cross"),)), "restricted"),
        (facts(restrictions=(a_restriction(oblast="BY-VI"),)), "restricted"),
        (facts(stopped="consent-withdrawn"), "consent-withdrawn"),
        (facts(stopped="reference-retired"), "reference-retired"),
        (facts(frozen=True), "grant-ended"),
    ],
)
def test_an_offer_that_consent_does_not_cover_never_leaves(case: CaseFacts, reason: str) -> None:
    assert may_send(an_attempt(case=case)) == Never(reason)
    assert reason in code_lists()["not-sent-reason"]


def test_an_expired_restriction_restricts_nobody() -> None:
    over = a_restriction(agency=THEIRS, valid_until=NOW)
    assert isinstance(may_send(an_attempt(case=facts(restrictions=(over,)))), Yes)


def test_a_consent_for_a_class_of_agencies_covers_who_is_in_it() -> None:
    group = AgencyClass(agency_type="red-cross", oblasts=frozenset({"BY-VI"}))
    by_class = a_consent(recipients=frozenset(), agency_class=group)
    assert isinstance(may_send(an_attempt(case=facts(consents=(by_class,)))), Yes)
    without = replace(group, except_agencies=frozenset({THEIRS}))
    excepted = replace(by_class, agency_class=without)
    assert may_send(an_attempt(case=facts(consents=(excepted,)))) == Never("no-consent")


@pytest.mark.parametrize(
    ("policy", "answer"),
    [
        (None, NotNow("registry-stale")),
        (replace(a_policy(), valid_until=NOW), NotNow("registry-stale")),
        (a_policy(theirs="suspended"), NotNow("participant-suspended")),
        (a_policy(ours="suspended"), NotNow("participant-suspended")),
        (a_policy(theirs="signed"), Never("not-a-participant")),
        (a_policy(theirs="left"), Never("not-a-participant")),
        (replace(a_policy(), participants={}), Never("not-a-participant")),
        (a_policy("hand-over"), Never("pair-not-permitted")),
        (replace(a_policy(), pairs={}), Never("pair-not-permitted")),
    ],
)
def test_the_registry_says_never_or_not_now(policy: Policy | None, answer: object) -> None:
    assert may_send(an_attempt(policy=policy)) == answer


@pytest.mark.parametrize("event_type", [NOTICE, CANCEL])
@pytest.mark.parametrize(
    "policy",
    [None, a_policy(theirs="suspended"), a_policy(theirs="left"), replace(a_policy(), pairs={})],
)
def test_notices_and_cancellations_can_only_be_late(event_type: str, policy: Policy | None) -> None:
    everything_against_it = facts(
        consents=(),
        frozen=True,
        stopped="consent-withdrawn",
        restrictions=(a_restriction(agency=THEIRS),),
        in_ledger=True,
    )
    attempt = an_attempt(event_type, policy=policy, case=everything_against_it)
    assert isinstance(may_send(attempt), NotNow)
    assert may_send(replace(attempt, policy=a_policy())) == Yes("ledger")


@pytest.mark.parametrize("event_type", [REQUIRED_HAND_OVER, CHILD])
@pytest.mark.parametrize(
    ("case", "answer"),
    [
        (CaseFacts(), Yes("law")),
        (CaseFacts(restrictions=(a_restriction(agency=THEIRS),)), Never("restricted")),
        (CaseFacts(restrictions=(a_restriction(agency_type="red-cross"),)), Never("restricted")),
        (CaseFacts(stopped="restricted"), Never("restricted")),
        (CaseFacts(frozen=True), Never("grant-ended")),
    ],
)
def test_what_a_law_asks_for_needs_no_consent_and_a_restriction_still_wins(
    event_type: str, case: CaseFacts, answer: object
) -> None:
    policy = a_policy("hand-over", "child-notification")
    assert may_send(an_attempt(event_type, policy=policy, case=case)) == answer
    unpaired = may_send(an_attempt(event_type, policy=a_policy("referral"), case=case))
    assert unpaired == Never("pair-not-permitted")


def test_no_removal_is_told_with_a_consent_for_just_that_and_ended_by_the_ledger() -> None:
    policy = a_policy("no-removal")
    case = facts(
        consents=(
            a_consent(purposes=frozenset({"no-removal"}), categories=frozenset({"no-removal"})),
        )
    )
    assert isinstance(may_send(an_attempt(NO_REMOVAL, policy=policy, case=case)), Yes)
    assert may_send(an_attempt(NO_REMOVAL, policy=policy)) == Never("no-consent")
    ended = an_attempt(NO_REMOVAL_ENDED, policy=policy, case=facts(in_ledger=True, consents=()))
    assert may_send(ended) == Yes("ledger")


def test_numbers_without_a_person_need_a_pair_and_no_case() -> None:
    assert may_send(an_attempt(NUMBERS, policy=a_policy("anonymous-notification"))) == Yes("pair")
    assert BASIS[NUMBERS].subject is Subject.OWN
    assert may_send(an_attempt(NUMBERS)) == Never("pair-not-permitted")


def test_a_cancellation_goes_only_to_whoever_was_told() -> None:
    assert may_send(an_attempt(CANCEL)) == Never("unknown-recipient")


WHILE_A_GRANT_STANDS = [
    (CaseFacts(tie=Tie.RECEIVED), Yes("grant")),
    (CaseFacts(tie=Tie.NONE), Never("no-basis")),
    (CaseFacts(tie=Tie.GIVEN), Never("no-basis")),
    (CaseFacts(tie=Tie.RECEIVED_ENDED), Never("grant-ended")),
    (CaseFacts(tie=Tie.RECEIVED, frozen=True), Never("grant-ended")),
    (CaseFacts(tie=Tie.RECEIVED, stopped="restricted"), Never("restricted")),
    (
        CaseFacts(tie=Tie.RECEIVED, restrictions=(a_restriction(agency=THEIRS),)),
        Never("restricted"),
    ),
]
"""(what is known of a case, what is said of an answer about it)."""


@pytest.mark.parametrize(("case", "answer"), WHILE_A_GRANT_STANDS)
def test_feedback_stands_on_the_grant_that_came_with_the_offer(
    case: CaseFacts, answer: object
) -> None:
    assert may_send(answered(PROGRESS, case=case)) == answer


def test_capacity_is_asked_and_answered_without_a_case() -> None:
    assert may_send(an_attempt(QUERY, case=CaseFacts())) == Yes("pair")
    assert may_send(answered(ANSWER, case=CaseFacts())) == Yes("pair")
    assert may_send(an_attempt(ANSWER)) == Never("pair-not-permitted")


def test_counts_go_to_a_custodian_of_a_plan_that_names_this_node() -> None:
    attempt = an_attempt(COUNTS)
    ours, theirs = frozenset({OURS}), frozenset({THEIRS})
    assert may_contribute(attempt, ours, theirs) == Yes("plan")
    assert may_contribute(attempt, frozenset(), theirs) == Never("no-basis")
    assert may_contribute(attempt, ours, frozenset()) == Never("unknown-recipient")
    for against, reason in (
        (None, "registry-stale"),
        (replace(a_policy(), valid_until=NOW), "registry-stale"),
        (a_policy(theirs="suspended"), "not-a-participant"),
        (a_policy(ours="left"), "not-a-participant"),
        (replace(a_policy(), participants={}), "not-a-participant"),
    ):
        refused = may_contribute(replace(attempt, policy=against), ours, theirs)
        assert refused == Never(reason)


def test_every_type_that_travels_has_a_row_and_nothing_else_has() -> None:
    travelling = {name for name, spec in CATALOGUE.items() if spec.travels}
    assert COUNTS not in travelling
    assert set(BASIS) == travelling


@given(st.sampled_from(sorted(CATALOGUE)))
def test_a_type_without_a_row_is_never_sent(event_type: str) -> None:
    if event_type not in BASIS:
        assert may_send(an_attempt(event_type)) == Never("no-basis")


def test_planted_a_row_taken_away_stops_its_type() -> None:
    without = MappingProxyType({name: row for name, row in BASIS.items() if name != OFFER})
    assert isinstance(may_send(an_attempt()), Yes)
    assert may_send(an_attempt(), without) == Never("no-basis")


def test_whatever_begins_sharing_may_come_under_a_reference_never_seen() -> None:
    begins = {
        event_type
        for event_type, row in BASIS.items()
        if row.subject is Subject.CASE and not row.answers and not row.control
    }
    assert begins == OPENS_A_CASE
    assert {HAND_OVER, REQUIRED_HAND_OVER, CHILD, NO_REMOVAL, OFFER} == begins
