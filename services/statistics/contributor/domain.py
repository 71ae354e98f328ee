"""What counts, where, once: coded facts in, a vector over a public list of cells out.

Unit = case. A fact counts where it originates: a case that was handed over carries
``counted_by``, so that sent and received make one. State, not deltas: a fact is kept per
(case, indicator), the newest wins, and the vector is counted again from state.
No count without noise may leave this node; noise is added in ``handlers`` before anything is kept
as a contribution.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final, TypeAlias

SOURCE_NOISE: Final = "source-noise"
MULTIPLE: Final = "multiple"
NOT_YET_KNOWN: Final = "not-yet-known"
LONGEST_PERIOD: Final = timedelta(days=366)


class Indicator(StrEnum):
    """What is said about a case."""

    DETECTED = "detected"
    IDENTIFIED = "identified"
    ASSISTED = "assisted"


SERVICE_GROUPS: Final[Mapping[str, str]] = {
    "crisis-room": "accommodation",
    "shelter": "accommodation",
    "child-0-2": "accommodation",
    "child-3-17": "accommodation",
    "free-legal-aid": "legal",
    "other-legal": "legal",
    "compensation-claim": "legal",
    "court-support": "legal",
    "medical": "health",
    "forensic-examination": "health",
    "nursing-visit": "health",
    "psychological": "health",
    "substance-use-care": "health",
    "education": "livelihood",
    "vocational": "livelihood",
    "employment": "livelihood",
    "material": "livelihood",
}
EXPLOITATION_GROUPS: Final = frozenset({"forced-labour", "sexual", MULTIPLE, NOT_YET_KNOWN})
OTHER: Final = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedFact:
    """One case in one table: which cell, and when it happened."""

    table: str
    cell: str
    happened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCodes:
    """What the tables need to know about a case."""

    oblast: str
    exploitation: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCase:
    """What is kept of a case."""

    codes: CaseCodes
    counted_here: bool
    happened_at: datetime
    voided: bool = False
    """Entered in error: nothing of it counts, now or later."""
    merged_into: str | None = None
    """Entered twice: what is known of it counts for the case that goes on, once."""
    revoked: bool = False
    """The status was taken back and not given again: nobody who goes on as this case counts as
    identified.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A planned table: its public, ordered cells and what it costs."""

    name: str
    cells: tuple[str, ...]
    rho: Fraction
    sigma_squared: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a plan asks of a node."""

    dataset: str
    protocol: str
    period_start: datetime
    period_end: datetime
    cut_off_at: datetime
    window_closes_at: datetime
    roster: frozenset[str]
    custodians: tuple[str, ...]
    tables: tuple[Table, ...]


def exploitation_cell(exploitation: tuple[str, ...]) -> str:
    """One cell per person: one form, ``multiple``, or not yet known."""
    known = [form for form in exploitation if form != NOT_YET_KNOWN]
    if len(known) > 1:
        return MULTIPLE
    form = known[0] if known else NOT_YET_KNOWN
    return form if form in EXPLOITATION_GROUPS else OTHER


def service_cell(service_type: str) -> str:
    """Group of a service."""
    return SERVICE_GROUPS.get(service_type, OTHER)


def detected(codes: CaseCodes, happened_at: datetime) -> tuple[CountedFact, ...]:
    """The tables in which a detected person counts."""
    return (
        CountedFact(table="detected-total", cell="total", happened_at=happened_at),
        CountedFact(table="detected-by-oblast", cell=codes.oblast.lower(), happened_at=happened_at),
        CountedFact(
            table="detected-by-exploitation",
            cell=exploitation_cell(codes.exploitation),
            happened_at=happened_at,
        ),
    )


def identified(happened_at: datetime) -> tuple[CountedFact, ...]:
    """The tables in which an identified person counts."""
    return (CountedFact(table="identified-total", cell="total", happened_at=happened_at),)


def assisted(service_type: str, happened_at: datetime) -> tuple[CountedFact, ...]:
    """The tables in which an assisted person counts: once, under the first service."""
    return (
        CountedFact(table="assisted-total", cell="total", happened_at=happened_at),
        CountedFact(
            table="assisted-by-service", cell=service_cell(service_type), happened_at=happened_at
        ),
    )


