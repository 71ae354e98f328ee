"""No event brings a moment that a calendar, a zone or a clock of a reader cannot hold."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from contracts.catalogue import CATALOGUE
from contracts.envelope import EARLIEST_TIME, LATEST_TIME, Time
from contracts.tools.examples import example_of
from contracts.tools.schemas import schema_of, without_null
from services.chassis.errors import MalformedEvent
from services.chassis.messaging.reading import Contracts, read_body
from services.gateway.domain.door import EARLIEST, LATEST

FAR = (
    *("9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "2300-01-01T00:00:01Z"),
    *("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "1799-12-31T23:59:59Z"),
)
CONTRACTS = Contracts(catalogue=CATALOGUE)


def times_of(schema: dict[str, Any], value: Any, way: tuple[Any, ...] = ()) -> Iterator[Any]:
    """The way to every time of an example."""
    schema, _ = without_null(schema)
    if schema.get("format") == "date-time" and value is not None:
        yield way
    for name, inner in schema.get("properties", {}).items():
        if isinstance(value, dict) and name in value:
            yield from times_of(inner, value[name], (*way, name))
    if isinstance(value, list):
        for n, part in enumerate(value):
            yield from times_of(schema["items"], part, (*way, n))


def with_time(body: Any, way: tuple[Any, ...], moment: str) -> Any:
    """The body with another time there."""
    changed = json.loads(json.dumps(body))
    place = changed
    for step in way[:-1]:
        place = place[step]
    place[way[-1]] = moment
    return changed


@pytest.mark.parametrize("event_type", sorted(CATALOGUE))
def test_no_event_is_read_with_a_time_of_no_age(event_type: str) -> None:
    spec = CATALOGUE[event_type]
    body = example_of(spec, complete=True)["data"]
    for way in times_of(schema_of(spec), body):
        read_body(
            CONTRACTS, event_type, json.dumps(with_time(body, way, "2026-03-02T10:00:00Z")).encode()
        )
        for far in FAR:
            with pytest.raises(MalformedEvent, match="than_equal"):
                read_body(CONTRACTS, event_type, json.dumps(with_time(body, way, far)).encode())


@pytest.mark.parametrize("far", FAR)
def test_nobody_makes_an_event_with_such_a_time(far: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Time).validate_python(datetime.fromisoformat(far))


def test_what_a_node_works_out_from_a_time_that_its_door_takes_fits() -> None:
    a_century = timedelta(days=36500)
    for moment in (EARLIEST, LATEST, EARLIEST - a_century, LATEST + a_century):
        assert EARLIEST_TIME <= moment <= LATEST_TIME
    for moment in (EARLIEST_TIME, LATEST_TIME):
        assert TypeAdapter(Time).validate_python(moment) == moment.astimezone(UTC)
