"""What only an observer of the whole machine can see: every topic, database, log and span at once.

The demo and the tests use it to prove what the parts cannot know of each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from deploy.demo.bus import SeenRecord
from deploy.demo.databases import Databases
from deploy.demo.stage import Stage
from deploy.demo.world import world_of
from deploy.local.control import topology_of
from deploy.local.topology import Unit

UUID_LENGTH = 36


def units_of(stage: Stage) -> tuple[Unit, ...]:
    """Every service process of the stack."""
    return topology_of(stage.state).units


def databases_of(stage: Stage) -> dict[str, str]:
    """Database by node."""
    return {unit.node: unit.database for unit in units_of(stage)}


def of_node(record: SeenRecord, node: str) -> bool:
    """Whether a topic is this node's own or goes to it."""
    return record.topic.startswith(f"nrm.local.{node}.") or record.topic.endswith(f".{node}.v1")


def records_with(records: Iterable[SeenRecord], needles: Sequence[str]) -> list[str]:
    """``topic`` of every record that holds one of the needles in key, headers or value."""
    wanted = [form for needle in needles for form in _forms(needle)]
    return sorted({f"topic {record.topic}" for record in records if _holds(_whole(record), wanted)})


def _holds(content: bytes, wanted: Sequence[bytes]) -> bool:
    return any(form in content for form in wanted)


def _forms(needle: str) -> list[bytes]:
    return list(
        dict.fromkeys(
            [
                needle.encode(),
                json.dumps(needle)[1:-1].encode(),
                needle.encode("latin-1", "replace"),
            ]
        )
    )


def _whole(record: SeenRecord) -> bytes:
    headers = "\n".join(f"{name}={value}" for name, value in record.headers.items())
    return b"\n".join([record.key or b"", headers.encode(), record.value])


def files_with(stage: Stage, needles: Sequence[str], node: str | None = None) -> list[str]:
    """Log and span files that hold one of the needles."""
    wanted = [form for needle in needles for form in _forms(needle)]
    found = []
    world_of(stage.state).collect_logs()
    for folder in (stage.state.logs, stage.state.spans):
        for path in sorted(folder.rglob("*")):
            if not path.is_file() or (node is not None and not path.name.startswith(f"{node}.")):
                continue
            if _holds(path.read_bytes(), wanted):
                found.append(f"file {folder.name}/{path.name}")
    return found


def metrics_with(stage: Stage, needles: Sequence[str]) -> list[str]:
    """Services whose metrics hold one of the needles."""
    wanted = [needle.encode() for needle in needles]
    return [
        f"metrics {name}"
        for name in stage.addresses
        if _holds(stage.metrics(name).encode(), wanted)
    ]


def places_of_text(stage: Stage, *needles: str) -> list[str]:
    """Everywhere that one of these texts can be read: topics, databases, logs, spans, metrics."""
    databases = Databases(stage.state)
    found = records_with(stage.bus.everything(), needles)
    for database in sorted(set(databases_of(stage).values())):
        found += databases.tables_that_hold(database, needles)
    return found + files_with(stage, needles) + metrics_with(stage, needles)


def ids_of_story(stage: Stage, story: str, records: Sequence[SeenRecord]) -> list[str]:
    """Every id that belongs to a story's cases: the cases themselves and ids in their events."""
    cases = {case_id for _, case_id in stage.cases.get(story, ())}
    ids = set(cases)
    for record in records:
        if record.attribute("subject") in cases:
            ids.add(record.attribute("id"))
            ids |= set(_uuids(record.body()))
    return sorted(ids | set(_references(stage, sorted(cases))))


def _references(stage: Stage, cases: Sequence[str]) -> list[str]:
    """By which names the gateways tell others of these cases."""
    kept = "SELECT reference::text AS id FROM exchange_reference WHERE case_id::text = ANY($1)"
    asked = [(unit, kept) for unit in units_of(stage) if unit.service == "gateway"]
    found = Databases(stage.state).rows_of_each(asked, list(cases))
    return [row["id"] for rows in found for row in rows]


def _uuids(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _uuids(each)
    elif isinstance(value, list):
        for each in value:
            yield from _uuids(each)
    elif isinstance(value, str) and len(value) == UUID_LENGTH and value.count("-") == 4:
        yield value


def traces_of_case(stage: Stage, story: str, node: str) -> list[str]:
    """Everywhere in one node that an id of the story can be read."""
    records = stage.bus.everything()
    ids = ids_of_story(stage, story, records)
    databases = Databases(stage.state)
    found = records_with([each for each in records if of_node(each, node)], ids)
    found += databases.tables_that_hold(databases_of(stage)[node], ids)
    return found + files_with(stage, ids, node)