FactKey: TypeAlias = tuple[str, str]
"""Case and table."""


@dataclass(slots=True)
class Projection:
    """What events make, one after another, of what is known of their cases.

    ``newest`` replaces what stands, ``first`` does not; what is in ``forgotten`` keeps no fact.
    """

    cases: dict[str, KnownCase]
    changed: set[str] = field(default_factory=set)
    newest: dict[FactKey, tuple[Indicator, CountedFact]] = field(default_factory=dict)
    first: dict[FactKey, tuple[Indicator, CountedFact]] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)

    def opened(self, case_id: str, case: KnownCase) -> None:
        """The newest codes win; it counts as detected where it was registered first."""
        known = self.cases.get(case_id)
        if known is None:
            self._put(case_id, case)
        elif not known.voided:
            kept = replace(case, merged_into=known.merged_into, revoked=known.revoked)
            self._put(case_id, kept)

    def recoded(self, case_id: str, codes: CaseCodes) -> bool:
        """Counted again under corrected codes; False when the case is not known."""
        known = self.cases.get(case_id)
        if known is not None and not known.voided:
            self._put(case_id, replace(known, codes=codes))
        return known is not None

    def merged(self, case_id: str, into_case: str, now: datetime) -> None:
        """It was entered twice: one person, who counts once, by whatever came first of either.

        Its facts stay where they are and go on coming under its id (help that began goes on under
        it); which of them counts is decided when it is counted, so that no order of events matters.
        """
        known = self.cases.get(case_id, _nothing_of(now))
        self.cases[case_id] = replace(known, merged_into=into_case, voided=False)
        self.changed.add(case_id)

    def voided(self, case_id: str, now: datetime) -> None:
        """Nothing of it counts any more; but a duplicate's facts are those of a real person."""
        if self._goes_on_as(case_id) is not None:
            return
        self.cases[case_id] = replace(self.cases.get(case_id, _nothing_of(now)), voided=True)
        self.changed.add(case_id)
        self.forgotten.add(case_id)
        for facts in (self.newest, self.first):
            for key in [key for key in facts if key[0] == case_id]:
                del facts[key]

    def identified(self, case_id: str, decided_at: datetime) -> bool:
        """Counted where the decision was taken; False when the case is not known.

        After a revocation once more: a second look may find that the status was right.
        """
        known = self.cases.get(case_id)
        if known is not None and not known.voided:
            for fact in identified(decided_at):
                self.newest[case_id, fact.table] = (Indicator.IDENTIFIED, fact)
            self._revoke(case_id, known, revoked=False)
        return known is not None

    def revoked(self, case_id: str) -> bool:
        """Not identified any more, under whichever id it was decided; False: case not known.

        The fact stays and is not counted: a merge may follow, and what goes on decides. Detected
        and helped the person was all the same.
        """
        known = self.cases.get(case_id)
        if known is not None and not known.voided:
            self._revoke(case_id, known, revoked=True)
        return known is not None

    def _revoke(self, case_id: str, known: KnownCase, *, revoked: bool) -> None:
        if known.revoked != revoked:
            self.cases[case_id] = replace(known, revoked=revoked)
            self.changed.add(case_id)

    def assisted(self, case_id: str, service_type: str, happened_at: datetime) -> None:
        """Counted once, under the first service."""
        if not self._voided(case_id):
            for fact in assisted(service_type, happened_at):
                self.first.setdefault((case_id, fact.table), (Indicator.ASSISTED, fact))

    def _goes_on_as(self, case_id: str) -> str | None:
        known = self.cases.get(case_id)
        return None if known is None else known.merged_into

    def _voided(self, case_id: str) -> bool:
        known = self.cases.get(case_id)
        return known is not None and known.voided

    def _put(self, case_id: str, case: KnownCase) -> None:
        self.cases[case_id] = case
        self.changed.add(case_id)
        if case.counted_here:
            for fact in detected(case.codes, case.happened_at):
                self.newest[case_id, fact.table] = (Indicator.DETECTED, fact)


