"""What counts, where, once; and what a plan must be before this node takes part."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.statistics.contributor import domain
from services.statistics.contributor.domain import CaseCodes, Plan, Table

MAY = datetime(2026, 5, 14, tzinfo=UTC)
TABLE = Table(
    name="detected-total", cells=("total",), rho=Fraction(1, 2), sigma_squared=Fraction(1)
)
PLAN = Plan(
    dataset="pilot",
    protocol="source-noise",
    period_start=MAY,
    period_end=MAY + timedelta(days=30),
    cut_off_at=MAY + timedelta(days=31),
    window_closes_at=MAY + timedelta(days=41),
    roster=frozenset({"border-brest"}),
    custodians=("custodian-one",),
    tables=(TABLE,),
)


@pytest.mark.parametrize(
    ("exploitation", "cell"),
    [
        ((), "not-yet-known"),
        (("not-yet-known",), "not-yet-known"),
        (("forced-labour",), "forced-labour"),
        (("forced-labour", "not-yet-known"), "forced-labour"),
        (("forced-labour", "sexual"), "multiple"),
        (("surrogacy",), "other"),
    ],
)
def test_a_person_counts_in_one_cell_of_exploitation(
    exploitation: tuple[str, ...], cell: str
) -> None:
    assert domain.exploitation_cell(exploitation) == cell


def test_a_person_counts_once_in_each_table() -> None:
    codes = CaseCodes(oblast="BY-BR", exploitation=("sexual", "servitude"))
    for facts in (
        domain.detected(codes, MAY),
        domain.identified(MAY),
        domain.assisted("nursing-visit", MAY),
    ):
        tables = [fact.table for fact in facts]
        assert len(tables) == len(set(tables))


@pytest.mark.parametrize(
    ("wrong", "objection"),
    [
        (replace(PLAN, roster=frozenset({"ngo-brest"})), "not-in-the-roster"),
        (replace(PLAN, protocol="secure-sum"), "protocol-not-served"),
        (replace(PLAN, custodians=()), "no-custodian"),
        (replace(PLAN, window_closes_at=PLAN.cut_off_at), "window-empty"),
        (replace(PLAN, tables=(TABLE, TABLE)), "table-repeated"),
        (replace(PLAN, tables=(replace(TABLE, cells=("total",) * 2),)), "cell-repeated"),
        (replace(PLAN, period_start=MAY - timedelta(days=340)), "period-too-long"),
        (replace(PLAN, period_end=MAY), "period-too-long"),
        (replace(PLAN, tables=(replace(TABLE, rho=Fraction(0)),)), "no-noise"),
        (replace(PLAN, tables=(replace(TABLE, sigma_squared=Fraction(0)),)), "no-noise"),
        (
            replace(PLAN, tables=(replace(TABLE, rho=Fraction(1, 3)),)),
            "noise-too-small-for-its-rho",
        ),
        (
            replace(PLAN, tables=(replace(TABLE, sigma_squared=Fraction(1, 2)),)),
            "noise-too-small-for-its-rho",
        ),
    ],
)
def test_each_rule_keeps_this_node_out_of_a_wrong_plan(wrong: Plan, objection: str) -> None:
    assert domain.objections(PLAN, "border-brest") == ()
    assert objection in domain.objections(wrong, "border-brest")


@given(st.dictionaries(st.sampled_from(["a", "b", "c", "elsewhere"]), st.integers(0, 50)))
def test_a_vector_has_every_planned_cell_and_no_other(counts: dict[str, int]) -> None:
    table = replace(TABLE, cells=("a", "b", "c"))
    assert domain.vector(table, counts) == tuple(counts.get(cell, 0) for cell in "abc")


def test_every_calendar_year_of_a_period_is_charged() -> None:
    assert domain.years(PLAN) == (2026,)
    assert domain.years(replace(PLAN, period_end=MAY + timedelta(days=300))) == (2026, 2027)


@given(st.lists(st.fractions(0, 1), max_size=6), st.fractions(0, 1))
def test_the_ledger_never_goes_above_its_cap(wishes: list[Fraction], cap: Fraction) -> None:
    spent = Fraction(0)
    for wish in wishes:
        if domain.may_spend(spent, wish, cap):
            spent += wish
    assert spent <= cap


def a_projection(*cases: str) -> domain.Projection:
    known = domain.KnownCase(
        codes=CaseCodes(oblast="BY-BR", exploitation=()), counted_here=True, happened_at=MAY
    )
    return domain.Projection(dict.fromkeys(cases, known))


def test_a_duplicate_keeps_its_facts_and_what_it_goes_on_as() -> None:
    projection = a_projection("twice")
    projection.merged("twice", "goes-on", MAY)
    projection.voided("twice", MAY)
    projection.assisted("twice", "shelter", MAY)
    assert projection.identified("twice", MAY)
    assert projection.cases["twice"].merged_into == "goes-on"
    assert not projection.cases["twice"].voided
    assert not projection.forgotten
    assert {table for _, table in projection.first | projection.newest} == {
        *("identified-total", "assisted-total", "assisted-by-service")
    }


def test_a_case_entered_in_error_that_was_a_duplicate_counts_from_then_on() -> None:
    projection = a_projection()
    projection.voided("twice", MAY)
    projection.merged("twice", "goes-on", MAY)
    projection.assisted("twice", "shelter", MAY)
    assert projection.first


def test_what_is_opened_again_stays_merged() -> None:
    projection = a_projection("twice")
    projection.merged("twice", "goes-on", MAY)
    projection.opened("twice", projection.cases["twice"])
    projection.opened("twice", a_projection("twice").cases["twice"])
    assert projection.cases["twice"].merged_into == "goes-on"


def test_who_was_identified_is_not_once_the_status_was_taken_back_until_it_is_given_again() -> None:
    projection = a_projection("case")
    said = []
    for step in ("identified", "revoked", "revoked", "identified", "revoked"):
        known = projection.identified("case", MAY) if step == "identified" else None
        assert known is not False
        assert step == "identified" or projection.revoked("case")
        said.append(projection.cases["case"].revoked)
    assert said == [False, True, True, False, True]
    assert projection.changed == {"case"}
    projection.opened("case", a_projection("case").cases["case"])
    assert projection.cases["case"].revoked


def test_what_was_taken_back_waits_for_its_case_and_says_nothing_of_one_entered_in_error() -> None:
    projection = a_projection("error")
    assert not projection.revoked("unknown")
    assert projection.cases.keys() == {"error"}
    projection.voided("error", MAY)
    assert projection.revoked("error")
    assert not projection.cases["error"].revoked
