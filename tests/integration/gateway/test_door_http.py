"""Intake by HTTP: accepted, refused with every reason, once, and nothing echoed."""

import json
from typing import Any

import orjson
import pytest

from services.chassis.clock import new_id
from tests.support.gateway_door import (
    CANARY,
    NODE,
    OTHER,
    Door,
    a_consent,
    a_detection,
    an_event,
    as_,
)


def reasons(answer: dict[str, Any]) -> set[tuple[str, str | None]]:
    return {(reason["code"], reason["field"]) for reason in answer["reasons"]}


async def test_a_detection_becomes_a_command_that_names_the_intake_event(door: Door) -> None:
    event = an_event("person-detected", a_detection())
    answer = await door.post(event)
    assert answer.status_code == 202
    assert answer.json() == {"intake_id": event["id"]}
    (command,) = await door.published("commands")
    assert command["type"] == "org.nrm.gateway.detect-person.v1"
    assert command["key"] == event["subject"]
    assert command["headers"]["correlationid"] == event["id"]
    assert command["body"]["case_type"] == "trafficking"
    assert await door.published("answers") == []


async def test_binary_mode_is_the_same_event(door: Door) -> None:
    event = an_event("person-detected", a_detection())
    body = event.pop("data")
    answer = await door.client.post(
        "/v1/intake",
        content=json.dumps(dict(reversed(body.items())), indent=2),
        headers={
            "content-type": "application/json",
            **{f"ce-{name}": value for name, value in event.items()},
        },
    )
    assert answer.status_code == 202
    repeated = await door.post({**event, "data": body})
    assert repeated.status_code == 202
    assert len(await door.published("commands")) == 1


async def test_the_same_event_twice_happens_once(door: Door) -> None:
    event = an_event("person-detected", a_detection())
    assert [(await door.post(event)).status_code for _ in range(3)] == [202, 202, 202]
    assert len(await door.published("commands")) == 1


async def test_a_used_id_with_another_body_is_refused(door: Door) -> None:
    event = an_event("person-detected", a_detection())
    await door.post(event)
    answer = await door.post({**event, "data": a_detection(majority="child")})
    assert answer.status_code == 422
    assert reasons(answer.json()) == {("id-reused", "id")}
    assert len(await door.published("commands")) == 1


@pytest.mark.parametrize("change", ["subject", "type"])
async def test_a_used_id_about_another_case_or_of_another_type_is_refused(
    door: Door, change: str
) -> None:
    event = an_event("consent-withdrawn", {"kind": "stop-sharing"})
    assert (await door.post(event)).status_code == 200
    other = {"subject": str(new_id()), "type": "org.nrm.intake.case-closed.v1"}
    answer = await door.post({**event, change: other[change]})
    assert answer.status_code == 422
    assert ("id-reused", "id") in reasons(answer.json())


async def test_every_reason_is_told_at_once_and_no_value(door: Door) -> None:
    body = a_detection(majority=3, dependants=-1, occurred_at="2199-01-01T00:00:00Z")
    body[CANARY] = CANARY
    del body["case_type"]
    event = an_event("person-detected", body, subject=CANARY)
    answer = await door.post(event)
    assert answer.status_code == 422
    assert reasons(answer.json()) == {
        ("wrong-type", "majority"),
        ("out-of-range", "dependants"),
        ("required", "case_type"),
        ("unknown-property", "position-6"),
        ("subject-not-a-uuid", "subject"),
    }
    assert "Canary" not in answer.text
    (told,) = await door.published("answers")
    assert told["body"]["intake_id"] == event["id"]
    assert CANARY not in str(told)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"id": CANARY}, ("id-not-a-uuid", "id")),
        ({"id": str(new_id()).upper()}, ("id-not-a-uuid", "id")),
        ({"id": ""}, ("id-missing", "id")),
        ({"type": "org.nrm.intake.person-detected.v2"}, ("schema-newer-major", "type")),
        ({"type": "org.nrm.intake.nothing.v1"}, ("type-unknown", "type")),
        ({"type": "org.nrm.referral.task-seen.v1"}, ("type-not-intake", "type")),
        ({"type": "org.nrm.intake.referral-requested.v1"}, ("not-served-here", "type")),
        ({"specversion": "0.3"}, ("not-cloudevents", "specversion")),
        ({"personname": CANARY}, ("unknown-property", "attributes/position-6")),
        ({"time": "yesterday"}, ("wrong-format", "time")),
        (
            {"data": a_detection(occurred_at="2199-01-01T00:00:00Z")},
            ("in-the-future", "occurred_at"),
        ),
        (
            {"data": a_detection(occurred_at="0001-01-01T00:00:00Z")},
            ("out-of-range", "occurred_at"),
        ),
        ({"data": "text"}, ("wrong-type", None)),
        ({"source": ""}, ("required", "source")),
    ],
)
async def test_a_wrong_form_is_refused_with_its_code(
    door: Door, changes: dict[str, Any], expected: tuple[str, str | None]
) -> None:
    answer = await door.post(an_event("person-detected", a_detection(), **changes))
    assert answer.status_code == 422
    assert expected in reasons(answer.json())
    assert "Canary" not in answer.text
    assert await door.published("commands") == []


