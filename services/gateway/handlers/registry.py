"""The registry file becomes the node's policy: read, judged, remembered, told to the services.

Whatever is wrong with a file, the policy in force stays in force; an operator sees why. Nobody but
this part changes the policy, and only to a higher version.
"""

import asyncio
import hashlib
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from contracts.gateway import PolicyCopied
from contracts.vocabulary import code_lists
from services.chassis.audit import record
from services.chassis.database import Transaction
from services.chassis.errors import InfrastructureFailure
from services.chassis.logs import logger
from services.chassis.messaging.work import Cause, Work
from services.chassis.runnable import Readiness, sleep_until
from services.gateway.disclosure.policy import policy_copied
from services.gateway.domain.registry import InForce, Offered, Verdict, verdict_on
from services.gateway.handlers.closed import canonical
from services.gateway.handlers.context import GatewayContext
from services.gateway.store import policy as policies
from services.gateway.store import stream

ACTOR: Final = "registry-file"
FILE_LIMIT_BYTES: Final = 16 * 1024 * 1024
_SINGLE: Final = (("agency_type", "agency-type"), ("sector", "sector"))
_STATUS: Final = ("status", "participant-status")

log = logger(__name__)


def read_registry(path: Path) -> PolicyCopied | None:
    """The file as a closed model; None when it is not there or not of that form."""
    try:
        if path.stat().st_size > FILE_LIMIT_BYTES:
            return None
        return PolicyCopied.model_validate(
            yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        )
    except (OSError, ValueError, RecursionError, yaml.YAMLError, ValidationError):
        return None


def offered(registry: PolicyCopied) -> Offered:
    """What the rules ask about a registry."""
    document = registry.model_dump(mode="json")
    return Offered(
        version=registry.version,
        digest=hashlib.sha256(canonical(document)).hexdigest(),
        valid_until=registry.valid_until,
        nodes=tuple(each.node for each in registry.participants),
        pairs=tuple((each.sender, each.recipient) for each in registry.pairs),
        codes_known=_codes_are_known(document),
    )


def _codes_are_known(document: dict[str, Any]) -> bool:
    lists = code_lists()
    return all(
        all(each[field] in lists[name] for field, name in (*_SINGLE, _STATUS))
        and all(power in lists["power"] for power in each["powers"])
        and all(oblast in lists["oblast"] for oblast in each["oblasts"])
        for each in document["participants"]
    )


async def judge(tx: Transaction, registry: PolicyCopied, work: Work) -> Verdict:
    """Take the registry as policy if it is to be taken; the verdict either way."""
    about = offered(registry)
    row = await policies.read_policy(tx)
    in_force = InForce(row.version, row.digest) if row else None
    verdict = verdict_on(about, in_force, work.now)
    if verdict is not Verdict.TAKE:
        return verdict
    taken = policies.PolicyRow(
        version=about.version,
        digest=about.digest,
        valid_until=about.valid_until,
        document=registry.model_dump(mode="json"),
    )
    if not await policies.replace_policy(tx, taken, work.now):
        return Verdict.KNOWN
    stream.publish_policy(tx, policy_copied(registry))
    record(
        tx,
        actor=ACTOR,
        action="policy-taken",
        subject=stream.POLICY_SUBJECT,
        reason=f"version-{about.version}",
    )
    return verdict


class RegistryWatch:
    """Looks at the registry file, at the start and whenever it changed."""

    name = "registry"

    def __init__(self, context: GatewayContext) -> None:
        self._context = context
        self._path = context.settings.registry_file
        self._seen: tuple[int, int] | None = None
        self._verdict: Verdict | None = None
        """On the file as it is now; what it means may only be known at a later look."""
        self._state = Readiness(False, "no registry was read yet")

    def readiness(self) -> Readiness:
        """Ready while a policy is in force."""
        return self._state

    async def run(self, stop: asyncio.Event) -> None:
        """Look until ``stop``."""
        while True:
            try:
                await self.look()
            except InfrastructureFailure as error:
                log.warning("the registry cannot be remembered now", error=error)
            if await sleep_until(stop, self._context.settings.registry_look_seconds):
                return

    async def look(self) -> Verdict | None:
        """One look: read a changed file, and see whether the policy in force is still valid."""
        verdict: Verdict | None = None
        stamp = await asyncio.to_thread(_stamp, self._path)
        if stamp != self._seen:
            registry = await asyncio.to_thread(read_registry, self._path)
            verdict = Verdict.UNSOUND if registry is None else await self._judged(registry)
            self._seen, self._verdict = stamp, verdict
            self._say(verdict)
        await self._check_validity()
        return verdict

    async def _judged(self, registry: PolicyCopied) -> Verdict:
        async def once(tx: Transaction) -> Verdict:
            cause = Cause(id=f"registry/{registry.version}")
            work = self._context.work(tx, cause=cause, caller=ACTOR)
            return await judge(tx, registry, work)

        return await self._context.database.run(once)

    async def _check_validity(self) -> None:
        async with self._context.database.transaction() as tx:
            row = await policies.read_policy(tx)
        if row is None:
            self._state = Readiness(False, "no policy is in force")
        elif row.valid_until <= self._context.clock.now():
            self._state = Readiness(False, "the policy in force is no longer valid")
        elif self._verdict in (Verdict.TAKE, Verdict.KNOWN):
            self._state = Readiness(True)
        else:
            self._state = Readiness(True, "the registry file is not used; an older policy is")

    def _say(self, verdict: Verdict) -> None:
        if verdict in (Verdict.TAKE, Verdict.KNOWN):
            log.info("the registry was read", outcome=verdict)
        elif verdict is Verdict.TWO_FOR_ONE:
            log.critical("two registries bear one version", outcome=verdict)
        else:
            log.error("the registry file is not used", outcome=verdict)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)
