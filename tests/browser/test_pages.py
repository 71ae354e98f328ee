"""The pages in Debian's Chromium: accessible, narrow enough for a phone, usable by keys alone."""

from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Error, Page
from starlette.routing import compile_path

from console.app import PAGES as ROUTES
from console.pages.case_forms import FORMS, SECOND_FORMS
from console.pages.drafting import DRAFT_FORMS
from console.pages.holds import HOLD_FORMS
from console.pages.onward import ONWARD_FORMS
from console.pages.plans import NEW_PLAN, PLAN_FORMS
from console.pages.stay_forms import HELP_FORMS
from contracts.vocabulary import code_lists
from tests.support.browser import MISSING, PHONE, WEATHER, chromium, is_too_wide, what_axe_finds
from tests.support.console_bench import CASE, HELPED, POOL, TASK, Node
from tests.support.console_cases import CHILD
from tests.support.console_help import PLAN

NOT_THERE = "/nothing"
A_NURSES = (
    *("/", "/offers", f"/offers/{POOL}", f"/offers/{POOL}/decline", "/help", f"/help/{HELPED}"),
    *("/capacity", "/capacity/new", f"/capacity/{POOL}", "/contracts", NOT_THERE),
    *(f"/help/{HELPED}/plans/{PLAN}", f"/help/{HELPED}/{NEW_PLAN.word}"),
    *(f"/help/{HELPED}/{form.word}" for form in HELP_FORMS),
    *(f"/help/{HELPED}/plans/{PLAN}/{form.word}" for form in PLAN_FORMS),
    *(f"/capacity/{POOL}/close-places", "/news", "/news?since=all&only=waits"),
    *("/stays", f"/stays/{HELPED}/departed"),
)
A_CASE_WORKERS = (
    *("/", "/news", "/cases", f"/cases/{CASE}", "/detect", f"/requests/{TASK}"),
    *(f"/requests/{TASK}/{TASK}/{word}" for word in ("choose", "cancel", "leave")),
    *(f"/cases/{CASE}/{form.word}" for form in FORMS),
    *(f"/cases/{CHILD}", f"/cases/{CHILD}/letter", f"/cases/{CHILD}/letter/decision"),
    *(f"/cases/{CASE}/drafts/{TASK}/{form.word}" for form in DRAFT_FORMS),
    *("/help", f"/help/{HELPED}", *(f"/help/{HELPED}/{form.word}" for form in ONWARD_FORMS)),
)
A_SUPERVISORS = (
    *("/", "/notices", "/notices?of=over", "/contracts", "/contracts/record-contract"),
    *(f"/contracts/{PLAN}/{word}" for word in ("change-contract", "statement")),
    *(f"/cases/{CHILD}", *(f"/cases/{CHILD}/{form.word}" for form in SECOND_FORMS)),
    *("/holds", f"/holds/{CASE}", *(f"/holds/{CASE}/{form.word}" for form in HOLD_FORMS)),
)
AN_OFFICERS = (
    *("/holds", *(f"/holds/{CASE}{what}" for what in ("", "/audit", "/disclosures"))),
    *(f"/holds/{CASE}/{word}" for word in ("place-hold", "confirm-hold")),
)
PAGES = {
    "nurse": A_NURSES,
    "case-worker": A_CASE_WORKERS,
    "supervisor": A_SUPERVISORS,
    "privacy-officer": AN_OFFICERS,
}

NO_PAGES = {"/assets/{name}", "/leave"}


def sign_in(page: Page, person: str) -> None:
    page.goto("/sign-in")
    page.fill("#token", f"token-of-{person}")
    page.keyboard.press("Enter")
    page.wait_for_url("**/")


def test_every_page_that_people_open_is_looked_at() -> None:
    pages = [path for method, path in ROUTES if method == "GET"]
    listed = {path.partition("?")[0] for paths in PAGES.values() for path in paths}
    seen = {next((page for page in pages if is_at(page, path)), "") for path in listed}
    by_themselves = {"/sign-in", "/locked"}
    assert set(pages) - seen == by_themselves | NO_PAGES
    assert seen - set(pages) == {""}, "what is not there is looked at, too"


