"""A contract of the state social order, or of a donor: so many units of a service in a period.

Help is never refused for want of money: what is delivered beyond the funding is counted and told.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from services.assistance.domain.refusals import Objection, Refusal

LONGEST_DAYS: Final = 3660
"""A contract of more than ten years is a mistake of the pen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SocialContract:
    """What is paid, for which service, counted in which unit, and how much of it was given."""

    contract_id: UUID
    service_type: str
    unit: str
    funding: str
    recipient: str | None
    funded: int
    delivered: int
    starts_at: datetime
    ends_at: datetime

    @property
    def remaining(self) -> int:
        """Units that are funded and not yet given."""
        return max(0, self.funded - self.delivered)

    @property
    def beyond(self) -> int:
        """Units that were given though nobody funded them."""
        return max(0, self.delivered - self.funded)

    def pays(self, service_type: str, unit: str, at: datetime) -> bool:
        """Whether a unit of this service, given then, is one of this contract."""
        same = (self.service_type, self.unit) == (service_type, unit)
        return same and self.starts_at <= at < self.ends_at


def it_begins_before_it_ends(
    known: SocialContract | None, told: SocialContract
) -> Objection | None:
    """A period has a length, and not the length of a life.

    Project: longer is a slip of the pen.
    """
    days = (told.ends_at - told.starts_at).days
    if told.starts_at < told.ends_at and days <= LONGEST_DAYS:
        return None
    return Objection(code="out-of-range", field="ends_at")


def what_was_counted_stays_what_it_is(
    known: SocialContract | None, told: SocialContract
) -> Objection | None:
    """Visits that were counted do not become nights of another service.

    Project: a statement that was told stays true.
    """
    if known is None or not known.delivered:
        return None
    same = (known.service_type, known.unit) == (told.service_type, told.unit)
    return None if same else Objection(code="wrong-state", field="service_type")


CONTRACT_RULES: Final[
    tuple[Callable[[SocialContract | None, SocialContract], Objection | None], ...]
] = (it_begins_before_it_ends, what_was_counted_stays_what_it_is)


def record_contract(known: SocialContract | None, told: SocialContract) -> SocialContract | Refusal:
    """The contract as it stands now; what was delivered stays delivered."""
    found = [rule(known, told) for rule in CONTRACT_RULES]
    if against := tuple(objection for objection in found if objection):
        return Refusal(objections=against)
    return replace(told, delivered=known.delivered if known is not None else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many units are of this contract (``None``: of none); the contract with them counted."""

    quantity: int
    contract: SocialContract | None
    exhausted: bool = False
    """Whether the last paid unit is among these."""
    exceeded: bool = False
    """Whether the first unit that nobody pays for is among these."""


def charge(open_contracts: Iterable[SocialContract], quantity: int) -> tuple[Share, ...]:
    """Divide units among the contracts that pay for them: the one that ends first, first.

    What nobody funds is counted beyond the funding of the last one, so that it is seen.
    """
    ordered = sorted(open_contracts, key=lambda each: (each.ends_at, each.contract_id))
    if not ordered:
        return (Share(quantity=quantity, contract=None),) if quantity else ()
    parts: list[Share] = []
    for contract in ordered:
        last = contract is ordered[-1]
        units = quantity if last else min(quantity, contract.remaining)
        if units:
            after = replace(contract, delivered=contract.delivered + units)
            share = Share(
                quantity=units,
                contract=after,
                exhausted=bool(contract.remaining) and not after.remaining,
                exceeded=not contract.beyond and bool(after.beyond),
            )
            parts.append(share)
        quantity -= units
    return tuple(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What the named recipient of a contract is told of a period: units, and nobody."""

    contract: SocialContract
    delivered_in_period: int
    period_start: datetime
    period_end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Funded:
    """All contracts of one kind together, for this node's own people."""

    service_type: str
    unit: str
    funding: str
    units_funded: int
    units_delivered: int
    units_beyond: int
    used_up: int
    """Contracts whose period runs and of which nothing is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One row of the node's own exact report."""

    service_type: str
    unit: str
    funding: str
    contract_id: UUID | None
    recipient: str | None
    units: int
    episodes: int
