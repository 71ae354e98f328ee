"""Who fits, who is chosen: each rule alone turns a service away; the choice is always the same."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.referral.domain import routing
from services.referral.domain.listings import Cover, Listing
from services.referral.domain.routing import Bid, Heard, Wanted, choose, misfits, takes, to_ask
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
    (a_bid("b", "ask"), a_bid("a", "capacity"), {"preferred": ("b",)}),
    (a_bid("b", "capacity"), a_bid("a", "waitlist"), {"preferred": ("a",)}),
    (a_bid("b", "ask"), a_bid("a", "waitlist"), {"preferred": ("a",)}),
    (a_bid("b", "ask"), a_bid("a", "unanswered"), {"preferred": ("a",)}),
    (a_bid("b", "waitlist"), a_bid("a", "unanswered"), {"preferred": ("b",)}),
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


@pytest.mark.parametrize("urgency", ["emergency", "urgent"])
def test_who_only_keeps_a_waiting_list_is_offered_nothing_that_cannot_wait(urgency: str) -> None:
    house = a_bid("a", "waitlist", cover=Cover.ROUND_THE_CLOCK)
    assert choose((house,), wanted(preferred=("a",), urgency=urgency)) is None
    assert choose((house,), wanted()) is house
    room = a_bid("b", "ask", cover=Cover.ROUND_THE_CLOCK)
    assert choose((house, room), wanted(preferred=("a",), urgency=urgency)) is room


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


def of_services(listings: tuple[Listing, ...]) -> list[str]:
    return [listing.service_id for listing in listings]


NEAR = (
    a_listing("b", home_oblast="BY-BR"),
    a_listing("c", home_oblast="BY-VI"),
    a_listing("a", home_oblast="BY-VI"),
    a_listing("d", home_oblast="BY-BR", languages=frozenset({"en"}), interpreter=True),
)


def test_a_round_asks_the_nearest_first_and_no_more_than_its_bound() -> None:
    everybody = of_services(to_ask(NEAR, wanted(), Heard(), 9))
    assert [name.partition(".")[0] for name in everybody] == ["b", "d", "a", "c"]
    assert of_services(to_ask(NEAR, wanted(), Heard(), 2)) == everybody[:2]
    preferred = to_ask(NEAR, wanted(preferred=("c",)), Heard(), 1)
    assert [listing.agency for listing in preferred] == ["c"]
    busy = to_ask(NEAR[1:3], wanted(), Heard(loads={"a": 2}), 1)
    assert [listing.agency for listing in busy] == ["c"]


@pytest.mark.parametrize(
    ("answer", "last"),
    [
        *(("none", True), (None, True), ("not-sent", True), ("unanswered", True)),
        *(("capacity", False), ("ask", False), ("waitlist", True)),
    ],
)
def test_who_had_nothing_is_asked_after_everybody_who_was_not(
    answer: str | None, *, last: bool
) -> None:
    heard = Heard(answers={NEAR[0].service_id: answer})
    asked = to_ask(NEAR, wanted(), heard, 9)
    assert (asked[-1] is NEAR[0]) is last
    assert (asked[0] is NEAR[0]) is not last


@given(bound=st.integers(1, 5), many=st.integers(0, 12), seed=st.integers(0, 1000))
def test_rounds_that_find_nothing_reach_everybody_once_and_end(
    bound: int, many: int, seed: int
) -> None:
    listings = [a_listing(f"agency-{number}") for number in range(many)]
    random.Random(seed).shuffle(listings)  # noqa: S311 - an order, not a secret
    answers: dict[str, str | None] = {}
    rounds = 0
    while any(listing.service_id not in answers for listing in listings):
        asked = to_ask(listings, wanted(), Heard(answers=answers), bound)
        assert len(asked) == min(bound, many)
        assert any(listing.service_id not in answers for listing in asked)
        assert asked == to_ask(list(reversed(listings)), wanted(), Heard(answers=answers), bound)
        answers |= {listing.service_id: "none" for listing in asked}
        rounds += 1
    assert rounds == -(-many // bound)


STEPS = {"access_needs": frozenset({"step-free", "hearing"})}


def test_who_says_it_can_be_used_comes_before_who_has_a_place() -> None:
    ready = a_bid("c", "ask", access=frozenset({"step-free", "hearing"}))
    half = a_bid("b", "capacity", access=frozenset({"step-free"}))
    unsaid = a_bid("a", "capacity", home_oblast="BY-BR")
    bids = (unsaid, half, ready)
    assert choose(bids, wanted(**STEPS)) is ready
    assert choose((unsaid, half), wanted(**STEPS)) is half
    assert choose(bids, wanted()) is unsaid
    assert choose(bids, wanted(preferred=("a",), **STEPS)) is unsaid
    listings = [bid.listing for bid in bids]
    assert of_services(to_ask(listings, wanted(**STEPS), Heard(), 2)) == of_services(
        (ready.listing, half.listing)
    )


def test_an_access_need_rules_nobody_out() -> None:
    assert misfits(a_listing(), wanted(**STEPS)) == ()
    only = a_bid("a", "waitlist")
    assert choose((only,), wanted(**STEPS)) is only
