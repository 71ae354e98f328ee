"""Recorded cases of each reader: what was on a bus once, byte by byte, and how it must be read.

A recording holds four records for one subscription table: a property that the reader does not know,
a type that it does not know, a code that it does not know, and a major version before its own.
``python -m tests.support.recorded`` records anew, from the committed examples; while everything is
draft that may be needed, after the first release never again. The door and the exchange are not
here: the door is closed (it refuses what it does not know), the exchange reads whole records.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import orjson

from contracts.catalogue import CATALOGUE, EventSpec
from contracts.vocabulary.lists import code_lists
from deploy.reference_map import tables
from services.chassis.frame import contracts
from services.chassis.messaging.arrival import pack
from services.chassis.messaging.codec import from_structured
from services.chassis.messaging.reading import Contracts
from services.chassis.messaging.subscriptions import Subscriptions
from tests.support.receiving import read_back, sent

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "tests" / "contracts" / "recorded"
NODE: Final = "node-one"
PROPERTY, TYPE, CODE, MAJOR = "unknown-property", "unknown-type", "unknown-code", "old-major"
CASES: Final = (PROPERTY, TYPE, CODE, MAJOR)
TOMORROW: Final = "a-code-of-tomorrow"
WITHOUT_CODES: Final = frozenset({"publisher"})
"""Readers whose types hold no code that could be new."""


def readers() -> Mapping[str, Subscriptions]:
    """Every subscription table that handles types, by the name of its recording."""
    found = {}
    for service, listed in tables().items():
        for table in (each for each in listed if each.handlers):
            name = table.consumer if len(listed) > 1 else service
            found[name] = replace(table, consumer="house", gave_up=None)
    return found


def as_read() -> Contracts:
    """The catalogue of today, and an upcaster from the recorded old major of each type."""
    lifts = {before(name): (name, lifted) for name in CATALOGUE}
    return replace(contracts(), upcasters={**contracts().upcasters, **lifts})


def before(event_type: str) -> str:
    """The major before."""
    stem, _, major = event_type.rpartition(".v")
    return f"{stem}.v{int(major) - 1}"


def lifted(body: dict[str, Any]) -> dict[str, Any]:
    """In the recorded old major the whole body stood in a part of its own."""
    content: dict[str, Any] = body["content"]
    return content


# ---------------------------------------------------------------- recording


def _example(event_type: str) -> dict[str, Any]:
    path = ROOT / "contracts" / "examples" / event_type / "complete.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def _new_code(spec: EventSpec, body: dict[str, Any]) -> tuple[dict[str, Any], str] | None:
    """The first property that may hold a code of tomorrow, and what it is taken as."""
    for name, about in spec.model.model_fields.items():
        extra = about.json_schema_extra
        listed = extra.get("x-nrm-codelist") if isinstance(extra, dict) else None
        if listed is None or not isinstance(body.get(name), str):
            continue
        fallback = code_lists()[str(listed)].fallback
        try:
            spec.model.model_validate({**body, name: fallback})
            spec.model.model_validate({**body, name: TOMORROW})
        except ValueError:
            continue
        return {**body, name: TOMORROW}, name
    return None


def _case(number: int, event_type: str, body: dict[str, Any], topic: str) -> dict[str, Any]:
    """One record as a relay would have sent it."""
    example = _example(event_type if event_type in CATALOGUE else sorted(CATALOGUE)[0])
    envelope, _ = from_structured(orjson.dumps(example))
    told = envelope.with_(
        type=event_type, subject=f"subject-{number}", sequence=1, epoch=1, id=f"recorded-{number}"
    )
    packed = pack(read_back(sent(told, orjson.dumps(body), topic)))
    return {"topic": topic, "record": orjson.loads(packed)}


def _record(table: Subscriptions) -> Iterator[tuple[str, dict[str, Any]]]:
    topic = table.topic_names(NODE)[0]
    first = sorted(table.handlers)[0]
    body = _example(first)["data"]
    more = {**body, "of_tomorrow": {"deep": [1]}}
    yield PROPERTY, {**_case(1, first, more, topic), "read": body, "unmapped": {}}
    yield TYPE, _case(2, "org.nrm.tomorrow.thing-happened.v1", {"x": 1}, topic)
    for name in sorted(table.handlers):
        found = _new_code(CATALOGUE[name], _example(name)["data"])
        if found is not None:
            told, place = found
            extra: Any = CATALOGUE[name].model.model_fields[place].json_schema_extra
            taken = code_lists()[str(extra["x-nrm-codelist"])].fallback
            case = _case(3, name, told, topic)
            yield CODE, {**case, "read": {**told, place: taken}, "unmapped": {place: TOMORROW}}
            break
    old = _case(4, before(first), {"content": body}, topic)
    yield MAJOR, {**old, "read": body, "unmapped": {}}


def record_all() -> None:
    """Record every reader anew."""
    FOLDER.mkdir(exist_ok=True)
    for name, table in readers().items():
        text = json.dumps(dict(_record(table)), indent=1, ensure_ascii=False)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    record_all()
