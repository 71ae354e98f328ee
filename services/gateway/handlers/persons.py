"""The safe's door: identity in, identity out, each time with a row in the audit.

Identity is sealed here and never told to anybody but the caller who may read it: no event, no log,
no error of this file may hold any of it.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from contracts.vocabulary import code_lists
from services.chassis.audit import record
from services.chassis.errors import Conflict, NotFound
from services.chassis.identity import Caller
from services.gateway.handlers.context import GatewayContext
from services.gateway.store import cases, persons
from services.gateway.store.persons import SealedPerson

ALREADY_KEPT: Final = "already-kept"
CHANGED_SINCE: Final = "changed-since"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is in the safe now; ``refused`` says why it is not what was brought."""

    version: int
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What kind of reading it is, and why: codes for the audit."""

    action: str
    reason: str = ""


READ: Final = Reading("person-read")


async def keep_person(
    context: GatewayContext, caller: Caller, case_id: UUID, identity: bytes, seen: int | None = None
) -> Kept:
    """Put identity into the safe, before or after the event about the case.

    Who somebody is, is never covered unseen: another identity replaces what is there only when
    its ``seen`` version is named. The same once more changes nothing.
    """
    sealed = context.keys.seal(identity, person_context(case_id))
    now = context.clock.now()
    async with context.database.transaction() as tx:
        row = await cases.lock_case(tx, case_id, now)
        if row.frozen:
            raise Conflict("the case is frozen")
        there = await persons.read_person(tx, case_id)
        version = there.version if there else 0
        same = there is not None and identity == context.keys.open(
            there.sealed, person_context(case_id)
        )
        refused = "" if same else _why_not(version, seen)
        action = "person-replaced" if there and not same else "person-kept"
        record(tx, actor=caller.name, action=action, subject=str(case_id), reason=refused)
        if refused or same:
            return Kept(version=version, refused=refused)
        await persons.keep_person(
            tx, case_id, SealedPerson(sealed=sealed, version=version + 1), now
        )
    return Kept(version=version + 1)


def _why_not(version: int, seen: int | None) -> str:
    """Nobody said what they saw, or it was another one than is there."""
    if seen is None:
        return ALREADY_KEPT if version else ""
    return "" if seen == version else CHANGED_SINCE


def is_a_reason(reason: str) -> bool:
    """Whether it is why somebody may take identity out into a file."""
    listed = code_lists()["export-reason"]
    return reason in listed and reason != listed.fallback


async def read_person(
    context: GatewayContext, caller: Caller, case_id: UUID, reading: Reading = READ
) -> tuple[bytes, int]:
    """Identity as it was put in, and its version; reading is recorded, or nothing is read."""
    async with context.database.transaction() as tx:
        row = await cases.read_case(tx, case_id)
        there = await persons.read_person(tx, case_id)
        outcome = "absent" if row is None or there is None else "frozen" if row.frozen else ""
        why = ":".join(word for word in (reading.reason, outcome) if word)
        record(tx, actor=caller.name, action=reading.action, subject=str(case_id), reason=why)
    if outcome == "frozen":
        raise Conflict("the case is frozen")
    if there is None:
        raise NotFound("nothing about this case is in the safe")
    return context.keys.open(there.sealed, person_context(case_id)), there.version


def person_context(case_id: UUID) -> bytes:
    """What binds a blob to its case: moved to another row it does not open."""
    return b"person:" + case_id.bytes
