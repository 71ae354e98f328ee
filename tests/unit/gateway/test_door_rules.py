"""The door's rules by table and by property: which letters pass, and that no value comes back."""

import copy
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.catalogue import CATALOGUE
from services.chassis.clock import new_id
from services.chassis.frame import contracts
from services.gateway.disclosure.door import Asked, refusal
from services.gateway.domain.refusals import REASONS_LIMIT, Objection, told
from services.gateway.handlers.closed import UNREADABLE, closed_reading, parsed
from services.gateway.handlers.examining import INTAKE, Surroundings, examine
from services.gateway.handlers.form import (
    as_uuid,
    carried_by_http,
    carried_by_kafka,
    letter_from,
)

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
LIMIT = 65_536
AROUND = Surroundings(
    contracts=contracts(),
    sources=frozenset({"urn:nrm:border-brest:registration-desk"}),
    participants=frozenset({"border-brest", "ngo-brest"}),
    node_services=frozenset({"identification", "referral", "assistance"}),
    clock_skew=timedelta(minutes=5),
    now=NOW,
)
STRUCTURED = (("content-type", "application/cloudevents+json"),)
WORDS = st.text(alphabet="ЖQ", min_size=8, max_size=12)
"""Texts that no code, place or property of ours can hold."""
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


BODIES: dict[str, dict[str, Any]] = {
    "person-detected": {
        "detecting_agency": "border-brest",
        "case_type": "trafficking",
        "majority": "adult",
        "immediate_danger": False,
    },
    "consent-recorded": {
        "consent_id": str(new_id()),
        "purposes": ["referral"],
        "categories": ["needs"],
        "expires_at": "2027-01-01T00:00:00Z",
        "text_version": "2026.1",
        "language": "be",
        "interpreter": True,
        "recipients": ["ngo-brest"],
    },
    "consent-withdrawn": {"kind": "stop-sharing"},
    "restriction-recorded": {
        "restriction_id": str(new_id()),
        "recorded_for": "person",
        "oblast": "BY-BR",
    },
    "screening-recorded": {"result": "indicators-found"},
    "decision-recorded": {"decision": "conclusive", "outcome": "positive"},
    "referral-requested": {
        "request_id": str(new_id()),
        "needs": [{"need_id": str(new_id()), "service_type": "vocational"}],
        "urgency": "routine",
    },
    "referral-opened": {"request_id": str(new_id())},
    "need-cancelled": {"request_id": str(new_id()), "reason": "person-asked"},
    "provider-chosen": {
        "request_id": str(new_id()),
        "need_id": str(new_id()),
        "provider": "ngo-brest",
    },
    "provider-refused": {"provider": "ngo-brest"},
    "help-paused": {"task_id": str(new_id())},
    "help-resumed": {"task_id": str(new_id())},
    "offer-answered": {"task_id": str(new_id()), "answer": "seen"},
    "capacity-reported": {
        "pool_id": str(new_id()),
        "service_type": "crisis-room",
        "audience_class": "women",
        "maximum": 4,
    },
    "service-delivered": {"task_id": str(new_id()), "unit": "visit", "quantity": 1},
    "places-closed": {"pool_id": str(new_id()), "out_of_service": 1, "reason": "repair"},
    **{
        word: {"task_id": str(new_id())}
        for word in ("person-arrived", "person-departed", "no-show-recorded")
    },
    "stay-extended": {"task_id": str(new_id()), "ends_at": "2027-01-01T00:00:00Z"},
    "place-assigned": {"task_id": str(new_id()), "pool_id": str(new_id())},
    "service-scheduled": {"task_id": str(new_id()), "starts_at": "2027-01-01T00:00:00Z"},
    "service-ended-early": {"task_id": str(new_id()), "reason": "person-left"},
    "plan-drafted": {"plan_id": str(new_id()), "majority": "adult", "needs": ["medical"]},
    "plan-advanced": {"plan_id": str(new_id()), "to": "agreed"},
    "follow-up-planned": {
        "plan_id": str(new_id()),
        "follow_up_id": str(new_id()),
        "due_at": "2027-01-01T00:00:00Z",
    },
    "follow-up-done": {"plan_id": str(new_id()), "follow_up_id": str(new_id())},
    "contract-recorded": {
        "contract_id": str(new_id()),
        "service_type": "nursing-visit",
        "unit": "visit",
        "funding": "state-social-order",
        "funded": 100,
        "starts_at": "2026-01-01T00:00:00Z",
        "ends_at": "2027-01-01T00:00:00Z",
    },
    "case-corrected": {},
    "reflection-extended": {"reason": "mental-health"},
    "reflection-ended-early": {"reason": "person-asked"},
    "reconsideration-asked": {"ground": "new-facts"},
    "identification-revoked": {
        "ground": "obtained-by-deception",
        "second_authority": "ngo-brest",
    },
    "best-interests-recorded": {"outcome": "in-care"},
    "childs-view-recorded": {"view": "agrees"},
    "protection-measure-taken": {"measure": "foster-family"},
    "guardian-notified": {},
    "child-authority-told": {"agency_type": "education"},
    "majority-reached": {},
    "placement-reviewed": {"outcome": "moves"},
    "identification-declined": {},
    "case-linked": {"linked_case": str(new_id()), "kind": "retrafficked"},
    "case-unlinked": {
        "linked_case": str(new_id()),
        "kind": "retrafficked",
        "reason": "another-person",
    },
    "duplicate-found": {"into_case": str(new_id())},
    "ownership-transferred": {"officer_id": str(new_id()), "reason": "workload"},
    "contact-changed": {"reachable": False},
    "child-missing": {"missing": True},
    "person-died": {},
    "safe-contact-changed": {"safe_channel": "in-person"},
    "representative-appointed": {"kind": "advocate"},
    "dependants-added": {"added": 1},
    "return-recorded": {"channel": "consular"},
    "questionnaire-recorded": {
        "form": "first-questions",
        "form_version": "2026.1",
        "answers": [{"question": "debt", "answer": "yes"}],
    },
    "person-told": {"about": "hand-over-by-law"},
    "legal-hold-placed": {
        "hold_id": str(new_id()),
        "ground": "court-order",
        "ends_at": "2027-01-01T00:00:00Z",
    },
    "legal-hold-confirmed": {"hold_id": str(new_id())},
    "legal-hold-lifted": {"hold_id": str(new_id())},
    "case-entered-in-error": {"reason": "test-entry"},
    "case-closed": {"reason": "needs-met"},
}


