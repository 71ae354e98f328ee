"""The observer's process: it ends with Zipkin, and a token that is missing does not end it."""

import asyncio
from pathlib import Path
from typing import cast

import pytest
import uvicorn

from deploy.local.layout import StateFolder, write_json
from deploy.local.tokens import token_path
from deploy.observe import program
from deploy.observe.zipkin import Zipkin
from tests.support.waiting import until


class Serving:
    """A server that serves until it is asked to end."""

    should_exit = False

    def handle_exit(self, *_told: object) -> None:
        """Nobody signals here."""

    async def serve(self) -> None:
        await until(lambda: self.should_exit)


class Living:
    """A Zipkin that lives for so many looks."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def running(self) -> bool:
        self.looks -= 1
        return self.looks >= 0


async def test_when_zipkin_ends_the_observer_ends_so_that_both_are_started_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(program, "LOOK_SECONDS", 0)
    server = Serving()
    serving = program.serve(cast(uvicorn.Server, server), cast(Zipkin, Living(looks=3)))
    assert await asyncio.wait_for(serving, 10) == program.ZIPKIN_ENDED
    assert server.should_exit


async def test_who_is_asked_to_end_ends_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "LOOK_SECONDS", 0)
    server = Serving()
    server.should_exit = True
    serving = program.serve(cast(uvicorn.Server, server), cast(Zipkin, Living(looks=0)))
    assert await asyncio.wait_for(serving, 10) == program.ENDED_WELL


def test_a_service_whose_token_is_missing_is_asked_without(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    write_json(state.stack, {"ports": {"a.gateway": 1, "b.gateway": 2}})
    path = token_path(state, "a", program.OPERATOR)
    path.parent.mkdir(parents=True)
    path.write_text("t")
    told = {name: dict(source.headers) for name, source in program.sources_of(state).items()}
    assert told == {"a.gateway": {"authorization": "Bearer t"}, "b.gateway": {}}
