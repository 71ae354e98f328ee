"""Fixtures: one Chromium for the folder, and the pages of a played node."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import DESK, a_browser, elsewhere, served
from tests.support.console_bench import Node, everything_shown
from tests.support.console_cases import CHILD, a_childs_case, letters
from tests.support.console_help import help_shown, still_here
from tests.support.console_holds import holds_shown
from tests.support.console_looking import looking_shown
from tests.support.console_much import much_shown
from tests.support.console_news import news_shown
from tests.support.console_received import EVERYTHING, notices_shown


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with a_browser() as opened:
        yield opened


@pytest.fixture(scope="package")
def node() -> Node:
    """A node with something on every page."""
    child = {f"identification/v1/cases/{CHILD}": a_childs_case(), **letters()}
    others = notices_shown(*EVERYTHING) | news_shown() | still_here() | looking_shown()
    others |= holds_shown() | much_shown()
    return Node(shows=everything_shown() | child | help_shown() | others)


@pytest.fixture(scope="package")
def at(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where its pages are served."""
    folder: Path = tmp_path_factory.mktemp("pages")
    with elsewhere() as away, served(node, folder, away) as address:
        yield address


@pytest.fixture
def page(browser: Browser, at: str) -> Iterator[Page]:
    """A window of a desk's screen, in which nobody is signed in."""
    with browser.new_context(viewport=DESK, locale="ru", base_url=at) as context:
        yield context.new_page()
