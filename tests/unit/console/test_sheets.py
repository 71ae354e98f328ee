"""Every form about a case becomes the event that its contract takes, and shows what is due."""

import html
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from console.forms import Kind
from console.pages.asking import id_of_officer
from console.pages.case_forms import FORMS
from console.questions import questions
from contracts.vocabulary import LANGUAGES, code_lists
from services.chassis.clock import new_id
from services.gateway.access.telling import PEOPLE as MAY_TELL
from services.identification.api.shown import LinkShown
from tests.support.console_bench import CASE, NODE, NOW, Bench, a_case
from tests.support.console_cases import (
    CHILD,
    FILLED,
    LETTERS,
    LETTERS_SAY,
    SHORT,
    a_childs_case,
    a_letter,
    letters,
)
from tests.unit.console.test_a_nurses_day import PAGE_LIMIT, body_of

PATH = f"/cases/{CHILD}"
LETTER_PAGES = (f"{PATH}/letter", f"{PATH}/letter/decision")


def with_a_child(bench: Bench) -> None:
    """The node has the case of a child beside the other one."""
    bench.node.shows |= {
        f"identification/v1/cases/{CHILD}": a_childs_case(),
        "identification/v1/cases": [a_case(), a_childs_case()],
        **letters(),
    }


def test_there_is_a_form_for_every_event_that_a_case_worker_may_tell_of_a_case() -> None:
    elsewhere = {"person-detected", "need-cancelled", "provider-chosen", "referral-opened"}
    may = {word for word, roles in MAY_TELL.items() if "case-officer" in roles}
    assert {form.happened for form in FORMS} == may - elsewhere
    assert len({form.word for form in FORMS}) == len(FORMS) == len(FILLED)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.word)
async def test_each_form_becomes_the_event_that_its_contract_takes(bench: Bench, form: Any) -> None:
    with_a_child(bench)
    await bench.sign_in("case-worker")
    path, fields = f"/cases/{CASE}/{form.word}", {"form_id": str(new_id()), **FILLED[form.word]}
    for _ in range(2):
        assert (await bench.send(path, fields)).status_code == 303
    first, again = bench.node.events
    assert first == again
    assert first["type"] == f"org.nrm.intake.{form.happened}.v1"
    assert first["subject"] == str(CASE)
    body_of(first)


@pytest.mark.parametrize(
    ("word", "body"),
    [
        ("missing", {"missing": True}),
        ("contact", {"reachable": False, "occurred_at": "2026-03-01T15:00:00+00:00"}),
        ("age", {"majority": "believed-child", "majority_reasons": ["looks-young", "own-words"]}),
        ("protection", {"measure": "child-centre", "emergency": True}),
        ("dependants-came", {"added": 2}),
        ("revoke", {"ground": "obtained-by-deception", "second_authority": "ngo-brest"}),
        (
            "questionnaire",
            {
                "form": "first-questions",
                "form_version": "2026.1",
                "answers": [
                    {"question": "debt", "answer": "yes"},
                    {"question": "threatened", "answer": "no"},
                ],
            },
        ),
        ("duplicate", {"into_case": str(CHILD)}),
        ("link", {"linked_case": str(CHILD), "kind": "family"}),
        ("of-age", {}),
    ],
)
async def test_what_is_told_is_what_was_filled_in(
    bench: Bench, word: str, body: dict[str, Any]
) -> None:
    with_a_child(bench)
    await bench.sign_in("case-worker")
    await bench.send(f"/cases/{CASE}/{word}", FILLED[word])
    assert body_of(bench.node.events[0]) == body


async def test_whoever_takes_a_case_over_leads_it_by_a_number_that_is_no_name(bench: Bench) -> None:
    await bench.sign_in("case-worker")
    await bench.send(f"/cases/{CASE}/take-over", FILLED["take-over"])
    number = body_of(bench.node.events[0])["officer_id"]
    assert number == str(id_of_officer(f"{NODE}.case-worker"))
    record = a_childs_case()["record"]
    await bench.send("/language", {"to": "en"})
    for officer, said in ((number, "<dd>You</dd>"), (record["officer_id"], "Another officer")):
        bench.node.shows[f"identification/v1/cases/{CASE}"] = {
            **a_case(),
            "record": {**record, "officer_id": officer},
        }
        assert said in (await bench.browser.get(f"/cases/{CASE}")).text


@pytest.mark.parametrize("number", ["pavel", "0000000", "00000000-0000", "0000000g"])
async def test_a_case_number_of_another_shape_is_wrong(bench: Bench, number: str) -> None:
    await bench.sign_in("case-worker")
    answer = await bench.send(f"/cases/{CASE}/duplicate", {"into_case": number})
    assert answer.status_code == 422
    assert bench.node.events == []


