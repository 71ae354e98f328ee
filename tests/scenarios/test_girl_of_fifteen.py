"""`girl-of-fifteen`, told on the whole house: who is suspected is never told, the authority is."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import pytest

from contracts.vocabulary import load_profile
from deploy.demo import figures, knew
from deploy.demo.databases import Databases
from deploy.demo.observer import units_of
from deploy.demo.stories.girl_of_fifteen import BY_PHONE, EDUCATION
from deploy.demo.stories.loop import BORDER, INTERIOR, NGO, REDCROSS
from deploy.local.layout import StateFolder
from tests.support.stack import Told, told, word_of

NAME = "girl-of-fifteen"
PROFILE = load_profile("BY-draft")
SAID_AT_NGO = {
    **dict.fromkeys(
        [
            *("detect-person", "hand-over-required", "child-notified", "case-opened"),
            *("hand-over-started", "person-to-be-told", "notify-guardian", "hand-over-received"),
            *("hand-over-confirmed", "record-person-told", "person-told"),
            *("record-child-authority-told", "decision-clock-told", "decision-clock-stopped"),
        ],
        1,
    ),
    "intake-accepted": 3,
    "case-changed": 4,
    "intake-refused": 2,
    "sending-delivered": 2,
    "child-authority-notified": 2,
}
SAID_AT_INTERIOR = {
    **dict.fromkeys(
        [
            *("hand-over-required", "case-opened", "hand-over-received", "person-presumed"),
            *("child-protection-started", "intake-refused", "record-childs-view"),
            *("childs-view-recorded", "record-best-interests", "best-interests-recorded"),
            *("protection-measure-taken", "appoint-representative", "representative-appointed"),
            *("notify-guardian", "guardian-notified", "consent-granted", "request-referral"),
            *("request-opened", "offer-made", "task-offered", "task-delivered", "task-seen"),
            *("task-accepted", "task-started", "person-identified", "task-completed"),
            *("loop-closed", "decision-clock-told", "place-sought", "task-scheduled"),
        ],
        1,
    ),
    "sending-delivered": 3,
    "record-decision": 2,
    "case-changed": 5,
    "intake-accepted": 9,
    "take-protection-measure": 2,
    "task-progressed": 7,
}
SAID_AT_EDUCATION = {
    **dict.fromkeys(
        [
            *("child-notified", "case-opened", "child-notification-received"),
            *("appoint-representative", "representative-appointed", "case-changed"),
            *("task-offered", "offer-received", "task-seen", "hold-requested", "hold-placed"),
            *("task-accepted", "episode-planned", "hold-confirmed", "check-in"),
            *("episode-started", "stay-began", "task-started", "stay-limit-near", "check-out"),
            *("stay-ended", "record-service", "units-delivered", "episode-completed"),
            *("task-completed", "task-scheduled"),
        ],
        1,
    ),
    "intake-accepted": 6,
    "task-progressed": 7,
    "answer-offer": 2,
    "sending-delivered": 7,
}
CROSSED = {
    (NGO, INTERIOR, "hand-over-required"): 1,
    (NGO, EDUCATION, "child-notified"): 1,
    (INTERIOR, NGO, "hand-over-received"): 1,
    (INTERIOR, NGO, "decision-clock-told"): 1,
    (INTERIOR, EDUCATION, "task-offered"): 1,
    (EDUCATION, INTERIOR, "task-progressed"): 7,
}


@pytest.fixture(scope="module")
def story(stack_state: StateFolder) -> Iterator[Told]:
    with told(stack_state, NAME) as ended:
        yield ended


def at(text: object) -> datetime:
    return datetime.fromisoformat(str(text))


def test_each_node_said_this_and_nothing_else(story: Told) -> None:
    assert story.words(NGO) == Counter(SAID_AT_NGO)
    assert story.words(INTERIOR) == Counter(SAID_AT_INTERIOR)
    assert story.words(EDUCATION) == Counter(SAID_AT_EDUCATION)


def test_this_crossed_between_nodes_and_nothing_else(story: Told) -> None:
    crossed = knew.joined(story.stage, NAME)
    assert Counter((sender, to, what) for _, sender, to, what in crossed) == Counter(CROSSED)


def test_no_consent_was_asked_and_she_was_told_of_the_hand_over(story: Told) -> None:
    (offer,) = story.of(INTERIOR, "hand-over-required")
    assert offer.body()["ground"] == "child-route"
    assert offer.body()["guardian_status"] == "suspected"
    shown = story.shown(NGO, story.case(NGO))
    assert "tell-of-hand-over" not in shown["to_dos"]
    assert shown["codes"]["consent_outcome"] == "not-asked-unsafe"


def test_who_is_suspected_was_never_told_nor_asked(story: Told) -> None:
    assert not story.of(NGO, "guardian-notified")
    assert not story.of(NGO, "consent-granted")
    child = story.shown(NGO, story.case(NGO))["child"]
    assert (child["guardian_may_be_told"], child["guardian_notified_at"]) == (False, None)
    order = [word_of(record) for record in story.of(INTERIOR)]
    assert order.index("representative-appointed") < order.index("guardian-notified")


def test_the_notification_carries_neither_place_nor_exploitation(story: Told) -> None:
    (notice,) = story.of(EDUCATION, "child-notified")
    assert set(notice.body()) == {
        "notification_id",
        "majority",
        "immediate_danger",
        "guardian_request",
    }
    assert notice.body()["guardian_request"] == "temporary-guardian"
    opened = story.body(EDUCATION, "case-opened")
    assert (opened["oblast"], opened["exploitation"]) == ("not-yet-known", [])
    assert "appoint-guardian" in list(opened["to_dos"])  # type: ignore[call-overload]
    for record in story.of(EDUCATION):
        assert b"sexual" not in record.value


def test_every_authority_was_told_within_the_hours_of_the_profile(story: Told) -> None:
    case_id = story.case(NGO)
    shown = story.shown(NGO, case_id)
    due = at(shown["clocks"]["child_notification_due_at"]) - at(shown["recorded_at"])
    assert due == PROFILE.hours("child_notification_hours")
    assert not story.of(NGO, "child-notification-overdue")
    assert set(shown["child"]["authorities_told"]) == {"education", BY_PHONE}
    told_by = {
        record.body()["agency_type"]: record.body()["recipient"]
        for record in story.of(NGO, "child-authority-notified")
    }
    assert told_by == {"education": EDUCATION, BY_PHONE: None}
    unit = next(each for each in units_of(story.stage) if each.name == f"{NGO}.identification")
    running = "SELECT kind FROM deadline WHERE subject = $1"
    assert Databases(story.stage.state).rows(unit, running, case_id) == []


def test_a_measure_protected_her_instead_of_a_reflection_period(story: Told) -> None:
    assert not story.of(INTERIOR, "reflection-started")
    began = story.body(INTERIOR, "child-protection-started")
    protected = at(began["no_decision_before"]) - at(began["starts_at"])
    assert protected == PROFILE.days("reflection_days")
    shown = story.shown(INTERIOR, story.case(INTERIOR))
    assert shown["state"] == "identified"
    child = shown["child"]
    assert (child["best_interests"], child["childs_view"]) == ("in-care", "agrees")
    assert child["measure"] == "child-centre"
    assert at(child["best_interests_at"]) <= at(child["measure_at"])
    order = [word_of(record) for record in story.of(INTERIOR)]
    assert order.index("best-interests-recorded") < order.index("request-opened")


def test_she_was_placed_by_age_and_the_alarm_came_before_the_limit(story: Told) -> None:
    opened = story.body(INTERIOR, "task-accepted")
    assert opened["service_type"] == PROFILE.word("placement_3_to_17_service")
    order = [word_of(record) for record in story.of(EDUCATION)]
    assert order.index("stay-began") < order.index("stay-limit-near") < order.index("stay-ended")
    assert "stay-overdue" not in order


def test_whoever_asked_knew_until_when_she_was_expected(story: Told) -> None:
    """Notices a clock that runs at the provider alone, or with another time than the profile's."""
    assert story.spans(EDUCATION, "hold-confirmed", "arrive_by") == [PROFILE.hours("arrival_hours")]
    kept = story.dues(EDUCATION, "hold-confirmed", "arrive_by")
    assert story.dues(EDUCATION, "task-scheduled", "arrive_by") == kept
    assert story.dues(INTERIOR, "task-scheduled", "arrive_by") == kept


def test_each_party_knew_this_and_nothing_else(story: Told) -> None:
    assert story.knew() == {
        BORDER: set(),
        INTERIOR: {"detection", "consent", "decision", "need", "help", "outcome"},
        REDCROSS: set(),
        NGO: {"identity", "detection", "notice"},
        EDUCATION: {"notice", "need", "help", "outcome"},
        "custodian-one": set(),
        "hub": set(),
    }


def test_the_figures_are_clean(story: Told) -> None:
    counted = figures.counted(story.stage)
    assert (counted.lost, counted.unfinished) == (0, 0)