@pytest.mark.parametrize(
    ("language", "label"), [("ru", "Номер сообщения не UUID"), ("en", "The id is no UUID")]
)
async def test_a_reason_is_told_in_the_words_of_the_caller(
    door: Door, language: str, label: str
) -> None:
    event = an_event("person-detected", a_detection(), id="Canary-7")
    answer = await door.post(event, **{"accept-language": language})
    assert answer.status_code == 422
    assert answer.headers["content-language"] == language
    told = {reason["code"]: reason["label"] for reason in answer.json()["reasons"]}
    assert told["id-not-a-uuid"] == label


async def test_what_is_no_json_or_too_large_is_refused(door: Door) -> None:
    for content, code in ((b"{", "not-json"), (b"[1]", "not-json"), (b"x" * 70_000, "too-large")):
        answer = await door.client.post(
            "/v1/intake", content=content, headers={"content-type": "application/cloudevents+json"}
        )
        assert answer.status_code == 422
        assert code in {reason["code"] for reason in answer.json()["reasons"]}


async def test_an_unknown_code_is_taken_and_its_original_sealed(door: Door) -> None:
    event = an_event("person-detected", a_detection(industry="Canary-Works", oblast="BY-XX"))
    assert (await door.post(event)).status_code == 202
    (command,) = await door.published("commands")
    assert command["body"]["industry"] == "not-yet-known"
    assert command["body"]["oblast"] == "not-yet-known"
    (kept,) = await door.rows("SELECT cause_id, sealed FROM original_code")
    opened = door.context.keys.open(kept["sealed"], b"original-code:" + kept["cause_id"].encode())
    assert orjson.loads(opened) == {"industry": "Canary-Works", "oblast": "BY-XX"}
    everything = str(await door.rows("SELECT * FROM outbox")) + str(
        await door.rows("SELECT * FROM audit")
    )
    assert "Canary-Works" not in everything


