"""The node's own HTTP, as an agency's system calls it, with the caller's own token.

The only place here that talks to a network. No message of it repeats what was sent or answered but
codes and places of ours.
"""

import re
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import httpx
import orjson

from contracts.envelope import SPEC_VERSION
from doors.failures import DoorFailure, NodeAway, NothingThere

WAIT_SECONDS: Final = 20
CALL_SECONDS: Final = 60.0
REASONS_LIMIT: Final = 40
_STRUCTURED: Final = "application/cloudevents+json"
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_PLACE: Final = re.compile(r"[a-z0-9_./-]{1,120}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason: a code, and the property that it is about."""

    code: str
    field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The node's answer; ``accepted`` is None while it is on its way."""

    accepted: bool | None
    reasons: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """An event as it is posted: the same id with the same body happens once."""

    id: UUID
    source: str
    type: str
    dataschema: str
    subject: UUID
    body: dict[str, Any]


class Node:
    """One service of one node, over a client that knows its address and the token."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def post(self, posting: Posting, wait_seconds: int = WAIT_SECONDS) -> Reply:
        """Post an event and wait for its answer as long as the node lets us."""
        event = {
            "specversion": SPEC_VERSION,
            "id": str(posting.id),
            "source": posting.source,
            "type": posting.type,
            "dataschema": posting.dataschema,
            "subject": str(posting.subject),
            "data": posting.body,
        }
        headers = {"content-type": _STRUCTURED, "prefer": f"wait={wait_seconds}"}
        answer = await self._call("POST", "/v1/intake", orjson.dumps(event), headers)
        if answer.status_code == httpx.codes.ACCEPTED:
            return Reply(accepted=None)
        told = _object(answer)
        reasons = told.get("reasons") or ()
        return Reply(
            accepted=answer.status_code == httpx.codes.OK and told.get("accepted") is True,
            reasons=tuple(_refusal(each, "code", "field") for each in reasons[:REASONS_LIMIT]),
        )

    async def keep_person(self, case_id: UUID, identity: dict[str, Any]) -> tuple[Refusal, ...]:
        """Put identity into the safe; no reasons: it is there."""
        headers = {"content-type": "application/json"}
        path = f"/v1/persons/{case_id}"
        answer = await self._call("PUT", path, orjson.dumps(identity), headers)
        if answer.status_code == httpx.codes.NO_CONTENT:
            return ()
        if answer.status_code == httpx.codes.CONFLICT:
            other = str(_object(answer).get("type") or "").endswith(":already-kept")
            return (Refusal("already-kept" if other else "case-frozen"),)
        errors = _object(answer).get("errors") or ()
        found = tuple(_refusal(each, "type", "location") for each in errors[:REASONS_LIMIT])
        return found or (Refusal("identity-not-kept"),)

    async def read(self, path: str) -> Any:
        """What a route tells, as JSON."""
        answer = await self._call("GET", path, b"", {})
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NothingThere("The node has nothing under this id, or may not show it.")
        if answer.status_code != httpx.codes.OK:
            raise DoorFailure(
                f"The node answered {answer.status_code}: compare the id with a list."
            )
        return orjson.loads(answer.content)

    async def _call(
        self, method: str, path: str, content: bytes, headers: dict[str, str]
    ) -> httpx.Response:
        try:
            answer = await self._client.request(method, path, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise NodeAway(
                "The node does not answer. Nothing is lost: do the same again later."
            ) from error
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise DoorFailure("The node does not know this token: ask its operator for a new one.")
        if answer.status_code == httpx.codes.FORBIDDEN:
            raise DoorFailure("This token may not do this: ask the node's operator for the role.")
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise NodeAway("The node is not ready. Nothing is lost: do the same again later.")
        return answer


def client_of(address: str, token: str) -> httpx.AsyncClient:
    """A client for one address; the token is in no address and no message."""
    return httpx.AsyncClient(
        base_url=address,
        headers={"authorization": f"Bearer {token}"},
        timeout=CALL_SECONDS,
        follow_redirects=False,
    )


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        told = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _refusal(told: Any, code: str, place: str) -> Refusal:
    """What a node says is taken only in the form that codes and places have."""
    row = told if isinstance(told, dict) else {}
    named, where = str(row.get(code) or ""), str(row.get(place) or "")
    return Refusal(
        named if _CODE.fullmatch(named) else "other", where if _PLACE.fullmatch(where) else ""
    )
