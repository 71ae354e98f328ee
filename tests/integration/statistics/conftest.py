"""A bench for each role: contributor, custodian, publisher."""

import asyncio
from collections.abc import AsyncIterator, Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio

from services.statistics.contributor import access as contributor_access
from services.statistics.contributor import api as contributor_api
from services.statistics.contributor import handlers as contributor
from services.statistics.contributor.settings import Settings as ContributorSettings
from services.statistics.custodian import access as custodian_access
from services.statistics.custodian import api as custodian_api
from services.statistics.custodian import handlers as custodian
from services.statistics.custodian.settings import Settings as CustodianSettings
from services.statistics.publisher import access as publisher_access
from services.statistics.publisher import api as publisher_api
from services.statistics.publisher import handlers as publisher
from services.statistics.publisher.settings import Settings as PublisherSettings
from tests.support.postgres import Postgres
from tests.support.service_bench import Bench, Fitting, open_bench, template_of

ROLES = Path(contributor.__file__).parents[1]


class Later:
    """Stands for something that is opened after it is needed."""

    def __init__(self) -> None:
        self.it: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.it, name)


@pytest.fixture(scope="session")
def templates(postgres_server: Postgres) -> dict[str, str]:
    return {
        role: asyncio.run(template_of(postgres_server, role, ROLES / role / "migrations"))
        for role in ("contributor", "custodian", "publisher")
    }


def a_main(role: str, settings: Any, add_routes: Callable[[Any, Any], None]) -> Any:
    return SimpleNamespace(
        Settings=lambda **given: settings(**given | {"database_schema": role}),
        MIGRATIONS=ROLES / role / "migrations",
        add_routes=add_routes,
    )


@pytest_asyncio.fixture
async def node(
    postgres_server: Postgres, templates: dict[str, str], tmp_path: Path
) -> AsyncIterator[Bench]:
    database: Any = Later()
    context = contributor.Context(
        node="border-brest",
        service="statistics.contributor",
        cap=Fraction(95, 100),
        noise=contributor.Noise(),
        database=database,
        clock=Later(),
    )
    fitting = Fitting(
        main=a_main(
            "contributor",
            ContributorSettings,
            lambda app, _database: contributor_api.add_routes(app, context),
        ),
        node="border-brest",
        subscriptions=contributor.subscriptions(context),
        deadlines=contributor.deadlines(context),
        routes=contributor_access.ROUTES,
    )
    async with open_bench(postgres_server, templates["contributor"], tmp_path, fitting) as bench:
        database.it = bench.frame.database
        yield bench


@pytest_asyncio.fixture
async def adder(
    postgres_server: Postgres, templates: dict[str, str], tmp_path: Path
) -> AsyncIterator[Bench]:
    database: Any = Later()
    context = custodian.Context(
        node="custodian-one",
        service="statistics.custodian",
        database=database,
    )
    fitting = Fitting(
        main=a_main(
            "custodian",
            CustodianSettings,
            lambda app, _database: custodian_api.add_routes(app, context),
        ),
        node="custodian-one",
        subscriptions=custodian.subscriptions(context),
        deadlines=custodian.deadlines(context),
        routes=custodian_access.ROUTES,
    )
    async with open_bench(postgres_server, templates["custodian"], tmp_path, fitting) as bench:
        database.it = bench.frame.database
        yield bench


@pytest_asyncio.fixture
async def hub(
    postgres_server: Postgres, templates: dict[str, str], tmp_path: Path
) -> AsyncIterator[Bench]:
    frame: Any = Later()
    context = publisher.Context(
        service="statistics.publisher",
        cap=Fraction(95, 100),
        frame=frame,
    )
    fitting = Fitting(
        main=a_main(
            "publisher",
            PublisherSettings,
            lambda app, _database: publisher_api.add_routes(app, context),
        ),
        node="hub",
        subscriptions=publisher.subscriptions(context),
        deadlines=publisher.deadlines(context),
        routes=publisher_access.ROUTES,
    )
    async with open_bench(postgres_server, templates["publisher"], tmp_path, fitting) as bench:
        frame.it = bench.frame
        yield bench