async def test_a_consent_is_answered_at_once_and_told_to_the_services(door: Door) -> None:
    event = an_event("consent-recorded", a_consent())
    answer = await door.post(event)
    assert answer.status_code == 200
    assert answer.json() == {
        "intake_id": event["id"],
        "accepted": True,
        "case_id": event["subject"],
        "reasons": [],
    }
    (fact,) = await door.published("consent")
    assert fact["type"] == "org.nrm.gateway.consent-granted.v1"
    assert fact["body"]["recipients"] == [OTHER]
    (told,) = await door.published("answers")
    assert told["type"] == "org.nrm.gateway.intake-accepted.v1"
    read = await door.client.get(
        f"/v1/cases/{event['subject']}/consents", headers=as_("case-officer")
    )
    assert [row["recipients"] for row in read.json()["consents"]] == [[OTHER]]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"expires_at": None}, ("wrong-format", "expires_at")),
        ({"expires_at": "2020-01-01T00:00:00Z"}, ("consent-expired", "expires_at")),
        ({"recipients": []}, ("no-recipient", "recipients")),
        ({"expires_at": "2099-01-01T00:00:00Z"}, ("out-of-range", "expires_at")),
        (
            {"recipients": [], "recipient_class": {"agency_type": "police-of-mars"}},
            ("out-of-range", "recipient_class/agency_type"),
        ),
        (
            {"recipient_class": {"agency_type": "ngo", "oblasts": ["BY-BR", "BY-XX"]}},
            ("out-of-range", "recipient_class/oblasts/1"),
        ),
        ({"given_by": "other"}, ("cannot-consent", "given_by")),
        ({"given_by": "stepfather"}, ("out-of-range", "given_by")),
    ],
)
async def test_a_consent_that_cannot_be_kept_is_refused(
    door: Door, changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    answer = await door.post(an_event("consent-recorded", a_consent(**changes)))
    assert answer.status_code == 422
    assert expected in reasons(answer.json())
    assert await door.published("consent") == []
    assert await door.rows("SELECT 1 FROM consent") == []


async def test_a_consent_without_expiry_has_a_code_of_its_own(door: Door) -> None:
    body = a_consent()
    del body["expires_at"]
    answer = await door.post(an_event("consent-recorded", body))
    assert reasons(answer.json()) == {("expiry-missing", "expires_at")}


async def test_withdrawal_ends_one_consent_or_all(door: Door) -> None:
    case_id = str(new_id())
    first, second = a_consent(), a_consent()
    for body in (first, second):
        await door.post(an_event("consent-recorded", body, subject=case_id))
    one = {"kind": "stop-sharing", "consent_id": first["consent_id"]}
    assert (await door.post(an_event("consent-withdrawn", one, subject=case_id))).status_code == 200
    ended = "SELECT consent_id::text AS id FROM consent WHERE ended_at IS NOT NULL"
    assert [row["id"] for row in await door.rows(ended)] == [first["consent_id"]]
    everything = {"kind": "stop-sharing"}
    answer = await door.post(an_event("consent-withdrawn", everything, subject=case_id))
    assert answer.json()["accepted"] is True
    assert len(await door.rows(ended)) == 2
    facts = [fact["body"] for fact in await door.published("consent")][2:]
    assert [(fact["kind"], fact.get("consent_id")) for fact in facts] == [
        ("stop-sharing", first["consent_id"]),
        ("stop-sharing", None),
    ]


async def test_an_unknown_consent_cannot_be_withdrawn(door: Door) -> None:
    body = {"kind": "stop-sharing", "consent_id": str(new_id())}
    answer = await door.post(an_event("consent-withdrawn", body))
    assert reasons(answer.json()) == {("unknown-consent", "consent_id")}


async def test_a_restriction_is_kept_and_told(door: Door) -> None:
    body = {"restriction_id": str(new_id()), "recorded_for": "person", "agency": OTHER}
    event = an_event("restriction-recorded", body)
    assert (await door.post(event)).status_code == 200
    (fact,) = await door.published("consent")
    assert fact["type"] == "org.nrm.gateway.restriction-set.v1"
    assert fact["body"]["agency"] == OTHER
    read = await door.client.get(
        f"/v1/cases/{event['subject']}/restrictions", headers=as_("case-officer")
    )
    assert [row["agency"] for row in read.json()["restrictions"]] == [OTHER]


async def test_a_restriction_to_nobody_or_of_an_unknown_type_is_refused(door: Door) -> None:
    for changes, expected in (
        ({}, ("required", "agency")),
        ({"agency_type": "police-of-mars"}, ("out-of-range", "agency_type")),
        ({"oblast": "BY-XX"}, ("out-of-range", "oblast")),
    ):
        body = {"restriction_id": str(new_id()), "recorded_for": "person", **changes}
        answer = await door.post(an_event("restriction-recorded", body))
        assert expected in reasons(answer.json())


async def test_only_who_may_tell_something_may_post(door: Door) -> None:
    event = an_event("person-detected", a_detection())
    assert (await door.post(event, **as_("operator"))).status_code == 403
    assert (await door.post(event, authorization="Bearer nobody")).status_code == 401


async def test_people_tell_the_door_what_their_role_may_and_nothing_else(door: Door) -> None:
    met = an_event("person-detected", a_detection())
    told = await door.post(met, **as_("case-officer"))
    assert told.status_code == 202
    assert (await door.post(met)).json() == told.json()
    others = {"task_id": str(new_id()), "answer": "seen"}
    refused = await door.post(an_event("offer-answered", others), **as_("case-officer"))
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:nrm:problem:not-allowed")
    rows = await door.rows("SELECT actor, action, reason FROM audit ORDER BY id")
    assert [tuple(row.values()) for row in rows][-1] == (
        f"{NODE}.case-officer",
        "intake-turned-away",
        "not-allowed",
    )


async def test_every_act_leaves_a_row_in_the_audit(door: Door) -> None:
    await door.post(an_event("person-detected", a_detection()))
    await door.post(an_event("consent-recorded", a_consent()))
    await door.post(an_event("person-detected", {}))
    rows = await door.rows("SELECT actor, action, reason FROM audit ORDER BY id")
    assert [row["action"] for row in rows] == [
        "intake-passed-on",
        "intake-accepted",
        "intake-refused",
    ]
    assert {row["actor"] for row in rows} == {f"{NODE}.agency-system"}


def forbidding(case_id: str, *forbidden: dict[str, Any]) -> dict[str, Any]:
    """A detection that says who may never hear of the case."""
    body = a_detection(restrictions=[{"recorded_for": "person", **each} for each in forbidden])
    return an_event("person-detected", body, subject=case_id)


async def test_what_a_detection_forbids_holds_before_any_service_hears_of_the_case(
    door: Door,
) -> None:
    case_id, first, second = (str(new_id()) for _ in range(3))
    never = (
        {"restriction_id": first, "agency": OTHER},
        {"restriction_id": second, "oblast": "BY-HO", "valid_until": "2040-01-01T03:00:00+03:00"},
    )
    assert (await door.post(forbidding(case_id, *never))).status_code == 202
    told = [each["body"]["restriction_id"] for each in await door.published("consent")]
    assert told == [first, second]
    (command,) = await door.published("commands")
    assert [each["restriction_id"] for each in command["body"]["restrictions"]] == [first, second]
    register = await door.client.get(
        f"/v1/cases/{case_id}/restrictions", headers=as_("case-officer")
    )
    assert {each["agency"] for each in register.json()["restrictions"]} == {OTHER, None}
    assert (await door.post(forbidding(case_id, *never))).status_code == 202
    assert len(await door.published("consent")) == 2


async def test_a_detection_is_not_refused_for_a_restriction_whose_time_is_over(door: Door) -> None:
    case_id = str(new_id())
    over = {"oblast": "BY-BR", "valid_until": "2020-01-01T00:00:00Z"}
    answer = await door.post(
        forbidding(
            case_id,
            {"restriction_id": str(new_id()), **over},
            {"restriction_id": str(new_id()), "agency": OTHER},
        )
    )
    assert answer.status_code == 202
    register = await door.client.get(
        f"/v1/cases/{case_id}/restrictions", headers=as_("case-officer")
    )
    assert {each["oblast"] for each in register.json()["restrictions"]} == {"BY-BR", None}
    later = {"restriction_id": str(new_id()), "recorded_for": "person", **over}
    refused = await door.post(an_event("restriction-recorded", later, subject=case_id))
    assert reasons(refused.json()) == {("out-of-range", "valid_until")}


async def test_a_detection_whose_restrictions_cannot_be_recorded_is_told_all_of_why(
    door: Door,
) -> None:
    case_id, taken = str(new_id()), str(new_id())
    never = {"restriction_id": taken, "agency": OTHER}
    await door.post(forbidding(str(new_id()), never))
    answer = await door.post(
        forbidding(
            case_id,
            never,
            {"restriction_id": str(new_id())},
        )
    )
    assert answer.status_code == 422
    assert reasons(answer.json()) == {
        ("id-reused", "restrictions/0/restriction_id"),
        ("required", "restrictions/1/agency"),
    }
    assert len(await door.published("consent")) == len(await door.published("commands")) == 1
