"""The stage on which stories are told: the running stack, its agencies' systems, the clock.

A story acts through the agencies' public doors. What only an observer of the whole machine can
see (every topic, every database) is asked for here and shown as the observer's.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from deploy.demo.agency import PATIENCE_SECONDS, PLAIN, UNAVAILABLE, Agency, Door, StoryFailed
from deploy.demo.bus import Bus
from deploy.local import buses, control
from deploy.local.layout import StateFolder
from deploy.local.processes import write_whole
from deploy.local.tokens import read_token

POLL_SECONDS = 0.05
ASKING: Mapping[str, Any] = {"timeout": 30, "trust_env": False, "verify": PLAIN}

Say = Callable[[str], None]


class Stage:
    """Everything a story may use."""

    def __init__(
        self, state: StateFolder, say: Say, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self.state = state
        self.patience_seconds = patience_seconds
        self.say = say
        self.bus = Bus(buses.told(state))
        self.addresses = dict(control.addresses(state))
        self._agencies: dict[str, Agency] = {}
        self.cases: dict[str, list[tuple[str, str]]] = {}
        """By story: (node, case id) of the cases that its agencies know."""
        self.taken: set[tuple[str, str]] = set()
        """(task id, case id there) of the offers that were answered."""
        self.release: dict[str, Any] | None = None
        """The statistics release that a story saw come out."""

    def everybody_listens(self) -> None:
        """Open every agency's feed before the first story begins."""
        for name in self.addresses:
            node, _, service = name.partition(".")
            if service == "gateway":
                self.agency(node)

    def agency(self, node: str) -> Agency:
        """The system of the agency whose node this is."""
        if node not in self._agencies:
            door = Door(
                node=node,
                address=self.addresses[f"{node}.gateway"],
                token=read_token(self.state, node, "agency-system"),
                officer_token=read_token(self.state, node, "case-officer"),
                now=self.now,
                patience_seconds=self.patience_seconds,
            )
            self._agencies[node] = Agency(door, self.bus)
        return self._agencies[node]

    def now(self) -> datetime:
        """The business time."""
        offset = float(self.state.clock.read_text() or 0)
        return datetime.now(UTC) + timedelta(seconds=offset)  # noqa: TID251 - outside the services

    def move_clock(self, by: timedelta) -> None:
        """Let business time pass at once."""
        offset = float(self.state.clock.read_text() or 0) + by.total_seconds()
        write_whole(self.state.clock, str(offset), mode=0o644)
        self.say(f"{by.days} days pass" if by.days else f"{by} pass")

    def in_days(self, days: int) -> str:
        """A business time, as an agency's system writes it."""
        return (self.now() + timedelta(days=days)).isoformat()

    def new_case(self, story: str, node: str) -> str:
        """A case id of the agency's own making."""
        case_id = new_id()
        self.remember(story, node, case_id)
        return case_id

    def remember(self, story: str, node: str, case_id: str) -> None:
        """This case of this node belongs to this story."""
        known = self.cases.setdefault(story, [])
        if (node, case_id) not in known:
            known.append((node, case_id))

    def get(self, unit: str, path: str, caller: str | None = None, **params: Any) -> httpx.Response:
        """Ask a service of a node, as one of its people; ``caller=None`` is everybody."""
        headers = {}
        if caller is not None:
            token = read_token(self.state, unit.partition(".")[0], caller)
            headers["authorization"] = f"Bearer {token}"
        answer = httpx.get(self.addresses[unit] + path, params=params, headers=headers, **ASKING)
        if answer.status_code == UNAVAILABLE:
            raise httpx.TransportError(f"{unit} is not available now")
        return answer

    def metrics(self, unit: str) -> str:
        """The numbers of a service; one that was killed just now is waited for."""
        answer: httpx.Response = self.until(
            f"the numbers of {unit}", lambda: self.get(unit, "/metrics", "operator")
        )
        return answer.text

    def post(self, unit: str, path: str, caller: str, body: Mapping[str, Any]) -> httpx.Response:
        """Send to a service of a node, as one of its people."""
        token = read_token(self.state, unit.partition(".")[0], caller)
        return httpx.post(
            self.addresses[unit] + path,
            json=body,
            headers={"authorization": f"Bearer {token}"},
            **ASKING,
        )

    def until(self, what: str, look: Callable[[], Any], seconds: float | None = None) -> Any:
        """Wait until ``look`` finds something; StoryFailed names ``what`` was waited for."""
        seconds = self.patience_seconds if seconds is None else seconds
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                found = look()
            except (httpx.TransportError, KeyError):
                found = None
            if found:
                return found
            time.sleep(POLL_SECONDS)
        raise StoryFailed(f"{what} did not come within {seconds:.0f} s")

    def must(self, true: bool, sentence: str) -> None:
        """An invariant of the story."""
        if not true:
            raise StoryFailed(sentence)

    def close(self) -> None:
        """Let go of everything."""
        for agency in self._agencies.values():
            agency.close()
        self.bus.close()


def new_id() -> str:
    """A random id."""
    return str(uuid.uuid4())  # noqa: TID251 - outside the services


@contextmanager
def on_stage(
    state: StateFolder, say: Say, patience_seconds: float = PATIENCE_SECONDS
) -> Iterator[Stage]:
    """A stage that is closed at the end."""
    stage = Stage(state, say, patience_seconds)
    try:
        yield stage
    finally:
        stage.close()