async def test_a_short_number_that_names_no_case_or_two_is_wrong(bench: Bench) -> None:
    await bench.sign_in("case-worker")
    with_a_child(bench)
    two = [a_childs_case(), a_childs_case(case_id=f"{SHORT}-0000-4000-8000-000000000001")]
    for cases in ([], [a_case()], two):
        bench.node.shows["identification/v1/cases"] = cases
        answer = await bench.send(f"/cases/{CASE}/link", {"linked_case": SHORT, "kind": "family"})
        assert answer.status_code == 422
        assert 'id="linked_case-wrong"' in answer.text
    assert bench.node.events == []


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_page_of_a_child_is_small_and_says_what_is_due(
    bench: Bench, language: str
) -> None:
    with_a_child(bench)
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": language})
    for path in ("/cases", PATH, *LETTER_PAGES, *(f"{PATH}/{form.word}" for form in FORMS)):
        answer = await bench.browser.get(path)
        assert answer.status_code == 200, path
        assert len(answer.content) < PAGE_LIMIT, path
        assert f'<html lang="{language}">' in answer.text


async def test_a_missing_child_stands_first_and_as_an_alarm(bench: Bench) -> None:
    with_a_child(bench)
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": "en"})
    text = (await bench.browser.get("/cases")).text
    assert text.index(f"/cases/{CHILD}") < text.index(f"/cases/{CASE}")
    for path in ("/cases", PATH):
        shown = (await bench.browser.get(path)).text
        assert '<span class="mark alarm">The child is missing</span>' in shown
        assert '<span class="mark alarm">Contact is lost</span>' in shown


async def test_a_to_do_leads_to_the_form_that_does_it(bench: Bench) -> None:
    with_a_child(bench)
    await bench.sign_in("case-worker")
    text = (await bench.browser.get(PATH)).text
    for where in ("child-authority", "missing", "correct#oblast"):
        assert f'<a href="{PATH}/{where}">' in text


async def test_only_forms_that_fit_now_are_offered(bench: Bench) -> None:
    with_a_child(bench)
    await bench.sign_in("case-worker")

    async def offered(path: str) -> set[str]:
        text = (await bench.browser.get(path)).text
        return {form.word for form in FORMS if f'href="{path}/{form.word}"' in text}

    of_a_child, of_an_adult = await offered(PATH), await offered(f"/cases/{CASE}")
    assert {"missing", "best-interests", "guardian", "age"} <= of_a_child
    assert not {"missing", "best-interests", "guardian", "of-age"} & of_an_adult
    assert {"more-time", "less-time", "age"} <= of_an_adult
    assert not {"more-time", "second-look", "revoke"} & of_a_child


async def test_no_decision_is_asked_for_where_it_would_be_refused(bench: Bench) -> None:
    await bench.sign_in("case-worker")
    place, form = f"identification/v1/cases/{CASE}", f'href="/cases/{CASE}/decision"'
    assert form in (await bench.browser.get(f"/cases/{CASE}")).text
    bench.node.shows[place] = a_case(state="screening", not_of_trafficking=True)
    assert form not in (await bench.browser.get(f"/cases/{CASE}")).text


@pytest.mark.parametrize(
    ("word", "clock"),
    [
        ("decision", "First decision due"),
        ("more-time", "Time to think ends"),
        ("less-time", "Time to think ends"),
    ],
)
async def test_a_form_shows_the_clock_that_it_is_about(bench: Bench, word: str, clock: str) -> None:
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": "en"})
    assert clock in (await bench.browser.get(f"/cases/{CASE}/{word}")).text


async def test_the_letter_says_until_when_and_nothing_of_the_person(bench: Bench) -> None:
    with_a_child(bench)
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": "en"})
    text = (await bench.browser.get(f"{PATH}/letter")).text
    assert "1 Apr 2026" in text
    said = text.partition("<main")[2].partition("</main>")[0].lower()
    for code in ("traffick", "exploit", "victim", "reflection", "child", "pavel"):
        assert code not in said
    assert NOW.isoformat() not in said
    del bench.node.shows[f"{LETTERS}/stay"]
    assert (await bench.browser.get(f"{PATH}/letter")).status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("says", LETTERS_SAY)
async def test_the_letter_of_a_decision_says_what_follows_and_where_to_ask(
    bench: Bench, says: str, language: str
) -> None:
    negative = says.startswith("not-") or says == "revoked"
    until, days = (NOW + timedelta(days=30), 10) if negative else (None, None)
    bench.node.shows[f"{LETTERS}/decision"] = a_letter(
        says=says, reconsider_until=until, reconsideration_working_days=days
    )
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": language})
    answer = await bench.browser.get(f"{PATH}/letter/decision")
    words = bench.desk.words(language)
    for name in (f"letter-decided-{says}", f"letter-follows-{says}", "letter-yours-alone"):
        assert words.text(name) in html.unescape(answer.text)
    asked = words.text("letter-look-again-days", days=10)
    assert (asked in html.unescape(answer.text)) is negative
    assert "Pavel" not in answer.text
    assert bench.node.events == []
    assert bench.node.asked[-1][1] == f"{LETTERS}/decision"


