"""Asking the node's services, with the token of whoever looks; nothing is kept or tried twice.

What a service answers is shown and forgotten. An error carries a status and nothing of the answer.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx

from console.sessions import Session
from services.chassis.errors import InfrastructureFailure, NotAllowed, NotFound, NrmError

SECONDS: Final = 35.0
CONNECTIONS: Final = 20
ANSWER_BYTES: Final = 4 * 1024 * 1024
Query = str | Sequence[str]
TELLING: Final = {"content-type": "application/cloudevents+json"}


class SignedOut(NrmError):  # noqa: N818 - says what is so
    """A service no longer knows the token."""


class CaseFrozen(NrmError):  # noqa: N818 - says what is so
    """Sharing of the case was stopped; nothing of it is shown."""


class ChangedMeanwhile(NrmError):  # noqa: N818 - says what is so
    """Somebody else changed what this would replace."""


class Services:
    """The services of this node."""

    def __init__(self, addresses: Mapping[str, str], client: httpx.AsyncClient) -> None:
        self._addresses = dict(addresses)
        self._client = client

    def has(self, service: str) -> bool:
        """Whether this node runs the service."""
        return service in self._addresses

    async def get(self, session: Session, service: str, path: str, **query: Query) -> Any:
        """What the service shows this person."""
        return (await self._ask(session, "GET", (service, path), params=query)).json()

    async def text(self, session: Session, service: str, path: str, **query: Query) -> str:
        """What the service writes for this person, as a file."""
        return (await self._ask(session, "GET", (service, path), params=query)).text

    async def versioned(self, session: Session, path: str) -> tuple[Any, str]:
        """What the gateway shows this person, and which version of it (empty: it says none)."""
        answer = await self._ask(session, "GET", ("gateway", path))
        return answer.json(), answer.headers.get("etag", "")

    async def put(
        self, session: Session, path: str, body: Mapping[str, Any], version: str = ""
    ) -> None:
        """Put something into the gateway, in place of the version that was seen."""
        headers = {"if-match": version} if version else {}
        await self._ask(session, "PUT", ("gateway", path), json=body, headers=headers)

    async def destroy(self, session: Session, path: str) -> tuple[str, ...]:
        """Have the gateway destroy something; why it does not, as codes: none, it is gone."""
        answer = await self._ask(session, "DELETE", ("gateway", path), lets=(409,))
        if answer.status_code != 409:
            return ()
        return tuple(error["type"] for error in answer.json()["errors"])

    async def tell(
        self, session: Session, event: Mapping[str, Any], seconds: int
    ) -> Mapping[str, Any]:
        """Tell the door, wait a little; ``accepted`` is absent while the answer is on its way."""
        headers = {**TELLING, "prefer": f"wait={seconds}"}
        where = ("gateway", "/v1/intake")
        answer = await self._ask(session, "POST", where, json=dict(event), headers=headers)
        body: Mapping[str, Any] = answer.json()
        return body

    async def _ask(
        self, session: Session, method: str, where: tuple[str, str], **request: Any
    ) -> httpx.Response:
        service, path = where
        if service not in self._addresses:
            raise NotFound("this node does not run the service")
        lets = request.pop("lets", ())
        headers = {**request.pop("headers", {}), "authorization": f"Bearer {session.token}"}
        url = self._addresses[service] + path
        try:
            answer = await self._client.request(method, url, headers=headers, **request)
        except httpx.HTTPError:
            raise InfrastructureFailure("a service of the node does not answer") from None
        if answer.status_code not in lets:
            _judge(answer)
        return answer


def _judge(answer: httpx.Response) -> None:
    """The answer is one that a page can be made of, or an error with a name is raised."""
    status = answer.status_code
    if len(answer.content) > ANSWER_BYTES:
        raise InfrastructureFailure("an answer is too large")
    if status in (200, 202, 204) or (status == 422 and "accepted" in answer.text):
        return
    if status == 401:
        raise SignedOut("the token is not valid any more")
    if status == 403:
        raise NotAllowed("a service does not allow it")
    if status == 404:
        raise NotFound("a service knows no such thing")
    if status == 412 or (status == 409 and "already-kept" in answer.text):
        raise ChangedMeanwhile("somebody else changed it")
    if status == 409:
        raise CaseFrozen("the case is frozen")
    raise InfrastructureFailure("a service cannot answer now")


def open_client() -> httpx.AsyncClient:
    """One client for the process; never by the machine's proxy, never following elsewhere."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    return httpx.AsyncClient(
        timeout=SECONDS, limits=limits, trust_env=False, follow_redirects=False
    )