def body_of(event_type: str) -> dict[str, Any]:
    """A body that the type takes, with required properties only."""
    return copy.deepcopy(BODIES[event_type.split(".")[3]])


def an_envelope(event_type: str, **changes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(new_id()),
        "source": "urn:nrm:border-brest:registration-desk",
        "type": event_type,
        "subject": str(new_id()),
        **changes,
    }


def examined(document: Any) -> tuple[Objection, ...]:
    letter = letter_from(carried_by_http(STRUCTURED, json.dumps(document).encode()), LIMIT)
    return examine(letter, AROUND).objections


@pytest.mark.parametrize("event_type", sorted(INTAKE))
def test_every_intake_type_passes_with_what_it_requires(event_type: str) -> None:
    assert examined({**an_envelope(event_type), "data": body_of(event_type)}) == ()


@pytest.mark.parametrize("event_type", sorted(INTAKE))
def test_kafka_and_http_read_the_same_letter(event_type: str) -> None:
    envelope, body = an_envelope(event_type), body_of(event_type)
    value = orjson.dumps(body)
    kafka = carried_by_kafka(
        tuple((f"ce_{name}", text.encode()) for name, text in envelope.items()), None, value
    )
    binary = carried_by_http([(f"CE-{name}", text) for name, text in envelope.items()], value)
    structured = carried_by_http(STRUCTURED, orjson.dumps({**envelope, "data": body}))
    letters = [letter_from(carried, LIMIT) for carried in (kafka, binary, structured)]
    assert letters[0] == letters[1] == letters[2]
    assert letters[0].objections == ()


