"""Everyday facts, notices about removal, and numbers without a person."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts.vocabulary import code_lists, load_profile
from services.identification import disclosure
from services.identification.domain import (
    Appointment,
    CaseRecord,
    Change,
    ChildProtection,
    Closed,
    EnteredInError,
    HelpedWithoutIdentification,
    Identified,
    Notice,
    Policy,
    Presumed,
    Questionnaire,
    Reflection,
    Restriction,
    facts,
)
from services.identification.domain.case import told_anew
from services.identification.domain.clocks import KINDS
from services.identification.domain.everyday import (
    add_dependants,
    appoint,
    change_contact,
    change_safe_contact,
    die,
    fill_in,
    is_of_the_same_person,
    miss_child,
    record_return,
    tell,
    to_be_told,
    transfer,
)
from services.identification.domain.law import (
    may_agree_to_revoke,
    powers_by_law,
    this_agency_may_detect,
)
from services.identification.domain.notices import (
    anonymous_groups,
    anonymous_recipient,
    batch_due,
    count_anonymously,
    is_counted_anonymously,
    is_still_a_number,
    leave_out_of_the_batch,
    may_not_be_removed,
    no_removal_recipient,
    note_no_removal,
)
from tests.unit.identification.builders import (
    BORDER,
    CASE_ID,
    INTERIOR,
    NOW,
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
OTHER = UUID("22222222-2222-4222-8222-222222222222")
MIGRATION = "migration-brest"
BELARUS, KINGDOM = load_profile("BY-draft"), load_profile("UK")
REFLECTING = Reflection(
    presumed_at=NOW,
    starts_at=NOW,
    ends_at=NOW + 30 * DAY,
    conclusive_due_at=NOW + 44 * DAY,
)
HELPED = HelpedWithoutIdentification(reason="consent-refused", since=NOW)
NEVER = Restriction(agency=None, agency_type=None, oblast=None, valid_until=None)


def a_permission(**changes: Any) -> Any:
    given = {
        "purposes": frozenset({"no-removal"}),
        "categories": frozenset({"no-removal"}),
        "recipients": frozenset({MIGRATION}),
    }
    return a_consent(**given | changes)


def with_notices(*participants: Any, **changes: Any) -> Any:
    others = participants or (a_participant(MIGRATION, agency_type="citizenship-and-migration"),)
    pairs = frozenset(
        (BORDER, each.node, purpose)
        for each in others
        for purpose in ("no-removal", "anonymous-notification")
    )
    policy = replace(a_policy(the_border(), *others), notice_pairs=pairs)
    return a_situation(**{"policy": policy, "consents": (a_permission(),)} | changes)


def a_foreigner(state: Any = REFLECTING, **changes: Any) -> Any:
    return a_case(state, codes=some_codes(**{"citizenship": "UA"} | changes))


def test_contact_lost_is_a_to_do_until_there_is_contact_again() -> None:
    lost = accepted(change_contact(a_case(), reachable=False, at=NOW, now=NOW)).case
    assert "find-contact" in lost.to_dos
    again = accepted(change_contact(lost, reachable=True, at=NOW, now=NOW)).case
    assert "find-contact" not in again.to_dos


def test_only_a_child_is_reported_missing_and_it_is_an_alarm_until_found() -> None:
    assert reasons(miss_child(a_case(), missing=True, at=NOW + DAY, now=NOW)) == [
        "not-a-child",
        "in-the-future: occurred_at",
    ]
    child = a_case(codes=some_codes(majority="believed-child"))
    gone = accepted(miss_child(child, missing=True, at=NOW, now=NOW))
    assert gone.facts[0] == facts.ChildWentMissing(missing_at=NOW)
    assert "find-child" in gone.case.to_dos
    found = accepted(miss_child(gone.case, missing=False, at=NOW, now=NOW))
    assert "find-child" not in found.case.to_dos


def test_a_death_ends_the_case_and_every_clock() -> None:
    change = accepted(die(a_case(REFLECTING), NOW, NOW))
    assert change.case.state == Closed(reason="died", closed_at=NOW)
    assert set(change.stopped) == set(KINDS)


def test_another_officer_another_way_and_more_dependants() -> None:
    assert transfer(a_case(), OTHER, "workload").case.record.officer_id == str(OTHER)
    assert change_safe_contact(a_case(), "text-message").case.codes.safe_channel == "text-message"
    assert add_dependants(a_case(), 2).case.codes.dependants == 2
    two = a_case(codes=some_codes(dependants=1))
    assert add_dependants(two, 2).case.codes.dependants == 3


@pytest.mark.parametrize(
    ("kind", "guardian"), [("guardian", "checked-and-safe"), ("advocate", "unknown")]
)
def test_only_somebody_with_a_parents_duty_changes_what_is_known_of_the_guardian(
    kind: str, guardian: str
) -> None:
    asked = Appointment(kind=kind, guardian_status="checked-and-safe", appointed_at=NOW, now=NOW)
    change = accepted(appoint(a_case(), asked))
    assert change.case.codes.guardian_status == guardian
    assert change.case.record.representative == kind


def test_the_way_home_is_recorded_for_own_citizens() -> None:
    for citizenship, allowed in (("BY", True), ("not-yet-known", True), ("UA", False)):
        case = a_case(codes=some_codes(citizenship=citizenship))
        decided = record_return(case, "consular", "BY", at=NOW, now=NOW)
        if allowed:
            assert accepted(decided).case.record.return_channel == "consular"
        else:
            assert reasons(decided) == ["not-own-citizen"]


def test_a_form_tells_how_many_answers_and_none_of_them() -> None:
    asked = Questionnaire(
        form="first-questions",
        form_version="2026.1",
        answers=(("debt", "yes"), ("threatened", "no")),
        recorded_at=NOW,
    )
    (fact,) = accepted(fill_in(a_case(), asked, NOW)).facts
    body = disclosure.event_of(fact).model_dump()
    assert body["answers"] == 2
    assert set(body) == {"form", "form_version", "answers", "recorded_at"}


def test_what_was_done_without_asking_is_a_to_do_until_the_person_was_told() -> None:
    asked = to_be_told(a_case(), "hand-over-by-law").case
    assert "tell-of-hand-over" in asked.to_dos
    told = accepted(tell(asked, "hand-over-by-law", NOW, NOW)).case
    assert "tell-of-hand-over" not in told.to_dos


def test_migration_is_told_of_no_removal_with_consent_while_the_period_runs() -> None:
    found = no_removal_recipient(a_foreigner(), with_notices(), (), BELARUS)
    assert found is not None
    assert found.node == MIGRATION
    body = disclosure.no_removal(CASE_ID).model_dump()
    assert set(body) == {"notification_id"}


def test_for_a_protected_child_too() -> None:
    protected = ChildProtection(
        presumed_at=NOW, starts_at=NOW, ends_at=NOW + DAY, conclusive_due_at=NOW + DAY
    )
    case = a_foreigner(protected, majority="child")
    assert no_removal_recipient(case, with_notices(), (), BELARUS) is not None


def test_until_the_decision_too_however_late_it_is() -> None:
    awaited = Presumed(presumed_at=NOW, reflection_ended_at=NOW, conclusive_due_at=NOW - DAY)
    assert may_not_be_removed(a_foreigner(awaited))
    assert no_removal_recipient(a_foreigner(awaited), with_notices(), (), BELARUS) is not None


@pytest.mark.parametrize(
    ("case", "situation"),
    [
        (a_foreigner(Identified(decided_at=NOW)), with_notices()),
        (a_foreigner(citizenship="BY"), with_notices()),
        (a_foreigner(citizenship="not-yet-known"), with_notices()),
        (a_foreigner(), with_notices(consents=())),
        (a_foreigner(), with_notices(consents=(a_permission(ended=True),))),
        (a_foreigner(), with_notices(consents=(a_permission(expires_at=NOW),))),
        (
            a_foreigner(),
            with_notices(consents=(a_permission(categories=frozenset({"coded-case"})),)),
        ),
        (
            a_foreigner(),
            with_notices(restrictions=(replace(NEVER, agency=MIGRATION),)),
        ),
        (a_foreigner(), with_notices(a_participant(MIGRATION))),
    ],
)
def test_nobody_is_told_of_no_removal_otherwise(case: Any, situation: Any) -> None:
    assert no_removal_recipient(case, situation, (), BELARUS) is None


@pytest.mark.parametrize(
    ("state", "again"), [("sent", False), ("delivered", False), ("ended", True)]
)
def test_migration_is_told_once_until_it_ended(state: str, again: bool) -> None:
    sent = Notice(
        kind="no-removal",
        agency=MIGRATION,
        agency_type="citizenship-and-migration",
        state=state,
    )
    found = no_removal_recipient(a_foreigner(), with_notices(), (sent,), BELARUS)
    assert (found is not None) is again


def test_no_number_is_told_unless_the_profile_cites_a_law() -> None:
    assert is_counted_anonymously(a_case(HELPED), KINGDOM)
    assert not is_counted_anonymously(a_case(HELPED), BELARUS)
    assert not is_counted_anonymously(a_case(), KINGDOM)
    nobody = HelpedWithoutIdentification(reason="no-identifying-agency", since=NOW)
    assert not is_counted_anonymously(a_case(nobody), KINGDOM)
    assert not is_counted_anonymously(a_case(HELPED, codes=some_codes(majority="child")), KINGDOM)
    counted = CaseRecord(counted_anonymously=True)
    assert not is_counted_anonymously(a_case(HELPED, record=counted), KINGDOM)


@pytest.mark.parametrize(
    ("codes", "groups"),
    [
        ({"citizenship": "GB", "exploitation": ("sexual",)}, ("own", "sexual")),
        ({"citizenship": "UA", "exploitation": ("forced-labour",)}, ("foreign", "labour")),
        ({"exploitation": ("not-yet-known",)}, ("not-yet-known", "not-yet-known")),
        ({"citizenship": "UA", "exploitation": ("organ-removal",)}, ("foreign", "other")),
    ],
)
def test_a_number_says_own_or_foreign_and_a_group_and_nothing_else(
    codes: Any, groups: tuple[str, str]
) -> None:
    case = a_case(HELPED, codes=some_codes(oblast="BY-BR", **codes))
    assert anonymous_groups(case, KINGDOM) == groups
    body = disclosure.anonymous_notification(OTHER, ((*groups, 1),)).model_dump()
    assert set(body) == {"notification_id", "counts"}
    assert set(body["counts"][0]) == {"citizen_group", "exploitation_group", "persons"}


def test_a_restricted_authority_gets_no_number_either() -> None:
    situation = with_notices(a_participant())
    assert anonymous_recipient(a_case(HELPED), situation, KINGDOM) == INTERIOR
    never = replace(NEVER, agency_type="interior-affairs")
    refused = replace(situation, restrictions=(never,))
    assert anonymous_recipient(a_case(HELPED), refused, KINGDOM) is None


def test_of_several_the_one_of_the_persons_oblast_is_told_then_by_name() -> None:
    kind = "citizenship-and-migration"
    far, near, nearer = (
        a_participant("a-far", agency_type=kind, oblasts=frozenset({"BY-MI"})),
        a_participant("c-near", agency_type=kind),
        a_participant("b-near", agency_type=kind),
    )
    consent = a_permission(recipients=frozenset({"a-far", "b-near", "c-near"}))
    situation = with_notices(far, near, nearer, consents=(consent,))
    here = a_foreigner(oblast="BY-BR")
    found = no_removal_recipient(here, situation, (), BELARUS)
    assert found == nearer
    police = (
        replace(far, agency_type="interior-affairs"),
        replace(near, agency_type="interior-affairs"),
    )
    counted = a_case(HELPED, codes=some_codes(oblast="BY-BR"))
    assert anonymous_recipient(counted, with_notices(*police), KINGDOM) == "c-near"


def test_who_went_into_a_batch_is_counted_once_and_has_to_be_told() -> None:
    change = count_anonymously(a_case(HELPED))
    about = "anonymous-notification"
    counted = CaseRecord(counted_anonymously=True, to_tell=(about,))
    assert change.case == a_case(HELPED, record=counted)
    assert change.facts[0] == facts.PersonHasToBeTold(about=about)
    assert "tell-of-notification" in change.case.to_dos


@pytest.mark.parametrize("told", [True, False])
def test_whether_nobody_may_remove_the_person_is_noted_and_tells_nothing(told: bool) -> None:
    before = a_case(record=CaseRecord(no_removal_told=not told))
    after = a_case(record=CaseRecord(no_removal_told=told))
    assert note_no_removal(before, told=told) == Change(case=after, facts=())


def test_a_batch_goes_at_the_beginning_of_a_month() -> None:
    december = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    assert batch_due(december, 1) == datetime(2027, 1, 1, tzinfo=UTC)
    to_the_second = datetime(2026, 3, 31, 12, 30, 45, 7, tzinfo=UTC)
    assert batch_due(to_the_second, 3) == datetime(2026, 6, 1, tzinfo=UTC)
    assert batch_due(datetime(2026, 3, 31, 12, tzinfo=UTC), 3) == datetime(2026, 6, 1, tzinfo=UTC)


def test_a_registry_gives_no_power_that_the_law_of_the_profile_does_not() -> None:
    powers = frozenset({"identify", "provide"})
    assert powers_by_law("interior-affairs", powers, BELARUS) == powers
    assert powers_by_law("ngo", powers, BELARUS) == {"provide"}
    assert powers_by_law("ngo", powers, load_profile("BG")) == powers


@pytest.mark.parametrize(("kind", "allowed"), [("media", False), ("donor", False), ("ngo", True)])
def test_who_may_detect_is_the_profiles(kind: str, allowed: bool) -> None:
    policy = a_policy(a_participant(BORDER, agency_type=kind))
    assert this_agency_may_detect(policy, BORDER, BELARUS) is allowed
    nobody = Policy(version=0, participants=(), hand_over_pairs=frozenset())
    assert this_agency_may_detect(nobody, BORDER, BELARUS)


@pytest.mark.parametrize(
    ("second", "kind", "active", "agrees"),
    [
        ("court-brest", "court", True, True),
        ("court-brest", "court", False, False),
        ("court-brest", "ngo", True, False),
        (INTERIOR, "court", True, False),
    ],
)
def test_the_second_authority_is_another_one_that_the_profile_names(
    second: str, kind: str, active: bool, agrees: bool
) -> None:
    policy = a_policy(a_participant(second, agency_type=kind, active=active))
    assert may_agree_to_revoke(policy, INTERIOR, second, BELARUS) is agrees
    assert not may_agree_to_revoke(policy, INTERIOR, "nobody-known", BELARUS)


def test_what_one_person_forbade_binds_no_other_of_the_family_or_the_event() -> None:
    kinds = code_lists()["case-link-kind"].codes
    assert {kind for kind in kinds if is_of_the_same_person(kind)} == {
        "retrafficked",
        "reopened",
        "found-while-screening",
        "duplicate-of",
    }


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (HELPED, True),
        (Closed(reason="other", closed_at=NOW), True),
        (EnteredInError(reason="test-entry", voided_at=NOW), False),
        (REFLECTING, False),
    ],
)
def test_who_is_no_longer_a_number_when_the_batch_is_sent_is_left_out(
    state: Any, told: bool
) -> None:
    assert is_still_a_number(a_case(state)) is told
    assert not is_still_a_number(a_case(state, codes=some_codes(majority="child")))
    assert not is_still_a_number(a_case(state, codes=some_codes(case_type="vulnerable-migrant")))


def test_whoever_was_left_out_of_a_batch_has_nothing_to_be_told() -> None:
    counted = count_anonymously(a_case(HELPED)).case
    change = leave_out_of_the_batch(counted)
    assert change.case == a_case(HELPED)
    assert change.facts == (told_anew(a_case(HELPED)),)
    told_of_more = replace(counted, record=replace(counted.record, to_tell=("hand-over-by-law",)))
    assert leave_out_of_the_batch(told_of_more).facts == ()
