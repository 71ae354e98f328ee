"""Fixtures: pages of a played node."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.support.console_bench import (
    RESTRICTED,
    Bench,
    a_console,
    a_sent_task,
    a_task,
    an_episode,
    everything_shown,
)
from tests.support.console_news import NEWS, a_page


@pytest_asyncio.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """A node with an offer, an episode and a pool."""
    async with a_console(tmp_path) as opened:
        opened.node.shows |= everything_shown() | {
            NEWS: a_page(),
            "referral/v1/tasks": [a_task(), a_sent_task(task_id=RESTRICTED)],
            "assistance/v1/episodes": [an_episode()],
            "assistance/v1/lasting-stays": [],
        }
        yield opened
