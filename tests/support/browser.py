"""Debian's Chromium for tests, and pages served to it from a played node.

No Chromium is a failure that says what to install: these tests may never be skipped in silence.
"""

import asyncio
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from console.app import make_app
from services.chassis.clock import FrozenClock
from tests.support.console_bench import NOW, Node, a_desk

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
MISSING = (
    "There is no Chromium for the browser tests: apt-get install chromium (Debian), or say where "
    "one is with NRM_CHROMIUM."
)
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
START_SECONDS = 20.0
WEATHER = "sunny, a little wind"
DESK = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=360, height=740)


def chromium() -> str:
    """Where Chromium is; a failure with a sentence when it is nowhere."""
    found = os.environ.get("NRM_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.fail(MISSING, pytrace=False)
    return found


@contextmanager
def a_browser() -> Iterator[Browser]:
    """A Chromium of its own; only the test's machine is asked for anything."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


class _Weather(BaseHTTPRequestHandler):
    """A page of somebody else, that tells nothing."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(WEATHER.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def elsewhere() -> Iterator[str]:
    """Another site, where whoever leaves at once is led."""
    with ThreadingHTTPServer(("localhost", 0), _Weather) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://localhost:{server.server_port}/"
        finally:
            server.shutdown()


@contextmanager
def served(node: Node, folder: Path, exit_address: str) -> Iterator[str]:
    """The pages of a played node at an address."""
    app = make_app(a_desk(node, FrozenClock(NOW), folder, {"exit_address": exit_address}))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{_port(server, thread)}"
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)


def _port(server: uvicorn.Server, thread: threading.Thread) -> int:
    waited = threading.Event()
    for _ in range(int(START_SECONDS * 100)):
        if server.started:
            return int(server.servers[0].sockets[0].getsockname()[1])
        if not thread.is_alive():
            break
        waited.wait(0.01)
    raise AssertionError("the pages are not served")


def what_axe_finds(page: Page) -> list[str]:
    """Every violation of accessibility that axe sees on a page, by rule and place."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found]


def is_too_wide(page: Page) -> bool:
    """Whether somebody would have to scroll sideways."""
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    return bool(page.evaluate(wide))
