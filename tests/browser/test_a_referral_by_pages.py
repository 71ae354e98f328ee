"""From offer to visit by pages only, on the real stack: a case worker asks, a nurse helps.

With ``NRM_SHOTS`` naming a folder, each step is kept as a picture, for a desk and for a phone.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from deploy.demo.stage import Stage
from deploy.demo.stories import loop
from deploy.local import control
from deploy.local.layout import StateFolder
from deploy.local.tokens import read_token
from tests.support.browser import DESK, PHONE, a_browser, is_too_wide, what_axe_finds

SHOTS = "NRM_SHOTS"
SECONDS = 30_000
SIZES = {"desk": DESK, "phone": PHONE}
WITHIN_SECONDS = 40.0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as opened:
        yield opened


class Person:
    """Somebody of a node at a browser, who takes pictures of what is seen."""

    def __init__(self, page: Page, state: StateFolder, node: str, size: str) -> None:
        self.page, self.size = page, size
        self.at = control.address_of(state, node, "console")
        self._state, self._node = state, node
        self._shown = 0
        page.set_default_timeout(SECONDS)

    def sign_in(self, who: str) -> None:
        self.page.goto(f"{self.at}/sign-in")
        self.page.fill("#token", read_token(self._state, self._node, who))
        self.look(f"{who}-sign-in")
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(f"{self.at}/")
        self.look(f"{who}-home")

    def opens(self, path: str, name: str) -> None:
        self.page.goto(self.at + path)
        self.look(name)

    def presses(self, words: str) -> None:
        self.page.get_by_role("button", name=words, exact=True).first.click()
        self.page.wait_for_load_state()

    def picks(self, *values: str) -> None:
        for value in values:
            self.page.locator(f"input[value='{value}']").first.check()

    def look(self, name: str) -> None:
        assert what_axe_finds(self.page) == [], name
        assert not is_too_wide(self.page), name
        if folder := os.environ.get(SHOTS):
            self._shown += 1
            place = Path(folder) / f"{self.size}-{self._shown:02}-{name}.png"
            self.page.screenshot(path=place, full_page=True)


def consents(person: Person, case: str) -> None:
    """The person agrees that the Red Cross may be asked."""
    person.opens(f"{case}/consent", "consent")
    person.picks("referral", "coded-case", "needs", loop.REDCROSS)
    person.page.select_option("#language", "ru")
    person.presses("Сохранить")
    person.look("consented")


def asks_for_a_nurse(person: Person, case: str) -> None:
    """A nursing visit is asked for; who was asked and why is shown."""
    person.opens(f"{case}/referral", "referral")
    person.picks("nursing-visit", loop.REDCROSS)
    person.presses("Сохранить")
    person.page.wait_for_url("**/requests/*")
    person.look("request")


def waits_for(person: Person, path: str, text: str, stage: Stage) -> None:
    """Load a page anew until it says something."""

    def says() -> bool:
        person.page.goto(person.at + path)
        return person.page.get_by_text(text, exact=True).count() > 0

    stage.until(text, says, WITHIN_SECONDS)


def takes_on(nurse: Person, stage: Stage) -> None:
    """The nurse opens the offer and takes the person on."""
    waits_for(nurse, "/offers", "Открыть", stage)
    nurse.look("offers")
    nurse.presses("Открыть")
    nurse.look("offer")
    nurse.presses("Согласиться помочь")
    stage.until("the place", lambda: _is_kept(nurse), WITHIN_SECONDS)
    nurse.look("accepted")


def _is_kept(nurse: Person) -> bool:
    nurse.page.reload()
    return nurse.page.get_by_role("link", name="Записать помощь").count() > 0


def visits(nurse: Person) -> None:
    """Two visits are recorded; with the second the help ends."""
    nurse.page.get_by_role("link", name="Записать помощь").click()
    for outcome in ("", "need-met"):
        if outcome:
            nurse.page.select_option("#outcome", outcome)
        nurse.look("visit")
        nurse.presses("Сохранить")
        nurse.page.get_by_role("status").wait_for()
        nurse.look("visited")


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES)
def test_a_referral_goes_from_offer_to_visit_by_pages_only(
    stage: Stage, stack_state: StateFolder, browser: Browser, size: str
) -> None:
    _, at_interior = loop.hand_over(stage, f"pages-{size}")
    stage.agency(loop.INTERIOR).put_person(at_interior, {"names": [{"full": "Павел Выдуманный"}]})
    with (
        browser.new_context(viewport=SIZES[size], locale="ru") as one,
        browser.new_context(viewport=SIZES[size], locale="ru") as two,
    ):
        worker = Person(one.new_page(), stack_state, loop.INTERIOR, f"worker-{size}")
        nurse = Person(two.new_page(), stack_state, loop.REDCROSS, f"nurse-{size}")
        case = f"/cases/{at_interior}"
        worker.sign_in("case-worker")
        worker.opens("/cases", "cases")
        worker.opens(case, "case")
        worker.presses("Показать, кто это")
        worker.look("person")
        consents(worker, case)
        asks_for_a_nurse(worker, case)
        nurse.sign_in("nurse")
        waits_for(nurse, "/news", "Пришло предложение", stage)
        nurse.look("news")
        takes_on(nurse, stage)
        visits(nurse)
        waits_for(worker, case, "Потребность удовлетворена", stage)
        worker.look("closed-loop")
