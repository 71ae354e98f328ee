"""Asking a service whether it is ready: directly, and whatever listens there."""

import os
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from deploy.local import readiness
from deploy.local.control import OBSERVER, direct_to_loopback
from deploy.local.layout import StateFolder, write_json
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.readiness import Answer, ask_service


class Stranger(BaseHTTPRequestHandler):
    """A program that is none of ours: it answers no JSON, and remembers what it was told."""

    told: list[str]
    code = 404

    def do_GET(self) -> None:
        self.told.append(f"{self.path} {self.headers.get('authorization')}")
        self.send_error(self.code)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def stranger() -> Iterator[str]:
    Stranger.told, Stranger.code = [], 404
    server = HTTPServer((LOOPBACK, 0), Stranger)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_no_token_goes_to_the_machines_proxy(
    stranger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", stranger)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setattr(urllib.request, "_opener", None)
    (nobody,) = free_ports(1)
    assert ask_service(f"http://{LOOPBACK}:{nobody}", "a-token") == Answer(ready=False, parts={})
    assert Stranger.told == []


def test_what_the_stack_sends_to_itself_goes_by_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"HTTP_PROXY": "http://elsewhere.example:1", "NO_PROXY": "inside.example", "PATH": "p"}
    for name, value in direct_to_loopback(given).items():
        monkeypatch.setenv(name, value)
    asked = {host: urllib.request.proxy_bypass(host) for host in (LOOPBACK, "inside.example", "a")}
    assert asked == {LOOPBACK: True, "inside.example": True, "a": False}
    assert (os.environ["PATH"], os.environ["HTTP_PROXY"]) == ("p", given["HTTP_PROXY"])


def test_status_tells_where_an_observed_stack_can_be_looked_at(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    write_json(state.stack, {"observe": {"bridge": 2, "zipkin": 3}})
    write_json(state.processes, {OBSERVER: {"state": "held", "identity": None}})
    (told,) = readiness.processes_told(state)
    assert (told["address"], told["traces"]) == (
        "http://127.0.0.1:2/",
        "http://127.0.0.1:3/zipkin/",
    )


@pytest.mark.parametrize("code", [200, 404])
def test_what_listens_there_and_is_no_service_is_not_ready(code: int, stranger: str) -> None:
    Stranger.code = code
    assert ask_service(stranger) == Answer(ready=False, parts={})