def test_the_record_key_names_the_case_where_no_subject_does() -> None:
    case_id = str(new_id())
    carried = carried_by_kafka((), case_id.encode(), b"{}")
    assert letter_from(carried, LIMIT).subject == case_id


@pytest.mark.parametrize("event_type", sorted(set(CATALOGUE) - set(INTAKE)))
def test_no_event_of_ours_passes_as_intake(event_type: str) -> None:
    assert examined({**an_envelope(event_type), "data": {}}) == (
        Objection("type-not-intake", "type"),
    )


def test_a_command_whose_owner_is_elsewhere_is_not_served() -> None:
    around = replace(AROUND, node_services=frozenset())
    for event_type, spec in INTAKE.items():
        document = {**an_envelope(event_type), "data": body_of(event_type)}
        letter = letter_from(carried_by_http(STRUCTURED, json.dumps(document).encode()), LIMIT)
        refused = Objection("not-served-here", "type") in examine(letter, around).objections
        assert refused == (spec.command_owner != "gateway")


@given(st.sampled_from(sorted(INTAKE)), VALUES, WORDS)
@settings(max_examples=300, deadline=None)
def test_an_unknown_property_is_refused_without_its_name(
    event_type: str, value: Any, name: str
) -> None:
    document = {**an_envelope(event_type), "data": {**body_of(event_type), name: value}}
    answer = refusal(Asked(intake_id=None, case_id=None), examined(document)).model_dump_json()
    assert "unknown-property" in answer
    assert name not in answer


@given(st.sampled_from(sorted(INTAKE)), st.data())
@settings(max_examples=400, deadline=None)
def test_nonsense_anywhere_is_told_by_code_and_place_only(event_type: str, data: Any) -> None:
    document: dict[str, Any] = {**an_envelope(event_type), "data": body_of(event_type)}
    for _ in range(data.draw(st.integers(1, 4))):
        target = document["data"] if data.draw(st.booleans()) else document
        if isinstance(target, dict):
            name = data.draw(st.sampled_from(sorted(target)) | WORDS) if target else "x"
            target[name] = data.draw(VALUES)
    found = examined(document)
    if found:
        text = refusal(Asked(intake_id=None, case_id=None), found).model_dump_json()
        assert "Ж" not in text.replace("\\u0416", "Ж")
        assert "Q" not in text