def _nothing_of(now: datetime) -> KnownCase:
    """A case of which nothing is known yet."""
    codes = CaseCodes(oblast="", exploitation=())
    return KnownCase(codes=codes, counted_here=False, happened_at=now)


def vector(table: Table, counts: Mapping[str, int]) -> tuple[int, ...]:
    """Exact counts in the plan's order, zeros included; cells outside the plan are left out."""
    return tuple(counts.get(cell, 0) for cell in table.cells)


def this_node_is_asked(plan: Plan, node: str) -> str | None:
    """Who is not on the roster is not waited for (project: what nobody adds up stays here)."""
    return None if node in plan.roster else "not-in-the-roster"


def its_protocol_is_served(plan: Plan, node: str) -> str | None:
    """Noise is added here, before anything leaves (code list: ``statistics-protocol``)."""
    return None if plan.protocol == SOURCE_NOISE else "protocol-not-served"


def somebody_adds_up(plan: Plan, node: str) -> str | None:
    """Without a custodian the vector goes nowhere (project: the budget is not spent for it)."""
    return None if plan.custodians else "no-custodian"


def there_is_time_to_report(plan: Plan, node: str) -> str | None:
    """What is late is not added (project: the budget is not spent for it)."""
    return None if plan.cut_off_at < plan.window_closes_at else "window-empty"


def every_table_has_noise(plan: Plan, node: str) -> str | None:
    """No count leaves without noise (Bun and Steinke 2016: zero-concentrated privacy)."""
    bare = any(table.rho <= 0 or table.sigma_squared <= 0 for table in plan.tables)
    return "no-noise" if bare else None


def the_noise_is_worth_its_rho(plan: Plan, node: str) -> str | None:
    """A cell changes by one for one person: rho = 1 / (2 sigma^2) (Bun and Steinke 2016)."""
    small = any(
        table.sigma_squared > 0 and table.rho < 1 / (2 * table.sigma_squared)
        for table in plan.tables
    )
    return "noise-too-small-for-its-rho" if small else None


def no_table_is_asked_twice(plan: Plan, node: str) -> str | None:
    """Each copy would carry noise of its own (project: the mean of many is the exact count)."""
    return "table-repeated" if _repeats(table.name for table in plan.tables) else None


def no_cell_is_asked_twice(plan: Plan, node: str) -> str | None:
    """Each copy would carry noise of its own (project: the mean of many is the exact count)."""
    return "cell-repeated" if any(_repeats(table.cells) for table in plan.tables) else None


def the_period_is_a_year_at_most(plan: Plan, node: str) -> str | None:
    """It has a length, and is charged to few years (project: the budget is one of a year)."""
    lasts = plan.period_end - plan.period_start
    return None if timedelta(0) < lasts <= LONGEST_PERIOD else "period-too-long"


PLAN_RULES: Final[tuple[Callable[[Plan, str], str | None], ...]] = (
    this_node_is_asked,
    its_protocol_is_served,
    somebody_adds_up,
    there_is_time_to_report,
    every_table_has_noise,
    the_noise_is_worth_its_rho,
    no_table_is_asked_twice,
    no_cell_is_asked_twice,
    the_period_is_a_year_at_most,
)


def objections(plan: Plan, node: str) -> tuple[str, ...]:
    """Why this node does not contribute to a plan; empty when it does."""
    return tuple(found for rule in PLAN_RULES if (found := rule(plan, node)) is not None)


def _repeats(names: Iterable[str]) -> bool:
    return any(count > 1 for count in Counter(names).values())


def years(plan: Plan) -> tuple[int, ...]:
    """Every calendar year that the plan's period touches: each is charged the whole loss."""
    return tuple(range(plan.period_start.year, plan.period_end.year + 1))


def spent(tables: Iterable[Table]) -> Fraction:
    """Privacy loss of one contribution: the sum over its tables."""
    return sum((table.rho for table in tables), Fraction(0))


def may_spend(already: Fraction, now: Fraction, cap: Fraction) -> bool:
    """Whether the ledger allows it: never more than the cap."""
    return already + now <= cap
