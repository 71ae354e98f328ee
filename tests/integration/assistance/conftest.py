"""A bench with assistance on it, at a node that provides."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from contracts.vocabulary import load_profile
from services.assistance import main
from services.assistance.access import ROUTES
from services.assistance.disclosure import NUMBERS
from services.assistance.handlers import Context, deadlines, subscriptions, tell_places
from tests.support.postgres import Postgres
from tests.support.service_bench import Bench, Fitting, open_bench, template_of


@pytest.fixture(scope="session")
def assistance_template(postgres_server: Postgres) -> str:
    return asyncio.run(template_of(postgres_server, "assistance", main.MIGRATIONS))


@pytest_asyncio.fixture
async def provider(
    postgres_server: Postgres, assistance_template: str, tmp_path: Path
) -> AsyncIterator[Bench]:
    context = Context(profile=load_profile("BY-draft"))
    fitting = Fitting(
        main=main,
        node="ngo-brest",
        subscriptions=subscriptions(context),
        deadlines=deadlines(context),
        routes=ROUTES,
        numbers=NUMBERS,
        inside=tell_places,
    )
    async with open_bench(postgres_server, assistance_template, tmp_path, fitting) as bench:
        yield bench
