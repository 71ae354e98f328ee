"""A relay's own connection may fail in every way that the driver knows; the relay waits it out."""

import asyncpg
import pytest

from services.chassis.database import DRIVER_ERRORS
from services.chassis.errors import DatabaseUnavailable, InfrastructureFailure
from services.chassis.messaging import relay
from services.chassis.messaging.relay_rows import OutboxRows

WORDS = "a person's name"
LOST = (
    asyncpg.InternalClientError,
    asyncpg.InterfaceError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.AdminShutdownError,
    ConnectionResetError,
    TimeoutError,
)


class Lost:
    """A connection whose server died."""

    def __init__(self, failure: type[Exception]) -> None:
        self.failure = failure
        self.terminated = False

    async def fetchrow(self, *_arguments: object) -> None:
        raise self.failure(WORDS)

    async def close(self) -> None:
        raise self.failure(WORDS)

    def terminate(self) -> None:
        self.terminated = True


@pytest.mark.parametrize("failure", LOST)
async def test_a_lost_connection_is_infrastructure_to_the_relay(failure: type[Exception]) -> None:
    assert issubclass(failure, DRIVER_ERRORS)
    with pytest.raises(DatabaseUnavailable) as told:
        await OutboxRows(Lost(failure), "local", "referral").measure()
    assert isinstance(told.value, InfrastructureFailure)
    assert WORDS not in str(told.value)


@pytest.mark.parametrize("failure", LOST)
async def test_a_lost_connection_is_let_go_without_a_word(failure: type[Exception]) -> None:
    connection = Lost(failure)
    await relay._close(connection)
    assert connection.terminated
