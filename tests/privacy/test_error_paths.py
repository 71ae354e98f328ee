"""Every way of making the real services, the driver and the database complain about a name.

What a framework, a validator, a driver or PostgreSQL says by default repeats the value that it
complains about. None of it may come out: not in an answer, a log, a span, a metric, an exception
of ours or the database server's log.
"""

import importlib
import json
import re
import traceback
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from deploy.demo.stage import Stage
from deploy.demo.stories.loop import BORDER
from deploy.local.control import topology_of
from deploy.local.layout import StateFolder
from deploy.local.opening import opened
from deploy.local.tokens import read_token
from deploy.local.topology import Unit
from services.chassis.database import Statement
from services.chassis.errors import NrmError
from services.chassis.logs import logger
from tests.support import canary

NAME = canary.canary("error path")
CALLERS = ("agency-system", "case-officer", "statistician")
PARAMETERS = ("after", "limit", "state", "side", "case_id", NAME)
HEADERS = {
    **{"traceparent": NAME, "tracestate": f"a={NAME}", "baggage": f"name={NAME}"},
    **{"user-agent": NAME, "x-patient": NAME, "cookie": f"name={NAME}", "accept": NAME},
    **{"prefer": f"wait={NAME}", "if-match": NAME, "x-request-id": NAME, "forwarded": NAME},
}
SERVICES = (
    *(f"{BORDER}.gateway", f"{BORDER}.identification", f"{BORDER}.statistics.contributor"),
    *("redcross-vitebsk.referral", "redcross-vitebsk.assistance"),
    *("custodian-one.statistics.custodian", "hub.statistics.publisher"),
)
STATEMENTS = {
    "unique": "INSERT INTO audit (id, actor, action, subject, reason) OVERRIDING SYSTEM VALUE"
    " SELECT n, :name, '', '', '' FROM generate_series(-1, -1) n, generate_series(1, 2)",
    "not null": "INSERT INTO audit (actor, action, subject, reason)"
    " VALUES (:name, :name, '', NULL)",
    "check": "INSERT INTO restriction (restriction_id, case_id, recorded_for, set_at)"
    " VALUES (gen_random_uuid(), gen_random_uuid(), :name, now())",
    "foreign key": "INSERT INTO restriction (restriction_id, case_id, agency, recorded_for, set_at)"
    " VALUES (gen_random_uuid(), gen_random_uuid(), :name, :name, now())",
    "syntax of a value": "SELECT CAST(CAST(:name AS text) AS integer)",
    "syntax of a date": "SELECT CAST(CAST(:name AS text) AS date)",
    "syntax of a document": "SELECT CAST(CAST(:name AS text) AS jsonb)",
    "enum of a setting": "SELECT set_config(CAST(:name AS text), '1', false)",
    "a relation": "SELECT CAST(CAST(:name AS text) AS regclass)",
    "a right": "SELECT pg_read_file(CAST(:name AS text))",
    "division": "SELECT length(CAST(:name AS text)) / 0",
    "no such column": f'SELECT "{NAME}" FROM audit WHERE actor = :name',  # noqa: S608
    "no statement": f"SELEKT '{NAME}' FROM :name",
}


def routes_of(service: str) -> list[tuple[str, str]]:
    """Every route of the service's access table."""
    for room in ("access", "access.routes"):
        module = importlib.import_module(f"services.{service}.{room}")
        table = getattr(module, "ROUTES", None) or getattr(module, "ACCESS", None)
        if table:
            return sorted(table)
    raise AssertionError(f"{service} has no access table")


def requests_to(service: str) -> Iterator[dict[str, Any]]:
    """Each route with the name in its path, query, headers and body; and routes that are none."""
    for method, template in routes_of(service):
        path = re.sub(r"{\w+}", NAME, template)
        yield {"method": method, "url": path, "params": dict.fromkeys(PARAMETERS, NAME)}
        yield {"method": method, "url": path, "headers": HEADERS}
        sound = re.sub(r"{\w+}", "00000000-0000-4000-8000-00000000000a", template)
        for content in (json.dumps({NAME: NAME}), json.dumps([NAME]), NAME, f'"{NAME}'):
            yield {"method": method, "url": sound, "content": content.encode() + b"\xff\x00"[:1]}
            yield {
                "method": method,
                "url": sound,
                "content": content.encode(),
                "headers": {"content-type": f"application/json; name={NAME}"},
            }
        yield {"method": "ZQCANARY", "url": sound}
    yield {"method": "GET", "url": f"/{NAME}?{NAME}={NAME}"}
    yield {"method": "GET", "url": f"/metrics/{NAME}"}
    for method, template in routes_of(service):
        yield {"method": method, "url": template, "headers": {"authorization": f"Bearer {NAME}"}}


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_repeats_a_name_that_it_complains_about(stage: Stage, name: str) -> None:
    node, _, service = name.partition(".")
    tokens = [read_token(stage.state, node, caller) for caller in CALLERS]
    with httpx.Client(base_url=stage.addresses[name], timeout=30, trust_env=False) as client:
        for request in requests_to(service):
            for token in tokens:
                headers = {"authorization": f"Bearer {token}", **request.get("headers", {})}
                answer = client.request(**{**request, "headers": headers})
                what = (request["method"], request["url"])
                assert answer.status_code < 500, what
                said: dict[str, bytes | str] = {"body": answer.content}
                said["headers"] = str(answer.headers)
                assert canary.in_texts(said) == [], what
    stage.until("the spans", (stage.state.spans / f"{name}.jsonl").exists)
    assert written(stage, node) == []


def written(stage: Stage, node: str) -> list[str]:
    """What the stack has written down of it."""
    metrics = {each: stage.metrics(each) for each in stage.addresses if node in each}
    return [
        *canary.in_files(stage.state.root, canary.FILES_APART),
        *canary.in_texts(dict(metrics)),
    ]


@pytest.mark.parametrize("probe", STATEMENTS)
async def test_no_complaint_of_the_database_comes_out(
    stack_state: StateFolder, probe: str, capsys: pytest.CaptureFixture[str]
) -> None:
    unit = topology_of(stack_state).unit(f"{BORDER}.gateway")
    told = await _complaint(stack_state, unit, STATEMENTS[probe])
    assert canary.in_texts({"exception": told}) == []
    assert canary.in_texts({"log": capsys.readouterr().out}) == []
    log = (stack_state.postgres / "server.log").read_bytes()
    assert canary.in_texts({"server's log": log}) == []


async def _complaint(state: StateFolder, unit: Unit, sql: str) -> str:
    """Everything that anybody could write down of an error of the database."""
    async with opened(state, unit) as service:
        try:
            async with service.database.transaction() as tx:
                await tx.fetch(Statement(text(sql)), name=NAME)
        except NrmError as error:
            logger("probe").error("a statement was refused", error=error, subject=NAME)
            chain = [repr(each) + str(vars(each)) for each in (error, error.__context__) if each]
            return "".join([*traceback.format_exception(error), *chain])
    raise AssertionError("the database did not complain")


def test_a_service_that_repeated_it_would_be_found(stage: Stage) -> None:
    log = stage.state.log_of(f"{BORDER}.planted")
    log.write_text(json.dumps({"error": f"invalid input syntax for type integer: {NAME!r}"}))
    try:
        assert written(stage, BORDER)
    finally:
        log.unlink()
