"""Every place where an agency could put a name by mistake: records and requests with a canary.

Each canary says where it was put. ``HIDDEN`` are those that the door cannot tell from a code: it
takes the event, keeps the original sealed, and deletes the record.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from contracts.catalogue import CATALOGUE
from contracts.nodes import EACH, Place, node_places
from deploy.demo.agency import Agency
from deploy.demo.bus import Post
from deploy.demo.stage import Stage, new_id
from deploy.demo.stories import loop
from tests.support.canary import BORN_ON, CYRILLIC, PHONE, WORD, canary

NODE = loop.BORDER
EXAMPLES = Path(__file__).parents[2] / "contracts" / "examples"
ATTRIBUTES = (
    *("id", "source", "type", "specversion", "time", "dataschema", "datacontenttype"),
    *("traceparent", "tracestate", "partitionkey", "correlationid", "causationid", "recipient"),
    *("purpose", "sender", "mouversion", "dataclassification", "sequence", "epoch", "note"),
)
OVERSIZED = 3_000  # times: more than the door takes, less than the broker does
IDENTITY: Mapping[str, Any] = {
    "names": [
        {"full": canary("name"), "script": "Latn", "kind": "zqcanary-kind"},
        {"full": CYRILLIC, "script": "Cyrl"},
    ],
    "born_on": BORN_ON,
    "documents": [
        {"kind": "zqcanary-document", "number": canary("number"), "valid_until": BORN_ON}
    ],
    "phones": [{"number": PHONE, "safe": False, "owner": canary("owner")}],
    "addresses": [{"lines": [canary("street"), canary("town")], "safe": False}],
    "notes": canary("notes") + "; " + CYRILLIC,
}


def detected(agency: Agency, **codes: Any) -> dict[str, Any]:
    """A good detection with something added or replaced."""
    return agency.event("person-detected", new_id(), {**loop.detection(NODE), **codes})


def misplaced_records(agency: Agency) -> dict[str, Post]:
    """Place -> a record of the intake topic with a canary in that place."""
    good = agency.record(detected(agency))
    named = {
        "unknown property": agency.record(detected(agency, name=canary("unknown property"))),
        "name of a property": agency.record(detected(agency, **{canary("property"): "x"})),
        "nested property": agency.record(detected(agency, person={"name": canary("nested")})),
        "code": agency.record(detected(agency, industry=canary("code"))),
        "list of codes": agency.record(detected(agency, exploitation=[canary("list"), CYRILLIC])),
        "time": agency.record(detected(agency, occurred_at=canary("time"))),
        "count": agency.record(detected(agency, dependants=canary("count"))),
        "subject": agency.record({**detected(agency), "subject": canary("subject")}),
        "key": replace(agency.record(detected(agency)), key=canary("key")),
        "not JSON": replace(good, value=canary("not json").encode(), headers=_under_new_id(good)),
        "half JSON": replace(
            good, value=b'{"name": "' + canary("half").encode(), headers=_under_new_id(good)
        ),
        "a list": replace(
            good, value=json.dumps([canary("a list")]).encode(), headers=_under_new_id(good)
        ),
        "a null byte": replace(
            good,
            value=json.dumps({"name": "\0" + canary("null")}).encode(),
            headers=_under_new_id(good, source="\0" + canary("null source")),
        ),
        "oversized": agency.record(detected(agency, note=canary("oversized") * OVERSIZED)),
        "no headers": replace(good, headers=(), value=canary("no headers").encode()),
        "plain header": _with(agency, "x-patient", canary("plain header")),
        "name of a header": _with(agency, "x-" + canary("header name"), "1"),
        "content type": _with(agency, "content-type", f"application/json; n={canary('content')}"),
    }
    for name in ATTRIBUTES:
        named[f"attribute {name}"] = _with_attribute(agency, name, canary(f"attribute {name}"))
    named["name of an attribute"] = _with_attribute(agency, "zqcanaryname", "1")
    named["structured"] = _structured(agency, patient=canary("structured"))
    named["structured data"] = _structured(agency, data={"name": canary("structured data")})
    return named | like_codes(agency)


def like_codes(agency: Agency) -> dict[str, Post]:
    """Place -> a record with a name in exactly the form of what belongs there.

    Whatever type names a node, in every place in which one is named; and around the event.
    """
    named = {
        f"node {happened} {'/'.join(place)}": agency.record(event)
        for happened, place, event in _in_place_of_nodes(agency)
    }
    good = agency.record(detected(agency))
    system = f"urn:nrm:{agency.node}:registration-desk"
    return named | {
        "version of a form": agency.record(
            _an_example(agency, "consent-recorded", text_version=f"z{WORD}-text-version")
        ),
        "source system": _with_attribute(agency, "source", f"urn:nrm:{agency.node}:z{WORD}-system"),
        "source node": _with_attribute(agency, "source", f"urn:nrm:z{WORD}-node:registration-desk"),
        "source elsewhere": _with_attribute(agency, "source", f"https://z{WORD}-host/desk"),
        "schema": _with_attribute(agency, "dataschema", f"urn:nrm:schema:z{WORD}-schema.v1.0"),
        "header twice": replace(
            good, headers=(("ce_source", f"urn:nrm:z{WORD}-twice:desk".encode()), *good.headers)
        ),
        "beside a structured event": _beside_structured(agency, system),
    }


def _in_place_of_nodes(agency: Agency) -> Iterator[tuple[str, Place, dict[str, Any]]]:
    for spec in CATALOGUE.values():
        if spec.topic != "intake":
            continue
        for place in node_places(spec.model):
            happened = spec.type.split(".")[3]
            event = _an_example(agency, happened)
            _put(event["data"], place, f"z{WORD}-{place[0].replace('_', '-')}")
            yield happened, place, event


def _put(content: Any, place: Place, text: str) -> None:
    step: Any = 0 if place[0] == EACH else place[0]
    if len(place) == 1:
        content[step] = text
    else:
        _put(content[step], place[1:], text)


def _an_example(agency: Agency, happened: str, **changed: Any) -> dict[str, Any]:
    """The contract's complete example, for a new case, with every id in it new."""
    path = EXAMPLES / f"org.nrm.intake.{happened}.v1" / "complete.json"
    body = {**json.loads(path.read_text(encoding="utf-8"))["data"], **changed}
    ids = {name: new_id() for name in body if name.endswith("_id")}
    return agency.event(happened, new_id(), body | ids)


