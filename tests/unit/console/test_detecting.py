"""A meeting that belongs to another case says to which and how, and nobody guesses either."""

import re

import pytest

from contracts.vocabulary import LANGUAGES, code_lists
from tests.support.console_bench import CASE, Bench, a_case
from tests.support.console_cases import CHILD, SHORT, a_childs_case
from tests.unit.console.test_a_nurses_day import PAGE_LIMIT, body_of

LEAST = {"case_type": "trafficking", "majority": "adult", "immediate_danger": "no"}
KINDS = code_lists()["case-link-kind"]


def with_an_earlier_case(bench: Bench) -> None:
    bench.node.shows["identification/v1/cases"] = [a_case(), a_childs_case()]


def wrong(page: str) -> list[str]:
    """Beside which questions something is said to be wrong."""
    return re.findall(r'id="([a-z_]+)-wrong"', page)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("person", ["guard", "case-worker"])
async def test_it_is_asked_how_both_belong_together_and_a_merge_is_no_meeting(
    bench: Bench, person: str, language: str
) -> None:
    await bench.sign_in(person)
    await bench.send("/language", {"to": language})
    answer = await bench.browser.get("/detect")
    assert len(answer.content) < PAGE_LIMIT
    asked = answer.text.partition('name="link_kind"')[2].partition("</select>")[0]
    offered = dict(re.findall(r'<option value="([a-z-]+)">([^<]+)<', asked.replace("&#39;", "'")))
    assert set(KINDS.codes) - set(offered) == {"duplicate-of"}
    assert offered["retrafficked"] == KINDS.label("retrafficked", language)


@pytest.mark.parametrize("number", [SHORT, str(CHILD)])
async def test_a_case_worker_names_the_earlier_case_by_either_number(
    bench: Bench, number: str
) -> None:
    with_an_earlier_case(bench)
    await bench.sign_in("case-worker")
    await bench.send("/detect", {**LEAST, "linked_case": number, "link_kind": "reopened"})
    body = body_of(bench.node.events[0])
    assert (body["linked_case"], body["link_kind"]) == (str(CHILD), "reopened")


async def test_who_may_not_read_cases_names_one_by_its_whole_number_and_asks_for_none(
    bench: Bench,
) -> None:
    with_an_earlier_case(bench)
    await bench.sign_in("guard")
    linked = {**LEAST, "link_kind": "retrafficked"}
    short = await bench.send("/detect", {**linked, "linked_case": SHORT})
    assert (short.status_code, wrong(short.text)) == (422, ["linked_case"])
    assert bench.node.events == []
    answer = await bench.send("/detect", {**linked, "linked_case": str(CHILD)})
    assert answer.headers["location"] == "/detect"
    body = body_of(bench.node.events[0])
    assert (body["linked_case"], body["link_kind"]) == (str(CHILD), "retrafficked")
    assert not any("identification" in place for _, place, _ in bench.node.asked)


@pytest.mark.parametrize(
    ("given", "missing"),
    [({"linked_case": str(CHILD)}, "link_kind"), ({"link_kind": "reopened"}, "linked_case")],
)
async def test_neither_the_case_nor_the_kind_is_guessed(
    bench: Bench, given: dict[str, str], missing: str
) -> None:
    await bench.sign_in("guard")
    answer = await bench.send("/detect", LEAST | given)
    assert (answer.status_code, wrong(answer.text)) == (422, [missing])
    assert bench.node.events == []


async def test_a_number_that_names_no_case_is_wrong(bench: Bench) -> None:
    bench.node.shows["identification/v1/cases"] = []
    await bench.sign_in("case-worker")
    fields = {**LEAST, "linked_case": SHORT, "link_kind": "family"}
    assert wrong((await bench.send("/detect", fields)).text) == ["linked_case"]
    assert bench.node.events == []


async def test_a_number_of_another_shape_is_told_once(bench: Bench) -> None:
    await bench.sign_in("guard")
    await bench.send("/language", {"to": "en"})
    fields = {**LEAST, "linked_case": "pavel", "link_kind": "family"}
    page = (await bench.send("/detect", fields)).text
    assert re.findall(r'id="linked_case-wrong">([^<]*)<', page) == ["Wrong form"]
    assert bench.node.events == []


async def test_what_the_door_does_not_allow_is_told_beside_the_number(bench: Bench) -> None:
    await bench.sign_in("guard")
    bench.node.refuses(("case-told-before", "linked_case"))
    fields = {**LEAST, "linked_case": str(CASE), "link_kind": "reopened"}
    assert wrong((await bench.send("/detect", fields)).text) == ["linked_case"]


async def test_a_meeting_of_which_nothing_was_known_before_names_no_case(bench: Bench) -> None:
    await bench.sign_in("guard")
    await bench.send("/detect", {**LEAST, "linked_case": "", "link_kind": ""})
    assert not {"linked_case", "link_kind"} & set(body_of(bench.node.events[0]))
