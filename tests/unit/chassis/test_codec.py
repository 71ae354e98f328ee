"""Events on the wire read the same by us and by the CloudEvents library, in every mode."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from cloudevents.core.bindings import kafka as library
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import Envelope
from services.chassis.errors import MalformedEvent
from services.chassis.messaging import codec
from services.chassis.messaging.broker import BrokerRecord

AT = datetime(2026, 11, 22, 6, 30, 0, 123456, tzinfo=UTC)
BODY = b'{"number":1}'


def an_envelope(**changes: Any) -> Envelope:
    return Envelope(
        id="6f0f0f5e-0000-4000-8000-000000000001",
        source="urn:nrm:node-one:house",
        type="org.nrm.house.thing-happened.v1",
        time=AT,
        subject="6f0f0f5e-0000-4000-8000-000000000002",
        dataschema="urn:nrm:schema:org.nrm.house.thing-happened.v1.0",
    ).with_(**changes)


def a_record(headers: Any, value: bytes = BODY, **changes: Any) -> BrokerRecord:
    return BrokerRecord("topic", 0, 0, changes.pop("key", b"key"), value, tuple(headers), **changes)


texts = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)
envelopes = st.builds(
    an_envelope,
    id=texts,
    subject=texts,
    time=st.datetimes(timezones=st.just(UTC)),
    sequence=st.none() | st.integers(1, 2**40),
    epoch=st.none() | st.integers(1, 2**31 - 1),
    recipient=st.none() | texts,
    traceparent=st.none() | texts,
)


@given(envelopes)
def test_what_is_encoded_decodes_to_the_same(envelope: Envelope) -> None:
    headers, value = codec.encode(envelope, BODY)
    assert codec.decode(a_record(headers, value)) == (envelope, BODY)
    assert codec.from_structured(codec.to_structured(envelope, BODY)) == (envelope, BODY)


def test_the_library_reads_what_we_write() -> None:
    headers, value = codec.encode(an_envelope(sequence=7, epoch=2), BODY)
    event = library.from_binary_event(
        library.KafkaMessage(headers={name: v or b"" for name, v in headers}, key=None, value=value)
    )
    assert event.get_id() == an_envelope().id
    assert event.get_time() == AT
    assert event.get_extension("sequence") == "7"
    assert event.get_data() == {"number": 1}


@pytest.mark.parametrize("write", [library.to_binary_event, library.to_structured_event])
def test_we_read_what_the_library_writes(write: Any) -> None:
    attributes = {**codec.attributes_of(an_envelope(sequence=7)), "time": AT}
    attributes["datacontenttype"] = "application/json"
    message = write(CloudEvent(attributes, {"number": 1}))
    envelope, body = codec.decode(a_record(message.headers.items(), message.value))
    assert envelope == an_envelope(sequence=7)
    assert orjson.loads(body) == {"number": 1}


def test_a_header_without_a_value_and_an_unknown_attribute_are_passed_over() -> None:
    headers, value = codec.encode(an_envelope(), BODY)
    more = (*headers, ("ce_recipient", None), ("ce_flavour", b"x"), ("other", b"y"))
    assert codec.decode(a_record(more, value))[0] == an_envelope()


@pytest.mark.parametrize("name", codec.REQUIRED)
def test_a_missing_attribute_is_named(name: str) -> None:
    headers, value = codec.encode(an_envelope(), BODY)
    less = [header for header in headers if header[0] != f"ce_{name}"]
    with pytest.raises(MalformedEvent, match=name):
        codec.decode(a_record(less, value))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sequence", "Maria"),
        ("sequence", "-1"),
        ("epoch", "9" * 30),
        ("time", "Maria"),
        ("time", "2026-11-22T06:30:00"),
        ("specversion", "Maria"),
        ("time", "0001-01-01T00:00:00+01:00"),
        ("time", "9999-12-31T23:59:59-01:00"),
        ("subject", "Maria\nMaria"),
        ("subject", "Maria" * 41),
        ("source", "Maria" * 41),
        ("type", "Maria" * 41),
        ("id", "\u042f" * 101),
        ("id", "Maria" * 1000),
    ],
)
def test_a_wrong_attribute_is_named_and_its_value_never_told(name: str, value: str) -> None:
    headers = dict(codec.encode(an_envelope(), BODY)[0])
    headers[f"ce_{name}"] = value.encode()
    with pytest.raises(MalformedEvent, match=name) as caught:
        codec.decode(a_record(headers.items()))
    assert "Maria" not in str(caught.value)


@given(st.binary(max_size=200))
def test_nonsense_in_structured_mode_is_malformed_and_nothing_else(nonsense: bytes) -> None:
    headers = [("content-type", b"application/cloudevents+json")]
    with pytest.raises(MalformedEvent):
        codec.decode(a_record(headers, nonsense))


def test_at_the_door_time_and_subject_come_from_the_record() -> None:
    headers = [("ce_id", b"1"), ("ce_source", b"agency"), ("ce_type", b"thing")]
    envelope, body = codec.decode(
        a_record(headers, key=b"subject", timestamp=int(AT.timestamp() * 1000)), at_the_door=True
    )
    assert (envelope.subject, body) == ("subject", BODY)
    assert abs(envelope.time - AT) < timedelta(milliseconds=1)


def test_both_modes_of_http_are_read() -> None:
    headers = {f"CE-{name}": text for name, text in codec.attributes_of(an_envelope()).items()}
    headers["Content-Type"] = "application/json; charset=utf-8"
    binary, body = codec.decode_http(headers, BODY, received_at=AT)
    assert (binary.with_(datacontenttype="application/json"), body) == (an_envelope(), BODY)
    structured, _ = codec.decode_http(
        {"content-type": "application/cloudevents+json"},
        codec.to_structured(an_envelope(), BODY),
        received_at=AT,
    )
    assert structured == an_envelope()


@pytest.mark.parametrize("timestamp", [2**62, 10**17])
def test_an_absurd_time_of_the_record_is_malformed_and_nothing_else(timestamp: int) -> None:
    headers = [("ce_id", b"1"), ("ce_source", b"agency"), ("ce_type", b"thing")]
    with pytest.raises(MalformedEvent, match="time"):
        codec.decode(a_record(headers, timestamp=timestamp), at_the_door=True)
