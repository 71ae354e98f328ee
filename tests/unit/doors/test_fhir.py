"""A task as FHIR: sound, equal when it comes back, without anybody's identity; losses listed."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.export import checked_document
from contracts.vocabulary import NOT_YET_KNOWN, code_lists
from doors.failures import DoorFailure
from doors.fhir.form import sound_bundle
from doors.fhir.intake import ReadBundle, read_bundle
from doors.fhir.tasks import (
    TaskTold,
    bundle_of,
    differences,
    losses_of,
    not_told,
    task_in,
    task_told,
)
from doors.identifiers import DoorKey

CASE = UUID("11111111-1111-4111-8111-111111111111")
TASK = UUID("22222222-2222-4222-8222-222222222222")
REQUEST = UUID("33333333-3333-4333-8333-333333333333")
NEED = UUID("44444444-4444-4444-8444-444444444444")
WHEN = datetime(2026, 3, 2, 10, 15, tzinfo=UTC)
KEY = DoorKey(b"k" * 32)
CANARY = "Ivanna Canary"
SAYABLE = sorted(code_lists()["task-state"].maps["gravity"].outward)
REASONS = {"declined": "decline-reason", "on-hold": "pause-reason", "not-sent": "not-sent-reason"}
"""Written again, not imported: which list a state keeps its reason of."""


def a_task(**changes: Any) -> TaskTold:
    told = TaskTold(
        task_id=TASK,
        side="sender",
        case_id=CASE,
        own_agency="interior-brest",
        other_agency="redcross-vitebsk",
        service_type="nursing-visit",
        urgency="routine",
        majority="adult",
        audience_class="men",
        language="ru",
        state="completed",
        answer_by=WHEN,
        offered_at=WHEN,
        changed_at=WHEN,
        reason=None,
        outcome="need-met",
        unit="visit",
        quantity=3,
        request_id=REQUEST,
        need_id=NEED,
    )
    return replace(told, **changes)


def codes(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from(code_lists()[name].codes)


@st.composite
def tasks(draw: st.DrawFn) -> TaskTold:
    sender = draw(st.booleans())
    given_units = draw(st.booleans())
    state = draw(st.sampled_from(SAYABLE))
    reasons = st.none() | codes(REASONS[state]) if state in REASONS else st.none()
    return a_task(
        side="sender" if sender else "provider",
        state=state,
        service_type=draw(codes("service-type")),
        urgency=draw(codes("urgency")),
        majority=draw(codes("majority")),
        audience_class=draw(codes("audience-class")),
        language=draw(codes("language")),
        reason=draw(reasons),
        outcome=draw(st.none() | codes("outcome")),
        unit=draw(codes("unit")) if given_units else None,
        quantity=draw(st.integers(0, 1_000_000)) if given_units else None,
        request_id=REQUEST if sender else None,
        need_id=NEED if sender else None,
        seen_by=draw(st.none() | st.just(WHEN)),
        hold_until=draw(st.none() | st.just(WHEN)),
        start_by=draw(st.none() | st.just(WHEN)),
        arrive_by=draw(st.none() | st.just(WHEN)),
        starts_at=draw(st.none() | st.just(WHEN)),
        dependants=draw(st.none() | st.integers(0, 20)),
        changed_at=draw(st.datetimes(WHEN.replace(tzinfo=None), timezones=st.just(UTC))),
    )


@settings(deadline=None)
@given(task=tasks())
def test_every_task_is_sound_fhir_and_comes_back_equal(task: TaskTold) -> None:
    bundle = sound_bundle(orjson.dumps(bundle_of(task)))
    assert differences(task, task_in(bundle, task.own_agency)) == []
    assert task_in(bundle, task.own_agency) == task


@pytest.mark.parametrize(("state", "listed"), REASONS.items())
def test_a_reason_is_of_the_list_of_its_state(state: str, listed: str) -> None:
    for code in code_lists()[listed].codes:
        task = a_task(state=state, reason=code)
        bundle = sound_bundle(checked_document(task))
        (coding,) = bundle["entry"][1]["resource"]["statusReason"]["coding"]
        assert (coding["system"], coding["code"]) == (f"urn:nrm:codelist:{listed}", code)
        told = f"reason {code}: of our own list" in "\n".join(losses_of(task))
        assert told == (code != NOT_YET_KNOWN)


@pytest.mark.parametrize("urgency", code_lists()["urgency"].codes)
def test_the_task_says_the_urgency_in_the_words_of_the_profile_that_it_claims(urgency: str) -> None:
    request, task = (each["resource"] for each in bundle_of(a_task(urgency=urgency))["entry"])
    assert task["priority"] in ("routine", "urgent")
    assert request["priority"] == {"emergency": "stat"}.get(urgency, urgency)
    lost = [each for each in losses_of(a_task(urgency=urgency)) if each.startswith("urgency")]
    said = "Task.priority reads as urgent, ServiceRequest.priority says stat, Task.input emergency"
    assert lost == ([f"urgency emergency: {said}"] if task["priority"] != urgency else [])


@pytest.mark.parametrize("name", ["urgency", "task-state"])
def test_an_export_writes_what_the_vocabulary_says_of_each_field(name: str) -> None:
    """And no field of it has two mappings."""
    listed = code_lists()[name]
    fields = {each.field: each.outward for each in listed.maps.values()}
    assert len(fields) == len(listed.maps)
    written = {field: outward for field, outward in fields.items() if " " not in field}
    coded = {"urgency": "urgency", "task-state": "state"}[name]
    for code in set.intersection(*(set(outward) for outward in written.values())):
        entries = [each["resource"] for each in bundle_of(a_task(**{coded: code}))["entry"]]
        for field, outward in written.items():
            kind, element = field.split(".")
            (value,) = (each[element] for each in entries if each["resourceType"] == kind)
            value = value["coding"][0]["code"] if isinstance(value, dict) else value
            assert value == outward[code], (field, code)


def test_every_property_under_a_name_or_a_list_of_ours_is_told_as_lost() -> None:
    told = a_task(
        **{"state": "declined", "reason": "at-capacity", "urgency": "emergency"},
        **dict.fromkeys(("seen_by", "hold_until", "start_by", "arrive_by", "starts_at"), WHEN),
        dependants=2,
    )
    resources = [each["resource"] for each in bundle_of(told)["entry"]]
    ours = {part["type"]["text"] for each in resources for part in each.get("input", ())} | {
        "service_type",
        "reason",
        "outcome",
        "unit",
        "answer_by",
    }
    lost = {each.split(":")[0].split(" ")[0] for each in losses_of(told)}
    assert ours <= lost
    assert len(ours) == 15
    silent = losses_of(a_task(majority="not-yet-known", outcome=None, unit=None))
    assert not [each for each in silent if each.startswith(("majority", "outcome", "unit"))]


def test_it_says_what_gravity_asks_for() -> None:
    request, task = (each["resource"] for each in bundle_of(a_task(state="seen"))["entry"])
    assert task["meta"]["profile"][0].endswith("/SDOHCC-TaskForReferralManagement")
    assert request["meta"]["profile"][0].endswith("/SDOHCC-ServiceRequest")
    assert (task["status"], task["intent"], request["intent"]) == ("requested", "order", "order")
    assert task["businessStatus"]["coding"][0]["code"] == "seen"
    assert task["focus"]["reference"] == f"ServiceRequest/{request['id']}"
    assert bundle_of(a_task(state="declined", reason="at-capacity"))["entry"][1]["resource"][
        "statusReason"
    ]["text"]


def test_nobody_is_named_and_what_stays_is_not_in_the_file() -> None:
    row = {
        **{name: getattr(a_task(), name) for name in TaskTold.__slots__ if name != "own_agency"},
        "duty_phone": "+375 00 000-01-01",
        "hand_over_reference": "55555555-5555-4555-8555-555555555555",
        "unfinished": {"stuck": 0},
    }
    task = task_told(json.loads(orjson.dumps(row)), "interior-brest")
    assert not_told(row) == []
    assert not_told({**row, "new": 1}) == ["new: this version exports it not"]
    assert task == a_task()
    document = orjson.dumps(bundle_of(task)).decode()
    assert '"Patient"' not in document
    assert "000-01-01" not in document
    assert "55555555" not in document
    assert [each["resource"]["resourceType"] for each in json.loads(document)["entry"]] == [
        "ServiceRequest",
        "Task",
    ]


def test_what_fhir_cannot_say_is_listed() -> None:
    told = "\n".join(losses_of(a_task(state="loop-closed")))
    assert "state loop-closed: Task.status reads as completed, businessStatus says" in told
    assert "duty_phone: stays in the node" in told
    assert "state" not in "\n".join(losses_of(a_task(state="accepted")))
    with pytest.raises(DoorFailure, match="not-yet-known has no word"):
        bundle_of(a_task(state="not-yet-known"))


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (b"<Bundle/>", "no JSON"),
        (b'{"resourceType": "Patient"}', "no Bundle"),
        (b'{"resourceType": "Bundle"}', "type"),
        (
            orjson.dumps({**bundle_of(a_task()), CANARY: CANARY}),
            "no sound FHIR R4: Bundle",
        ),
        (b" " * 2_000_001, "too large"),
        (b'{"resourceType": "Bundle", "entry": [' + b"{}," * 201 + b"{}]}", "too many"),
    ],
)
def test_what_is_no_sound_fhir_is_refused_by_its_place(document: bytes, told: str) -> None:
    with pytest.raises(DoorFailure, match=told) as caught:
        sound_bundle(document)
    assert CANARY not in str(caught.value)


# ---------------------------------------------------------------- in


def read(*resources: dict[str, Any]) -> ReadBundle:
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": each} for each in resources],
    }
    return read_bundle(sound_bundle(orjson.dumps(bundle)), "urn:nrm:interior-brest:x", KEY)


def a_request(**changes: Any) -> dict[str, Any]:
    resource: dict[str, Any] = bundle_of(a_task())["entry"][0]["resource"]
    kept = {name: value for name, value in resource.items() if name != "authoredOn"}
    return {**kept, "status": "active", **changes}


def an_answer(state: str, **changes: Any) -> dict[str, Any]:
    task = a_task(state=state, reason="at-capacity" if state == "declined" else None)
    resource: dict[str, Any] = bundle_of(task)["entry"][1]["resource"]
    return {**resource, **changes}


def test_requests_of_one_requisition_become_one_event_with_its_needs() -> None:
    other = OTHER
    coding = {"system": "urn:nrm:codelist:service-type", "code": "vocational"}
    got = read(a_request(), a_request(id=other, code={"coding": [coding]}))
    (posting,) = got.postings
    assert (posting.type, posting.subject) == ("org.nrm.intake.referral-requested.v1", CASE)
    assert posting.body == {
        "request_id": str(REQUEST),
        "needs": [
            {"need_id": str(NEED), "service_type": "nursing-visit"},
            {"need_id": other, "service_type": "vocational"},
        ],
        "urgency": "routine",
        "preferred_providers": ["redcross-vitebsk"],
    }
    assert read(a_request()).postings == read(a_request()).postings


OTHER = "66666666-6666-4666-8666-666666666666"


def asking(urgency: str | None, **changes: Any) -> dict[str, Any]:
    """A Task that asks, with this urgency in its input; its priority is told by itself."""
    resource: dict[str, Any] = bundle_of(a_task(state="offered"))["entry"][1]["resource"]
    kept = {name: resource[name] for name in ("resourceType", "id", "status", "intent", "focus")}
    coding = {"system": "urn:nrm:codelist:urgency", "code": urgency}
    property_of = {"coding": [{"system": "urn:nrm:property", "code": "urgency"}]}
    part = {"type": property_of, "valueCodeableConcept": {"coding": [coding]}}
    return {**kept, **({"input": [part]} if urgency else {}), **changes}


LESS = "another place says that it is more urgent"


@pytest.mark.parametrize(
    ("priority", "tasks", "urgency", "told"),
    [
        ("urgent", [asking("emergency")], "emergency", ["entry.0.priority"]),
        ("stat", [asking("routine")], "emergency", ["entry.1.input"]),
        (
            *("routine", [asking("emergency"), asking("routine")], "emergency"),
            ["entry.0.priority", "entry.2.input"],
        ),
        ("urgent", [asking("routine"), asking("emergency")], "emergency", None),
        ("routine", [asking(None, priority="stat")], "emergency", ["entry.0.priority"]),
        ("stat", [asking(None, priority="routine")], "emergency", ["entry.1.priority"]),
        ("stat", [asking("emergency", priority="urgent")], "emergency", []),
        ("stat", [asking(None, priority="urgent")], "emergency", []),
        ("routine", [asking("routine", priority="routine")], "routine", []),
        (None, [asking("routine")], "routine", []),
        ("asap", [asking("routine")], "urgent", ["entry.1.input"]),
        ("asap", [asking("emergency")], "emergency", []),
        (None, [asking(None, priority="asap")], None, []),
        (None, [], None, []),
    ],
)
def test_of_all_that_is_said_the_most_urgent_is_asked_for_and_the_rest_is_told(
    priority: str | None, tasks: list[dict[str, Any]], urgency: str | None, told: list[str] | None
) -> None:
    request = {name: value for name, value in a_request().items() if name != "priority"}
    got = read(request | ({"priority": priority} if priority else {}), *tasks)
    assert [each.body["urgency"] for each in got.postings] == ([urgency] if urgency else [])
    if told is not None:
        assert [each.split(":")[0] for each in got.not_held if LESS in each] == told
    unsure = any("say stat, urgent or routine" in each for each in got.not_held)
    assert unsure == (priority == "asap" or urgency is None)


def test_two_tasks_of_a_request_that_say_two_things_are_told_and_the_first_holds() -> None:
    coding = [{"system": "urn:nrm:codelist:language", "code": code} for code in ("ru", "be")]
    property_of = {"coding": [{"system": "urn:nrm:property", "code": "language"}]}
    tasks = [
        asking(None, input=[{"type": property_of, "valueCodeableConcept": {"coding": [each]}}])
        for each in coding
    ]
    got = read(a_request(), *tasks)
    assert got.postings[0].body["language"] == "ru"
    assert "entry.2.input: another Task of the request says another language" in got.not_held


def test_needs_of_one_requisition_are_asked_for_as_urgently_as_the_most_urgent_of_them() -> None:
    got = read(a_request(), a_request(id=OTHER, priority="stat"))
    (posting,) = got.postings
    assert posting.body["urgency"] == "emergency"
    assert [each["need_id"] for each in posting.body["needs"]] == [str(NEED), OTHER]
    (told,) = (each for each in got.not_held if "more urgent" in each)
    assert told.startswith("entry.0: ")


def test_an_urgency_that_is_no_code_of_ours_is_told_and_the_priority_holds() -> None:
    got = read(a_request(priority="urgent"), asking("at-once"))
    assert got.postings[0].body["urgency"] == "urgent"
    assert "entry.1.input: urgency" in got.not_held


def test_the_priority_of_a_task_that_answers_is_not_held() -> None:
    assert "entry.1.priority" in read(a_request(), an_answer("accepted")).not_held


@pytest.mark.parametrize(
    ("state", "body"),
    [
        ("seen", {"answer": "seen"}),
        ("accepted", {"answer": "accepted"}),
        ("declined", {"answer": "declined", "reason": "at-capacity"}),
    ],
)
def test_an_answered_task_becomes_an_answer_and_its_request_nothing(
    state: str, body: dict[str, str]
) -> None:
    (posting,) = read(a_request(), an_answer(state)).postings
    assert posting.type == "org.nrm.intake.offer-answered.v1"
    assert posting.body == {"task_id": str(TASK), **body}


@pytest.mark.parametrize(
    ("resource", "place"),
    [
        (a_request(code={"text": CANARY}), "entry.0.code: no code of our list"),
        (a_request(subject={"display": CANARY}), "entry.0: no id of ours"),
        (a_request(subject={"reference": f"Patient/{CANARY}"}), "entry.0: no id of ours"),
        (a_request(priority="asap"), "entry.0.priority: say stat"),
        (a_request(status="revoked"), "entry.0.status: it is not asked for"),
        (a_request(note=[{"text": CANARY}]), "entry.0.note"),
        (a_request(performer=[{"display": CANARY}]), "entry.0.performer: no agency"),
        (an_answer("declined", statusReason={"text": CANARY}), "entry.0: a decline needs a code"),
        (an_answer("in-progress"), "entry.0.owner: another agency helps"),
        (
            {"resourceType": "Patient", "name": [{"text": CANARY}]},
            "entry.0: Patient says who somebody is",
        ),
        ({"resourceType": "Observation", "status": "final", "code": {"text": CANARY}}, "entry.0: "),
    ],
)
def test_what_cannot_be_held_is_listed_and_never_guessed_or_repeated(
    resource: dict[str, Any], place: str
) -> None:
    got = read(resource)
    assert any(each.startswith(place) for each in got.not_held)
    assert CANARY not in str(got)
    for posting in got.postings:
        assert CANARY not in str(posting.body)