async def test_the_page_of_a_decided_case_offers_its_letter_and_says_that_nobody_else_gets_it(
    bench: Bench,
) -> None:
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": "en"})
    place = f"identification/v1/cases/{CASE}"
    for state, offered in (("identified", True), ("screening", False), ("closed", False)):
        bench.node.shows[place] = a_case(state=state)
        text = (await bench.browser.get(f"/cases/{CASE}")).text
        assert (f'href="/cases/{CASE}/letter/decision"' in text) is offered
        assert ("Nobody else gets it" in text) is offered


@pytest.mark.parametrize("person", ["nurse", "guard", "supervisor"])
async def test_nobody_but_the_case_officer_prints_a_letter(bench: Bench, person: str) -> None:
    await bench.sign_in(person)
    for path in ("letter", "letter/decision"):
        assert (await bench.browser.get(f"/cases/{CASE}/{path}")).status_code == 403


async def test_no_page_is_made_of_an_address_that_is_no_id(bench: Bench) -> None:
    await bench.sign_in("case-worker")
    assert (await bench.browser.get("/cases/pavel/contact")).status_code == 404
    assert (await bench.send("/cases/pavel/contact", FILLED["contact"])).status_code == 404
    assert bench.node.events == []


def test_a_question_is_of_the_kind_that_its_contract_says() -> None:
    kinds: Callable[[str], dict[str, Kind]] = lambda happened: {  # noqa: E731
        field.name: field.kind for field in questions(happened, changes={})
    }
    assert kinds("reflection-extended") == {"reason": Kind.CHOICE}
    assert kinds("child-missing") == {"missing": Kind.YES_NO, "occurred_at": Kind.MOMENT}
    assert kinds("dependants-added") == {"added": Kind.NUMBER}
    assert kinds("duplicate-found") == {"into_case": Kind.CASE}
    assert kinds("screening-recorded")["means"] is Kind.MANY
    (_, second, _) = questions("identification-revoked", changes={})
    assert second.agencies
    assert second.required
    assert "task_id" not in kinds("person-arrived")


@pytest.mark.parametrize("word", FILLED)
def test_what_is_filled_in_here_is_of_the_lists(word: str) -> None:
    (form,) = (form for form in FORMS if form.word == word)
    lists = {field.name: field.code_list for field in questions(form.happened, changes={})}
    for name, given in FILLED[word].items():
        codes = code_lists()[lists[name]] if lists.get(name) else None
        for code in [given] if isinstance(given, str) else given:
            assert codes is None or code in codes, (word, name)


def test_every_question_of_a_form_is_of_a_list_that_exists() -> None:
    for form in FORMS:
        for field in questions(form.happened, changes={}):
            assert not field.code_list or field.code_list in code_lists()


def test_the_number_of_an_officer_is_the_same_each_time_and_no_other_ones() -> None:
    assert id_of_officer("a.one") == id_of_officer("a.one") != id_of_officer("a.two")
    assert isinstance(id_of_officer("a.one"), UUID)


async def test_a_supervisor_takes_a_wrong_link_back_and_no_merge(bench: Bench) -> None:
    links = [LinkShown(case_id=CHILD, kind=kind) for kind in ("reopened", "duplicate-of")]
    bench.node.shows[f"identification/v1/cases/{CASE}"] = a_case(links=tuple(links))
    await bench.sign_in("supervisor")
    path = f"/cases/{CASE}/unlink"
    assert f'href="{path}"' in (await bench.browser.get(f"/cases/{CASE}")).text
    page = (await bench.browser.get(path)).text
    assert f'value="reopened:{CHILD}"' in page
    assert "duplicate-of:" not in page
    given = {"linked_case": f"reopened:{CHILD}", "reason": "another-person"}
    assert (await bench.send(path, {**given, "reason": ""})).status_code == 422
    assert (await bench.send(path, given)).status_code == 303
    assert body_of(bench.node.events[0]) == {
        **{"linked_case": str(CHILD), "kind": "reopened", "reason": "another-person"},
    }


async def test_a_case_officer_is_not_offered_to_take_a_link_back(bench: Bench) -> None:
    links = (LinkShown(case_id=CHILD, kind="reopened"),)
    bench.node.shows[f"identification/v1/cases/{CASE}"] = a_case(links=links)
    await bench.sign_in("case-worker")
    assert f"/cases/{CASE}/unlink" not in (await bench.browser.get(f"/cases/{CASE}")).text
    assert (await bench.browser.get(f"/cases/{CASE}/unlink")).status_code == 403
