"""Who fits, who is chosen: each rule alone turns a service away; the choice is always the same."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.referral.domain import routing
from services.referral.domain.listings import Cover, Listing
from services.referral.domain.routing import Bid, Wanted, choose, misfits, takes
from tests.unit.referral.builders import a_listing, wanted

MISFITS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("audience-does-not-fit", {"audiences": frozenset({"women"})}, {}),
    ("family-would-be-separated", {}, {"together": True, "audience_class": "carer-with-children"}),
    ("out-of-area", {"oblasts": frozenset({"BY-VI"})}, {}),
    ("language", {"languages": frozenset({"en"})}, {}),
    ("not-round-the-clock", {}, {"urgency": "emergency"}),
    ("already-tried", {}, {"tried": frozenset({"redcross-vitebsk"})}),
    ("cooling-down", {}, {"cooling_down": frozenset({"redcross-vitebsk"})}),
    ("refused-by-the-person", {}, {"refused_by_person": frozenset({"redcross-vitebsk"})}),
]


def test_what_fits_has_nothing_against_it() -> None:
    assert misfits(a_listing(), wanted()) == ()


@pytest.mark.parametrize(("code", "listing", "asked"), MISFITS)
def test_each_rule_alone_turns_a_service_away(
    code: str, listing: dict[str, Any], asked: dict[str, Any]
) -> None:
    assert misfits(a_listing(**listing), wanted(**asked)) == (code,)


@pytest.mark.parametrize("number", range(len(routing.FIT_RULES)))
def test_without_a_rule_its_misfit_would_be_offered(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[Callable[[Listing, Wanted], str | None]] = list(routing.FIT_RULES)
    del left[number]
    monkeypatch.setattr(routing, "FIT_RULES", tuple(left))
    code, listing, asked = MISFITS[number]
    assert code not in misfits(a_listing(**listing), wanted(**asked))


@pytest.mark.parametrize(
    ("listing", "asked"),
    [
        ({}, {"audience_class": "not-yet-known"}),
        ({"audiences": frozenset()}, {"audience_class": "girls"}),
        ({}, {"oblast": "not-yet-known"}),
        ({"oblasts": frozenset()}, {"oblast": "BY-MI"}),
        ({}, {"language": "not-yet-known"}),
        ({"interpreter": True}, {"language": "vi"}),
        ({"cover": Cover.ROUND_THE_CLOCK}, {"urgency": "emergency"}),
    ],
)
def test_help_does_not_wait_for_what_is_not_known(
    listing: dict[str, Any], asked: dict[str, Any]
) -> None:
    assert misfits(a_listing(**listing), wanted(**asked)) == ()


@pytest.mark.parametrize(
    ("classes", "person", "fits"),
    [
        ("any-adult", "women", True),
        ("any-adult", "men", True),
        ("any-adult", "girls", False),
        ("any-child", "boys", True),
        ("any-child", "men", False),
        ("women", "men", False),
        ("women", "carer-with-children", False),
        ("carer-with-children", "carer-with-children", True),
    ],
)
def test_whom_a_place_takes(classes: str, person: str, fits: bool) -> None:
    assert takes(frozenset({classes}), person) is fits


FAMILY = "carer-with-children"


def test_a_place_for_families_takes_a_family_and_no_other_place_does() -> None:
    together = wanted(together=True, audience_class=FAMILY)
    assert misfits(a_listing(audiences=frozenset({FAMILY})), together) == ()
    only_women = misfits(a_listing(audiences=frozenset({"women"})), together)
    assert only_women == ("family-would-be-separated",)


@pytest.mark.parametrize(("code", "listing", "asked"), MISFITS)
def test_a_person_may_bend_what_a_telephone_call_settles_and_nothing_else(
    code: str, listing: dict[str, Any], asked: dict[str, Any]
) -> None:
    unbending = ("family-would-be-separated", "not-round-the-clock", "refused-by-the-person")
    against = routing.objections_to_a_choice(a_listing(**listing), wanted(**asked))
    assert against == ((code,) if code in unbending else ())


def a_bid(agency: str, status: str = "ask", load: int = 0, **changes: Any) -> Bid:
    return Bid(listing=a_listing(agency, **changes), status=status, load=load)


ORDER = [
    (a_bid("b", "waitlist"), a_bid("a", "capacity"), {"preferred": ("b",)}),
    (a_bid("b", "capacity"), a_bid("a", "ask"), {}),
    (a_bid("b", "ask"), a_bid("a", "waitlist"), {}),
    (a_bid("b", "waitlist"), a_bid("a", "unanswered"), {}),
    (a_bid("b", home_oblast="BY-BR"), a_bid("a"), {}),
    (a_bid("b"), a_bid("a", languages=frozenset({"en"}), interpreter=True), {}),
    (a_bid("b", load=1), a_bid("a", load=2), {}),
    (a_bid("a"), a_bid("b"), {}),
]


@pytest.mark.parametrize(("first", "second", "asked"), ORDER)
def test_what_comes_first(first: Bid, second: Bid, asked: dict[str, Any]) -> None:
    assert choose((second, first), wanted(**asked)) is first


@pytest.mark.parametrize("status", ["none", "not-sent", "something-new"])
def test_who_has_no_place_gets_no_offer(status: str) -> None:
    assert choose((a_bid("a", status),), wanted(preferred=("a",))) is None


BIDS = st.lists(
    st.builds(
        a_bid,
        st.sampled_from("abcdef"),
        st.sampled_from(["capacity", "ask", "waitlist", "unanswered", "none", "not-sent"]),
        st.integers(0, 3),
        home_oblast=st.sampled_from(["BY-BR", "BY-VI", None]),
    ),
    max_size=8,
    unique_by=lambda bid: bid.listing.agency,
)


@given(bids=BIDS, seed=st.integers(0, 1000))
def test_the_order_of_the_answers_does_not_matter(bids: list[Bid], seed: int) -> None:
    shuffled = list(bids)
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - an order, not a secret
    assert choose(tuple(bids), wanted()) == choose(tuple(shuffled), wanted())


@given(bids=BIDS)
def test_somebody_is_chosen_when_anybody_could(bids: list[Bid]) -> None:
    chosen = choose(tuple(bids), wanted())
    able = [bid for bid in bids if bid.status not in ("none", "not-sent")]
    assert (chosen in able) if able else chosen is None