def is_at(page: str, path: str) -> bool:
    return compile_path(page)[0].match(path) is not None


@pytest.mark.parametrize("person", PAGES)
def test_axe_finds_nothing_on_any_page(page: Page, person: str) -> None:
    page.goto("/sign-in")
    found = {"/sign-in": what_axe_finds(page)}
    sign_in(page, person)
    for path in (*PAGES[person], "/locked"):
        answer = page.goto(path)
        assert answer is not None
        assert answer.ok == (path != NOT_THERE), f"{path} is not shown to the {person}"
        found[path] = what_axe_finds(page)
    assert {path: what for path, what in found.items() if what} == {}


def test_axe_can_find_something(page: Page) -> None:
    page.goto("/sign-in")
    page.evaluate("document.querySelector('label').remove()")
    assert [found for found in what_axe_finds(page) if found.startswith("label")]


@pytest.mark.parametrize("person", PAGES)
def test_nobody_scrolls_sideways_on_a_phone(browser: Browser, at: str, person: str) -> None:
    with browser.new_context(viewport=PHONE, base_url=at, java_script_enabled=True) as context:
        page = context.new_page()
        sign_in(page, person)
        wide = []
        for path in PAGES[person]:
            page.goto(path)
            wide += [path] if is_too_wide(page) else []
        assert wide == []


def test_an_offer_is_opened_and_declined_by_keys_alone_and_without_script(
    browser: Browser, at: str, node: Node
) -> None:
    with browser.new_context(base_url=at, java_script_enabled=False) as context:
        page = context.new_page()
        sign_in(page, "nurse")
        page.goto("/offers")
        press_until(page, "Открыть")
        page.wait_for_url(f"**/offers/{TASK}")
        assert node.events[-1]["data"]["answer"] == "seen"
        page.goto(f"/offers/{POOL}/decline")
        page.focus("#reason")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_url("**/offers")
        assert node.events[-1]["data"]["reason"] == code_lists()["decline-reason"].codes[0]


def press_until(page: Page, text: str) -> None:
    """Go on by the tabulator to what says this, and press it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.locator(":focus").inner_text().strip() == text:
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"{text} is not reached by keys")


def test_three_times_escape_leaves_at_once_and_ends_the_session(page: Page) -> None:
    sign_in(page, "nurse")
    for _ in range(3):
        page.keyboard.press("Escape")
    page.get_by_text(WEATHER).wait_for()
    page.goto("/offers")
    assert page.url.endswith("/sign-in")


def test_going_back_after_leaving_shows_no_page_of_before(page: Page) -> None:
    sign_in(page, "nurse")
    page.goto("/offers")
    page.click("#leave")
    page.get_by_text(WEATHER).wait_for()
    page.go_back()
    assert page.locator("text=Посещение").count() == 0


def test_who_the_person_is_stands_in_no_address_and_is_gone_after_going_back(page: Page) -> None:
    sign_in(page, "case-worker")
    page.goto(f"/cases/{CASE}")
    page.get_by_role("button", name="Показать, кто это").click()
    assert page.input_value("#name") == "Pavel Invented"
    assert "Pavel" not in page.url + page.title()
    assert what_axe_finds(page) == []
    page.goto("/cases")
    with suppress(Error):  # Chromium has not kept it, and asks before it would send the form again
        page.go_back()
    assert page.locator("#name").count() == 0
    assert "Pavel" not in page.content()


def test_a_script_in_a_page_would_not_run(page: Page) -> None:
    sign_in(page, "nurse")
    page.evaluate(
        "const made = document.createElement('script'); made.textContent = 'window.ran = 1';"
        "document.body.append(made)"
    )
    assert page.evaluate("window.ran") is None


def test_a_missing_chromium_is_a_failure_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NRM_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(pytest.fail.Exception, match="apt-get install chromium"):
        chromium()
    assert "NRM_CHROMIUM" in MISSING
