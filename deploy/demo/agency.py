"""One agency's own system, as a story plays it: posts events, polls answers and news, by the docs.

It uses nothing but the node's public door; how the node works inside may not be known here.
"""

from __future__ import annotations

import json
import ssl
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from deploy.demo.bus import Bus, Post

PATIENCE_SECONDS = 40.0
UNAVAILABLE = 503
POLL_SECONDS = 0.05
PAGE = 500
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For doors on loopback, by plain HTTP: to read all of a machine's certificates takes far longer
than a request. It trusts nobody, so a door by TLS would be refused."""


class StoryFailed(Exception):  # noqa: N818 - says what happened
    """A story did not go as it must; the sentence says where."""


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where a node's door is, and the agency system's token."""

    node: str
    address: str
    token: str
    officer_token: str
    now: Callable[[], datetime]
    patience_seconds: float = PATIENCE_SECONDS
    """How long an answer, news or a door that is closed is waited for."""


class Agency:
    """The system of one agency."""

    def __init__(self, door: Door, bus: Bus) -> None:
        self.node = door.node
        self._door = door
        self._bus = bus
        self._http = httpx.Client(base_url=door.address, timeout=30, trust_env=False, verify=PLAIN)
        self._answers: dict[str, dict[str, Any]] = {}
        self._answers_after = 0
        self._news: list[dict[str, Any]] = []
        self._news_after = 0
        self._skip_old_news()

    # ---------------------------------------------------------------- telling the node

    def event(self, happened: str, subject: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A CloudEvent as the agency's system makes it."""
        return {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),  # noqa: TID251 - the agency's own system makes ids
            "source": f"urn:nrm:{self.node}:registration-desk",
            "type": f"org.nrm.intake.{happened}.v1",
            "time": self._door.now().astimezone(UTC).isoformat(),
            "subject": subject,
            "datacontenttype": "application/json",
            "dataschema": f"urn:nrm:schema:org.nrm.intake.{happened}.v1.0",
            "data": dict(body),
        }

    def post(self, *events: Mapping[str, Any]) -> list[str]:
        """Post on Kafka (CloudEvents binary mode); returns the ids."""
        self._bus.post(self.record(event) for event in events)
        return [event["id"] for event in events]

    def record(self, event: Mapping[str, Any]) -> Post:
        """The Kafka record of an event: attributes as ``ce_`` headers, the body as the value."""
        headers = tuple(
            (f"ce_{name}", str(value).encode())
            for name, value in event.items()
            if name not in ("data", "datacontenttype")
        )
        return Post(
            topic=f"nrm.local.{self.node}.intake.v1",
            key=event["subject"],
            value=json.dumps(event["data"]).encode(),
            headers=(*headers, ("content-type", b"application/json")),
        )

    def send(self, event: Mapping[str, Any]) -> str:
        """Send by HTTP (CloudEvents structured mode); returns the id."""
        response = self._asked(
            "POST",
            "/v1/intake",
            content=json.dumps(event),
            headers={**self._as(self._door.token), "content-type": "application/cloudevents+json"},
        )
        if response.status_code not in (200, 202, 422):
            raise StoryFailed(f"{self.node}: intake by HTTP was answered {response.status_code}")
        return str(event["id"])

    def tells(self, happened: str, subject: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send by HTTP and wait for the answer, which must be yes."""
        return self.accepted(self.send(self.event(happened, subject, body)), happened)

    def put_person(self, case_id: str, identity: Mapping[str, Any]) -> None:
        """Put who the person is into the node's safe."""
        response = self._asked(
            "PUT", f"/v1/persons/{case_id}", json=identity, headers=self._as(self._door.token)
        )
        if response.status_code != 204:
            raise StoryFailed(f"{self.node}: the safe answered {response.status_code}")

    def person(self, case_id: str) -> httpx.Response:
        """Read who the person is, as a case officer."""
        return self._http.get(f"/v1/persons/{case_id}", headers=self._as(self._door.officer_token))

    # ---------------------------------------------------------------- hearing from it

    def answer(self, intake_id: str) -> dict[str, Any]:
        """The one final answer to an intake event."""
        found = self._until(lambda: self._look_for_answer(intake_id))
        if found is None:
            seconds = self._door.patience_seconds
            raise StoryFailed(f"{self.node}: no answer within {seconds:.0f} s")
        return found

    def accepted(self, intake_id: str, what: str) -> dict[str, Any]:
        """The answer, which must be yes."""
        answer = self.answer(intake_id)
        if not answer["accepted"]:
            reasons = ", ".join(f"{each['code']} {each['field']}" for each in answer["reasons"])
            raise StoryFailed(f"{self.node}: {what} was refused: {reasons}")
        return answer

    def all_answers(self) -> list[dict[str, Any]]:
        """Every answer so far."""
        self._look_for_answer("")
        return list(self._answers.values())

    def news(
        self,
        happened: str,
        which: Callable[[Mapping[str, Any]], bool] = lambda _news: True,
    ) -> dict[str, Any]:
        """Wait for a piece of news of this kind (``referral.offer-received``)."""
        wanted = f"org.nrm.{happened}.v1"
        found = self._until(lambda: self._look_for_news(wanted, which))
        if found is None:
            seconds = self._door.patience_seconds
            raise StoryFailed(f"{self.node}: no news of {happened} within {seconds:.0f} s")
        return found

    def _skip_old_news(self) -> None:
        """Begin where the feed ends now: what earlier tellings left behind is not ours."""
        while (page := self._page("/v1/incoming", self._news_after))["incoming"]:
            self._news_after = page["next"]

    def heard(self, happened: str) -> list[dict[str, Any]]:
        """Every piece of news of this kind so far."""
        wanted = f"org.nrm.{happened}.v1"
        self._look_for_news("", lambda _news: False)
        return [news for news in self._news if news["type"] == wanted]

    def _look_for_answer(self, intake_id: str) -> dict[str, Any] | None:
        page = self._page("/v1/answers", self._answers_after)
        self._answers_after = page["next"]
        for told in page["answers"]:
            key = told["intake_id"] or f"{told.get('partition')}/{told.get('offset')}"
            self._answers[key] = told
        return self._answers.get(intake_id)

    def _look_for_news(
        self, wanted: str, which: Callable[[Mapping[str, Any]], bool]
    ) -> dict[str, Any] | None:
        page = self._page("/v1/incoming", self._news_after)
        self._news_after = page["next"]
        self._news += page["incoming"]
        return next((n for n in self._news if n["type"] == wanted and which(n)), None)

    def _page(self, path: str, after: int) -> dict[str, Any]:
        response = self._asked(
            "GET",
            path,
            params={"after": after, "limit": PAGE},
            headers=self._as(self._door.token),
        )
        if response.status_code != 200:
            raise StoryFailed(f"{self.node}: {path} was answered {response.status_code}")
        page: dict[str, Any] = response.json()
        return page

    def _until(self, look: Callable[[], dict[str, Any] | None]) -> dict[str, Any] | None:
        deadline = time.monotonic() + self._door.patience_seconds
        while time.monotonic() < deadline:
            found = look()
            if found is not None:
                return found
            time.sleep(POLL_SECONDS)
        return None

    def _asked(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Ask, and ask the same again while nobody is there: an event's id makes that harmless."""
        deadline = time.monotonic() + self._door.patience_seconds
        while True:
            try:
                response = self._http.request(method, path, **request)
            except httpx.TransportError:
                response = httpx.Response(UNAVAILABLE)
            if response.status_code != UNAVAILABLE or time.monotonic() > deadline:
                return response
            time.sleep(POLL_SECONDS)

    def _as(self, token: str) -> dict[str, str]:
        return {"authorization": f"Bearer {token}"}

    def close(self) -> None:
        """Let go of the door."""
        self._http.close()
