"""A supervisor records contracts and writes statements by pages; who gives help reads them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import pytest

from contracts.vocabulary import LANGUAGES, code_lists
from services.chassis.clock import new_id
from tests.support.console_bench import NOW, Bench
from tests.support.console_help import PLAN as CONTRACT
from tests.support.console_help import a_contract
from tests.support.console_news import NEWS, a_page, a_piece
from tests.unit.console.test_a_nurses_day import PAGE_LIMIT, body_of

CONTRACTS = "assistance/v1/contracts"
NEW, CHANGE = "/contracts/record-contract", f"/contracts/{CONTRACT}/change-contract"
STATEMENT = f"/contracts/{CONTRACT}/statement"
WRITTEN = "contract_id,recipient,delivered_in_period\r\n1,ngo-brest,7\r\n"
FILLED = {
    "service_type": "nursing-visit",
    "unit": "visit",
    "funding": "state-social-order",
    "funded": "120",
    "starts_at": "2026-04-01",
    "ends_at": "2026-12-31",
    "recipient": "ngo-brest",
}
BODY = {
    **FILLED,
    "funded": 120,
    "starts_at": "2026-03-31T21:00:00+00:00",
    "ends_at": "2026-12-31T21:00:00+00:00",
}


def with_contracts(bench: Bench, *contracts: dict[str, Any]) -> None:
    bench.node.shows[CONTRACTS] = list(contracts)
    bench.node.shows[f"{CONTRACTS}/{CONTRACT}/statement"] = WRITTEN


async def as_supervisor(bench: Bench, *contracts: dict[str, Any], language: str = "en") -> None:
    with_contracts(bench, *contracts)
    await bench.sign_in("supervisor")
    await bench.send("/language", {"to": language})


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_page_of_contracts_is_small_and_in_one_language(
    bench: Bench, language: str
) -> None:
    await as_supervisor(bench, a_contract(), a_contract(recipient=None), language=language)
    for path in ("/contracts", NEW, CHANGE, STATEMENT):
        answer = await bench.browser.get(path)
        assert answer.status_code == 200, path
        assert len(answer.content) < PAGE_LIMIT, path
        assert f'<html lang="{language}">' in answer.text


async def test_a_contract_is_recorded_from_its_first_day_to_the_end_of_its_last_and_once(
    bench: Bench,
) -> None:
    await as_supervisor(bench)
    form_id = str(new_id())
    for _ in range(2):
        answer = await bench.send(NEW, {"form_id": form_id, **FILLED})
        assert (answer.status_code, answer.headers["location"]) == (303, "/contracts")
    first, again = bench.node.events
    assert first == again
    assert first["type"] == "org.nrm.intake.contract-recorded.v1"
    assert body_of(first) == {"contract_id": first["subject"], **BODY}


async def test_what_the_door_refuses_of_a_contract_is_said_at_its_place(bench: Bench) -> None:
    await as_supervisor(bench)
    bench.node.refuses(("out-of-range", "ends_at"))
    answer = await bench.send(NEW, FILLED)
    assert answer.status_code == 422
    assert 'href="#ends_at"' in answer.text
    lacking = await bench.send(NEW, {"unit": "visit"})
    assert lacking.status_code == 422
    assert len(bench.node.events) == 1


def chosen(text: str, name: str) -> list[str]:
    found = re.findall(rf'id="{name}" name="{name}" value="([^"]*)"', text)
    listed = re.findall(rf'<select id="{name}".*?</select>', text, re.DOTALL)
    return found + re.findall(r'value="([^"]+)" selected', "".join(listed))


async def test_a_change_begins_with_what_stands_there_and_keeps_what_was_counted(
    bench: Bench,
) -> None:
    midnight = datetime(2026, 12, 31, 21, tzinfo=UTC)  # the year is over in Minsk
    given = a_contract(ends_at=midnight, recipient="labour-vitebsk")
    await as_supervisor(bench, given)
    text = (await bench.browser.get(CHANGE)).text
    assert chosen(text, "funded") == ["100"]
    assert chosen(text, "starts_at") == ["2026-03-02"]
    assert chosen(text, "ends_at") == ["2026-12-31"]
    assert chosen(text, "recipient") == ["labour-vitebsk"]
    assert 'name="service_type"' not in text
    answer = await bench.send(CHANGE, {**FILLED, "funded": "150", "service_type": "food"})
    assert answer.headers["location"] == "/contracts"
    (event,) = bench.node.events
    assert event["subject"] == str(CONTRACT)
    kept = {"contract_id": str(CONTRACT), "service_type": "shelter", "unit": "night"}
    assert body_of(event) == {**BODY, **kept, "funded": 150}


async def test_a_contract_under_which_nothing_was_given_may_change_its_service(
    bench: Bench,
) -> None:
    await as_supervisor(bench, a_contract(delivered=0, remaining=100))
    await bench.send(CHANGE, FILLED)
    assert body_of(bench.node.events[0])["service_type"] == "nursing-visit"
    assert (await bench.send(f"/contracts/{new_id()}/change-contract", FILLED)).status_code == 404


async def test_a_statement_is_the_services_file_of_whole_days_here(bench: Bench) -> None:
    await as_supervisor(bench, a_contract())
    text = (await bench.browser.get(STATEMENT)).text
    assert chosen(text, "start") == ["2026-03-02"]
    answer = await bench.send(STATEMENT, {"start": "2026-03-01", "end": "2026-03-31"})
    assert answer.text == WRITTEN
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["cache-control"].startswith("no-store")
    (asked,) = (url for url in bench.node.addresses if url.path.endswith("/statement"))
    assert parse_qs(asked.query.decode()) == {
        "start": ["2026-02-28T21:00:00+00:00"],
        "end": ["2026-03-31T21:00:00+00:00"],
    }


async def test_no_moment_is_between_the_statements_of_two_months(bench: Bench) -> None:
    await as_supervisor(bench, a_contract())
    for days in (("2026-01-01", "2026-01-31"), ("2026-02-01", "2026-02-28")):
        await bench.send(STATEMENT, dict(zip(("start", "end"), days, strict=True)))
    asked = [url.params for url in bench.node.addresses if url.path.endswith("/statement")]
    january, february = ((each["start"], each["end"]) for each in asked)
    assert january[1] == february[0] == "2026-01-31T21:00:00+00:00"
    one_day = await bench.send(STATEMENT, {"start": "2026-03-01", "end": "2026-03-01"})
    assert one_day.status_code == 200
    never = await bench.send(STATEMENT, {"start": "2026-03-01", "end": "9999-12-31"})
    assert never.status_code == 422


@pytest.mark.parametrize(
    "told", [datetime(2026, 12, 31, 21, tzinfo=UTC), datetime(2026, 12, 31, 20, 59, tzinfo=UTC)]
)
async def test_a_contract_reads_and_stays_as_ending_with_its_last_day(
    bench: Bench, told: datetime
) -> None:
    await as_supervisor(bench, a_contract(ends_at=told))
    assert "– 31 Dec 2026" in (await bench.browser.get("/contracts")).text
    text = (await bench.browser.get(CHANGE)).text
    shown = {name: chosen(text, name)[0] for name in ("starts_at", "ends_at")}
    await bench.send(CHANGE, {**FILLED, **shown})
    assert shown["ends_at"] == "2026-12-31"
    assert body_of(bench.node.events[0])["ends_at"] == "2026-12-31T21:00:00+00:00"


async def test_days_that_end_before_they_begin_and_a_contract_with_nobody_give_no_statement(
    bench: Bench,
) -> None:
    await as_supervisor(bench, a_contract())
    wrong = await bench.send(STATEMENT, {"start": "2026-03-02", "end": "2026-03-01"})
    assert wrong.status_code == 422
    assert 'href="#end"' in wrong.text
    with_contracts(bench, a_contract(recipient=None))
    assert "statement" not in (await bench.browser.get("/contracts")).text.lower()
    assert (await bench.browser.get(STATEMENT)).status_code == 404
    assert not any(url.path.endswith("/statement") for url in bench.node.addresses)


async def test_who_gives_help_reads_contracts_and_changes_none(bench: Bench) -> None:
    with_contracts(bench, a_contract())
    await bench.sign_in("nurse")
    text = (await bench.browser.get("/contracts")).text
    assert "change-contract" not in text
    assert NEW not in text
    for path in (NEW, CHANGE, STATEMENT):
        assert (await bench.browser.get(path)).status_code == 403, path
    assert (await bench.send(NEW, FILLED)).status_code == 403
    assert bench.node.events == []


async def test_who_leads_cases_is_shown_no_contract(bench: Bench) -> None:
    await bench.sign_in("case-worker")
    assert '"/contracts"' not in (await bench.browser.get("/")).text
    assert (await bench.browser.get("/contracts")).status_code == 403


@pytest.mark.parametrize("person", ["nurse", "supervisor"])
@pytest.mark.parametrize("kind", ["contract-exhausted", "contract-exceeded"])
async def test_news_of_a_contract_lead_to_the_contracts_and_name_no_case(
    bench: Bench, person: str, kind: str
) -> None:
    contract_id = UUID(int=77, version=4)
    piece = a_piece(kind, case_id=None, contract_id=contract_id, service_type="shelter")
    bench.node.shows[NEWS] = a_page(piece)
    with_contracts(bench, a_contract(contract_id=contract_id, remaining=0, beyond=1))
    await bench.sign_in(person)
    await bench.send("/language", {"to": "en"})
    text = (await bench.browser.get("/news?only=waits")).text
    assert f'<a href="/contracts">{code_lists()["news-kind"].label(kind, "en")}</a>' in text
    assert "Case " not in text
    ended = NOW - timedelta(days=1)
    over = a_contract(contract_id=contract_id, remaining=0, beyond=1, ends_at=ended)
    with_contracts(bench, over)
    assert (
        code_lists()["news-kind"].label(kind, "en")
        not in (await bench.browser.get("/news?only=waits")).text
    )