@given(st.binary(max_size=200), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_letter(value: bytes, structured: bool) -> None:
    headers = STRUCTURED if structured else (("ce-id", "x"),)
    letter = letter_from(carried_by_http(headers, value), LIMIT)
    assert examine(letter, AROUND).objections


@pytest.mark.parametrize(
    "document",
    [b'{"a":1,"a":2}', b"[" * 900 + b"]" * 900, b'{"a":NaN}', b'{"a":1e999}', b"", b'"\\ud800"'],
)
def test_no_reading_is_built_on_doubtful_json(document: bytes) -> None:
    assert parsed(document) is UNREADABLE


def test_a_uuid_has_one_form() -> None:
    known = new_id()
    assert as_uuid(str(known)) == known
    for other in (str(known).upper(), known.hex, f"{{{known}}}", f"urn:uuid:{known}", "", None, 7):
        assert as_uuid(other) is None or str(as_uuid(other)) == other


def test_reasons_are_told_once_and_within_the_limit() -> None:
    many = tuple(Objection("required", f"field/{number}") for number in range(100))
    assert len(told((*many, *many))) == REASONS_LIMIT
    assert told((many[0], many[0])) == (many[0],)


def test_the_position_of_an_unknown_part_is_counted_in_its_parent() -> None:
    event_type = "org.nrm.intake.referral-requested.v1"
    body = body_of(event_type)
    body["needs"][0]["surname"] = "Canary"
    _, objections = closed_reading(INTAKE[event_type].model, body)
    assert objections == (Objection("unknown-property", "needs/0/position-3"),)


def a_detection_that_forbids(*forbidden: dict[str, Any]) -> dict[str, Any]:
    event_type = "org.nrm.intake.person-detected.v1"
    asked = [
        {"restriction_id": str(new_id()), "recorded_for": "person", **each} for each in forbidden
    ]
    body = {**body_of(event_type), "restrictions": asked}
    return {**an_envelope(event_type), "data": body}


def test_what_a_detection_forbids_is_looked_at_as_closely_as_a_restriction_of_its_own() -> None:
    assert examined(a_detection_that_forbids({"oblast": "BY-BR"}, {"agency": "ngo-brest"})) == ()
    wrong = (
        {"agency_type": "no-such-type"},
        {"oblast": "BY-XX"},
        {"recorded_for": "no-such-author", "oblast": "BY-BR"},
        {"agency": "ivan-petrovich", "valid_until": "2201-01-01T00:00:00Z"},
    )
    assert set(examined(a_detection_that_forbids(*wrong))) == {
        Objection("out-of-range", "restrictions/0/agency_type"),
        Objection("out-of-range", "restrictions/1/oblast"),
        Objection("out-of-range", "restrictions/3/valid_until"),
        Objection("not-a-participant", "restrictions/3/agency"),
    }
    (objection,) = examined(a_detection_that_forbids(*[{"oblast": "BY-BR"}] * 21))
    assert objection == Objection("out-of-range", "restrictions")


@pytest.mark.parametrize("word", ["stepfather", "aunt"])
def test_an_unknown_word_for_who_agreed_is_refused_and_not_taken_as_another(word: str) -> None:
    event_type = "org.nrm.intake.consent-recorded.v1"
    body = {**body_of(event_type), "given_by": word}
    told = examined({**an_envelope(event_type), "data": body})
    assert told == (Objection("out-of-range", "given_by"),)


def test_an_urgency_that_nobody_knows_is_asked_for_at_once_and_never_kept_as_a_draft() -> None:
    event_type = "org.nrm.intake.referral-requested.v1"

    def asking(**words: Any) -> tuple[Objection, ...]:
        return examined({**an_envelope(event_type), "data": body_of(event_type) | words})

    refused = (Objection("out-of-range", "urgency"),)
    assert asking(urgency="immediate", draft=True) == refused
    assert asking(urgency="immediate") == asking(urgency="immediate", draft=False) == ()
    assert asking(urgency="urgent", draft=True) == asking(draft=True) == ()


OTHERWISE_REFUSED = {
    ("org.nrm.intake.referral-requested.v1", "separation_reason"),
    ("org.nrm.intake.referral-requested.v1", "best_interests"),
    ("org.nrm.intake.best-interests-recorded.v1", "outcome"),
    ("org.nrm.intake.provider-chosen.v1", "reason"),
}
"""Where the reason stands for something that is refused without one."""


@pytest.mark.parametrize(("event_type", "place"), sorted(OTHERWISE_REFUSED))
def test_a_word_that_nobody_knows_is_no_reason_for_what_is_refused_without_one(
    event_type: str, place: str
) -> None:
    def saying(word: str) -> dict[str, Any]:
        return {**an_envelope(event_type), "data": {**body_of(event_type), place: word}}

    assert examined(saying("no-such-reason")) == (Objection("out-of-range", place),)
    assert examined(saying("other")) == ()


@pytest.mark.parametrize(
    ("outcome", "reasons", "wrong"),
    [
        ("negative", ["no-such"], [0]),
        ("negative", ["no-such", "nor-such"], [0, 1]),
        ("negative", ["act-shown", "no-such"], []),
        ("negative", ["other"], []),
        ("positive", ["no-such"], []),
        ("positive", ["act-shown", "no-such"], []),
        ("no-such", ["no-such"], [0]),
    ],
)
def test_of_the_reasons_of_a_negative_decision_one_that_is_known_is_enough(
    outcome: str, reasons: list[str], wrong: list[int]
) -> None:
    event_type = "org.nrm.intake.decision-recorded.v1"
    body = {**body_of(event_type), "outcome": outcome, "reasons": reasons}
    told = examined({**an_envelope(event_type), "data": body})
    assert told == tuple(Objection("out-of-range", f"reasons/{place}") for place in wrong)
