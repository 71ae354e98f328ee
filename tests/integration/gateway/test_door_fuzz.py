"""Nonsense at every route of the door: no answer of 5xx, and nothing of it comes back.

A seed makes each run the same; a planted echo shows that the scanner would find one.
"""

import json
import random
from collections.abc import Iterator
from typing import Any

import httpx

from services.chassis.clock import new_id
from services.gateway.handlers.examining import INTAKE
from tests.support.gateway_door import Door, a_consent, a_detection, an_event, as_

CANARY = "Ж7canaryЖ"
SEED = 20261102
ROUNDS = 150
NONSENSE: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**70, 1e308, "", CANARY, [CANARY], {CANARY: CANARY}, [[[[[]]]]]),
    *("2026-13-45T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
    *("\u0000", "1700000000", "x" * 5000, "BY-BR", str(new_id()), "\u202e" + CANARY),
)


def echoes(answer: httpx.Response) -> bool:
    """Whether an answer holds the canary, in its body or in a header."""
    text = answer.content.decode() + str(dict(answer.headers))
    return "canary" in text.lower() or "\\u0416" in text


def mutated(chance: random.Random) -> Iterator[dict[str, Any]]:
    for _ in range(ROUNDS):
        happened = chance.choice(sorted(INTAKE)).split(".")[3]
        body = a_detection() if chance.random() < 0.5 else a_consent()
        event = an_event(happened, body)
        for _ in range(chance.randint(1, 5)):
            target = chance.choice([event, body])
            name = chance.choice([*target, CANARY, "data", "time", "traceparent"])
            target[name] = chance.choice(NONSENSE)
            if chance.random() < 0.2:
                target.pop(chance.choice(sorted(target)), None)
        yield event


async def test_no_mutated_event_breaks_the_door_or_comes_back(door: Door) -> None:
    chance = random.Random(SEED)  # noqa: S311 - nonsense, not a secret
    for event in mutated(chance):
        content = json.dumps(event).encode()
        answer = await door.client.post(
            "/v1/intake",
            content=content,
            headers={"content-type": "application/cloudevents+json"},
        )
        assert answer.status_code in (200, 202, 422), event
        assert not echoes(answer), event
    said = await door.rows("SELECT headers::text || encode(payload, 'escape') AS text FROM outbox")
    audit = await door.rows("SELECT actor || action || subject || reason AS text FROM audit")
    seen = await door.rows("SELECT source || event_id || body_digest AS text FROM door_seen")
    for row in (*said, *audit, *seen):
        assert "canary" not in row["text"].lower()


async def test_no_bytes_break_the_door_or_the_safe(door: Door) -> None:
    chance = random.Random(SEED)  # noqa: S311 - nonsense, not a secret
    for _ in range(ROUNDS // 2):
        content = chance.randbytes(chance.randint(0, 60)) + CANARY.encode()
        binary = {"ce-id": content.hex(), "ce-type": "canary", "ce-specversion": "1.0"}
        for answer in (
            await door.client.post("/v1/intake", content=content, headers=binary),
            await door.client.put(f"/v1/persons/{new_id()}", content=content),
        ):
            assert answer.status_code == 422
            assert not echoes(answer)


async def test_no_query_or_path_breaks_a_feed_or_a_register(door: Door) -> None:
    officer = as_("case-officer")
    for value in ("-1", str(2**63), str(2**200), CANARY, "1e9", "", "0x10", "NaN"):
        for feed in ("answers", "incoming"):
            for name in ("after", "limit"):
                answer = await door.client.get(f"/v1/{feed}", params={name: value})
                assert answer.status_code == 422
                assert not echoes(answer)
        for path in (f"/v1/cases/{value}/consents", f"/v1/persons/{value}"):
            answer = await door.client.get(path, headers=officer)
            assert answer.status_code in (404, 405, 422)
            assert not echoes(answer)
    wanted = await door.post(an_event("person-detected", {}), prefer=f"wait={'9' * 500}, canary")
    assert wanted.status_code == 422


def test_the_scanner_finds_a_planted_echo() -> None:
    assert echoes(httpx.Response(422, json={"field": CANARY}))
    assert echoes(httpx.Response(200, headers={"location": "canary"}))
    assert not echoes(httpx.Response(422, json={"field": "position-1"}))
