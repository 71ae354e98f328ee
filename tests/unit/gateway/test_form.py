"""What may stand around an intake event: nothing that the bus would keep and that could be a name.

A record that is taken stays on the topic for a week; so its attributes, headers, key and media
type are held to a form, and what is not known is refused.
"""

import json

import pytest

from services.gateway.domain.refusals import Objection
from services.gateway.handlers.form import Letter, carried_by_kafka, letter_from

CASE = "6b0f1c0a-6a0e-4a8e-9d6e-0c1b2a3f4d5e"
GOOD = {
    "ce_specversion": "1.0",
    "ce_id": "0d9c4a51-6a52-4dd2-8ad6-2d3a5f1b7c11",
    "ce_source": "urn:nrm:border-brest:registration-desk",
    "ce_type": "org.nrm.intake.person-detected.v1",
    "ce_subject": CASE,
    "ce_time": "2026-11-02T10:00:00+00:00",
    "ce_dataschema": "urn:nrm:schema:org.nrm.intake.person-detected.v1.0",
    "ce_traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
    "content-type": "application/json",
}
NAME = "Aliaksandr Invented"
NODES_OWN = (
    *("tracestate", "partitionkey", "correlationid", "causationid", "recipient", "purpose"),
    *("sender", "mouversion", "dataclassification", "sequence", "epoch", "patient"),
)


def letter(key: str = CASE, **changed: str) -> Letter:
    headers = GOOD | {name.replace("__", "-"): text for name, text in changed.items()}
    pairs = tuple((name, text.encode()) for name, text in headers.items())
    return letter_from(carried_by_kafka(pairs, key.encode(), b"{}"), 1000)


def test_a_letter_in_its_form_has_no_objection() -> None:
    assert letter().objections == ()
    assert letter(key="").objections == ()
    assert letter(traceparent=GOOD["ce_traceparent"]).objections == ()
    assert letter(content__type="application/json; charset=utf-8").objections == ()


@pytest.mark.parametrize("attribute", NODES_OWN)
def test_no_attribute_is_taken_that_is_not_the_agencys_to_give(attribute: str) -> None:
    codes = {each.code for each in letter(**{f"ce_{attribute}": "1"}).objections}
    assert codes == {"unknown-property"}


@pytest.mark.parametrize(
    "header",
    ["ce_source", "ce_time", "ce_dataschema", "ce_traceparent", "ce_datacontenttype"],
)
def test_no_attribute_holds_words(header: str) -> None:
    assert {each.code for each in letter(**{header: NAME}).objections} == {"wrong-format"}


@pytest.mark.parametrize("header", ["x-patient", "baggage", "traceparent"])
def test_no_other_header_of_a_record_holds_words(header: str) -> None:
    (objection,) = letter(**{header: NAME}).objections
    assert objection.code == "unknown-property"
    assert objection.field is not None
    assert NAME not in objection.field


def test_key_and_media_type_hold_no_words() -> None:
    assert [each.field for each in letter(key=NAME).objections] == ["key"]
    media_type = f"application/json; name={NAME}"
    assert [each.field for each in letter(content__type=media_type).objections] == ["content-type"]


def kafka_letter(*headers: tuple[str, bytes | None], value: bytes = b"{}") -> Letter:
    good = tuple((name, text.encode()) for name, text in GOOD.items())
    return letter_from(carried_by_kafka((*headers, *good), CASE.encode(), value), 1000)


@pytest.mark.parametrize(
    "header",
    [
        ("ce_source", b"urn:nrm:ivan-petrov:desk"),
        ("ce_ivan-petrov", None),
        ("content-type", b"application/ivan-petrov"),
        ("content-type", "Іван".encode("cp1251")),
    ],
)
def test_no_header_that_stands_there_twice_or_without_text_is_overlooked(
    header: tuple[str, bytes | None],
) -> None:
    assert {each.code for each in kafka_letter(header).objections} == {"unknown-property"}


def test_a_media_type_that_is_no_text_is_not_overlooked() -> None:
    headers = (("content-type", "Іван".encode("cp1251")),)
    assert letter_from(carried_by_kafka(headers, None, b"{}"), 1000).objections[-1] == Objection(
        "unknown-property", "headers/position-1"
    )


def test_no_attribute_stands_beside_a_structured_event() -> None:
    event = {name.removeprefix("ce_"): text for name, text in GOOD.items() if name[:3] == "ce_"}
    headers = (
        ("content-type", b"application/cloudevents+json"),
        ("ce_source", b"urn:nrm:ivan-petrov:desk"),
    )
    carried = carried_by_kafka(headers, CASE.encode(), json.dumps({**event, "data": {}}).encode())
    (objection,) = letter_from(carried, 1000).objections
    assert objection == Objection("unknown-property", "headers/attribute-1")
