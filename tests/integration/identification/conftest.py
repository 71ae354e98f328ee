"""Benches with identification on them: one at a detecting node, one at an identifying node."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from contracts.vocabulary import load_profile
from services.chassis.telemetry import Telemetry
from services.identification import main
from services.identification.access import ROUTES
from services.identification.api import add_routes
from services.identification.domain import Clocks
from services.identification.handlers import Context, deadlines, subscriptions
from tests.support.postgres import Postgres
from tests.support.service_bench import Bench, Fitting, open_bench, template_of
from tests.support.settings import plain_settings


@pytest.fixture(scope="session")
def identification_template(postgres_server: Postgres) -> str:
    return asyncio.run(template_of(postgres_server, "identification", main.MIGRATIONS))


@pytest.fixture
def counted(tmp_path: Path) -> Iterator[Telemetry]:
    """Where the handlers of both benches count."""
    telemetry = Telemetry(plain_settings(tmp_path))
    yield telemetry
    telemetry.close()


def fitting_at(node: str, counted: Telemetry, profile: str = "BY-draft") -> Fitting:
    clocks = Clocks(profile=load_profile(profile))
    context = Context(clocks=clocks, telemetry=counted)
    return Fitting(
        main=main,
        add_routes=partial(add_routes, clocks=clocks),
        node=node,
        subscriptions=subscriptions(context),
        deadlines=deadlines(context),
        routes=ROUTES,
    )


@pytest_asyncio.fixture
async def border(
    postgres_server: Postgres, identification_template: str, tmp_path: Path, counted: Telemetry
) -> AsyncIterator[Bench]:
    fitting = fitting_at("border-brest", counted)
    async with open_bench(postgres_server, identification_template, tmp_path, fitting) as bench:
        yield bench


@pytest_asyncio.fixture
async def interior(
    postgres_server: Postgres, identification_template: str, tmp_path: Path, counted: Telemetry
) -> AsyncIterator[Bench]:
    fitting = fitting_at("interior-brest", counted)
    async with open_bench(postgres_server, identification_template, tmp_path, fitting) as bench:
        yield bench