def _beside_structured(agency: Agency, source: str) -> Post:
    post = _structured(agency, source=source)
    return replace(post, headers=(*post.headers, ("ce_note", f"z{WORD}-beside".encode())))


def hidden_records(agency: Agency) -> dict[str, Post]:
    """Place -> a record whose canary looks like a code; the event is taken."""
    return {
        "industry": agency.record(detected(agency, industry="Zqcanary-industry")),
        "exploitation": agency.record(detected(agency, exploitation=["Zqcanary-exploitation"])),
        "language": agency.record(detected(agency, language="zqcanary-language")),
    }


def _with_attribute(agency: Agency, name: str, text: str) -> Post:
    return _with(agency, f"ce_{name}", text)


def _with(agency: Agency, header: str, text: str) -> Post:
    """A good record with one header added or replaced."""
    good = agency.record(detected(agency))
    kept = tuple(each for each in good.headers if each[0] != header)
    return replace(good, headers=(*kept, (header, text.encode())))


def _under_new_id(good: Post, **attributes: str) -> tuple[tuple[str, bytes], ...]:
    changed = {"ce_id": new_id(), **{f"ce_{name}": text for name, text in attributes.items()}}
    kept = tuple(each for each in good.headers if each[0] not in changed)
    return (*kept, *((name, text.encode()) for name, text in changed.items()))


def _structured(agency: Agency, **attributes: Any) -> Post:
    event = {**detected(agency), **attributes}
    return Post(
        topic=f"nrm.local.{agency.node}.intake.v1",
        key=event["subject"],
        value=json.dumps(event).encode(),
        headers=(("content-type", b"application/cloudevents+json"),),
    )


EVENT = {"content-type": "application/cloudevents+json"}
IN_HTTP = canary("http")
"""What stands in every request below; the failing place is told by the request."""


def misplaced_requests(stage: Stage) -> dict[str, dict[str, Any]]:
    """Place -> arguments of an HTTP request to the gateway with a canary in that place."""
    return {**_questions(), **_letters(stage), **_persons(new_id())}


def _questions() -> dict[str, dict[str, Any]]:
    answers = {"method": "GET", "url": "/v1/answers"}
    return {
        "path": {"method": "GET", "url": f"/v1/persons/{IN_HTTP}"},
        "unknown path": {"method": "GET", "url": f"/{IN_HTTP}/{IN_HTTP}"},
        "query": {**answers, "params": {"after": IN_HTTP, IN_HTTP: IN_HTTP}},
        "method": {"method": "ZQCANARY", "url": "/v1/intake"},
        "token": {**answers, "headers": {"authorization": "Bearer Zqcanary-token"}},
        "basic": {**answers, "headers": {"authorization": "Zqcanary scheme"}},
    }


def _letters(stage: Stage) -> dict[str, dict[str, Any]]:
    intake = {"method": "POST", "url": "/v1/intake"}
    named = {**detected(stage.agency(NODE), name=IN_HTTP), "patient": IN_HTTP, "source": IN_HTTP}
    headers = ("x-patient", "traceparent", "user-agent", "prefer", "cookie", "ce-zqcanaryhttp")
    return {
        "headers": {
            **intake,
            "content": b"{}",
            "headers": {**EVENT, **dict.fromkeys(headers, f"wait={IN_HTTP}")},
        },
        "media type": {
            **intake,
            "content": b"{}",
            "headers": {"content-type": f"{IN_HTTP}/json"},
        },
        "not JSON": {**intake, "content": IN_HTTP.encode()},
        "an event": {**intake, "headers": EVENT, "content": json.dumps(named).encode()},
        "oversized": {**intake, "headers": EVENT, "content": (IN_HTTP * OVERSIZED).encode()},
    }


def _persons(case_id: str) -> dict[str, dict[str, Any]]:
    put = {"method": "PUT", "url": f"/v1/persons/{case_id}"}
    wrong = {"names": [{"full": IN_HTTP, IN_HTTP: IN_HTTP}], "born_on": IN_HTTP, IN_HTTP: IN_HTTP}
    return {
        "person": {**put, "json": wrong},
        "person as text": {**put, "content": b'{"names": "' + IN_HTTP.encode() + b'\xff"'},
        "person of a name": {"method": "PUT", "url": f"/v1/persons/{IN_HTTP}", "json": {}},
    }
