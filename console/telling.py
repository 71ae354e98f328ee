"""What a form becomes: one intake event at the node's own door, under an id that is its digest.

The same form sent twice is the same event, so a second click changes nothing; a form that was
changed is another one. Nothing is checked here that the door checks: its reasons are shown.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final
from uuid import UUID

from console.calling import Services
from console.sessions import Session
from contracts.envelope import SPEC_VERSION, source_of
from services.chassis.clock import Clock, derived_id

SYSTEM: Final = "work-list"
"""As which of the agency's systems the pages write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The door's answer; ``accepted`` is None while it is on its way."""

    accepted: bool | None
    reasons: Sequence[Mapping[str, str | None]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One event before it is told."""

    happened: str
    subject: UUID
    body: Mapping[str, Any]
    form_id: UUID


@dataclass(frozen=True, slots=True)
class Teller:
    """The door, as this node's pages use it."""

    services: Services
    clock: Clock
    node: str
    seconds: int

    async def tell(self, session: Session, telling: Telling) -> Told:
        """Tell it, and wait for the answer a little."""
        answer = await self.services.tell(session, self._event(telling), self.seconds)
        return Told(accepted=answer.get("accepted"), reasons=answer.get("reasons", ()))

    def _event(self, telling: Telling) -> dict[str, Any]:
        kind = f"org.nrm.intake.{telling.happened}.v1"
        return {
            "specversion": SPEC_VERSION,
            "id": str(event_id(telling)),
            "source": source_of(self.node, SYSTEM),
            "type": kind,
            "time": self.clock.now().astimezone(UTC).isoformat(),
            "subject": str(telling.subject),
            "datacontenttype": "application/json",
            "dataschema": f"urn:nrm:schema:{kind}.0",
            "data": dict(telling.body),
        }


def event_id(telling: Telling) -> UUID:
    """The same for the same form with the same content, and for no other."""
    content = json.dumps(dict(telling.body), sort_keys=True).encode()
    digest = hashlib.sha256(telling.form_id.bytes + telling.subject.bytes + content).hexdigest()
    return derived_id(SYSTEM, digest, telling.happened, 0)


def id_within(form_id: UUID, what: str, n: int = 0) -> UUID:
    """The id of something that a form makes: a case, a consent; the same when it comes again."""
    return derived_id(SYSTEM, str(form_id), what, n)
