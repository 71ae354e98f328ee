"""How a process reaches Kafka, how long it waits for it, and what its errors are called here.

An error of aiokafka may hold parts of a record: only the name of its class is kept.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import errors as kafka_errors

from services.chassis.errors import BrokerUnavailable, NrmError
from services.chassis.messaging.broker import CommitRefused, RecordRefused

PERMANENT: Final = (
    kafka_errors.MessageSizeTooLargeError,
    kafka_errors.InvalidMessageError,
    kafka_errors.CorruptRecordException,
    kafka_errors.InvalidTimestampError,
)
NOT_OURS: Final = (
    kafka_errors.CommitFailedError,
    kafka_errors.IllegalStateError,
    kafka_errors.UnknownMemberIdError,
    kafka_errors.IllegalGenerationError,
    kafka_errors.RebalanceInProgressError,
)
CLIENT_FAILURES: Final = (kafka_errors.KafkaError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaSettings:
    """One bus. Every wait is bounded here.

    ``slot`` makes consumers static members of their groups: the same slot may not run twice.
    Without one (tools, tests) they are dynamic members.
    """

    name: str
    bootstrap: str
    client_id: str
    slot: int | None = None
    ssl_context: ssl.SSLContext | None = None
    start_seconds: float = 30.0
    answer_seconds: float = 10.0
    hand_over_seconds: float = 10.0
    stop_seconds: float = 2.0
    """A client that does not end is let go of, which may take as long once more."""
    reader_wait_seconds: float = 5.0
    """How long the broker may keep a reader waiting that has read everything: it answers at once
    when there is something. A seek waits for the end of what was asked before.
    """
    again_seconds: float = 0.5
    """How long a client rests before it looks once more for a broker that is away."""
    session_seconds: float = 10.0
    rebalance_seconds: float = 30.0
    batch_bytes: int = 262_144
    linger_milliseconds: int = 0

    def client(self) -> dict[str, Any]:
        """What every client of aiokafka is given."""
        return {
            "bootstrap_servers": self.bootstrap,
            "client_id": self.client_id,
            "security_protocol": "SSL" if self.ssl_context else "PLAINTEXT",
            "ssl_context": self.ssl_context,
            "request_timeout_ms": int(self.answer_seconds * 1000),
            "retry_backoff_ms": int(self.again_seconds * 1000),
        }

    def static_member(self, group: str) -> str | None:
        """The name under which the group knows this process slot, across restarts."""
        return None if self.slot is None else f"{group}.slot-{self.slot}"


def explain(error: BaseException) -> NrmError:
    """Our name for an error of the client: refused for good, or to be tried again."""
    name = type(error).__name__
    if isinstance(error, NrmError):
        return error
    if isinstance(error, PERMANENT):
        return RecordRefused(f"the bus refuses the record ({name})")
    if isinstance(error, NOT_OURS):
        return CommitRefused(f"the assignment is no longer ours ({name})")
    if isinstance(error, TimeoutError):
        return BrokerUnavailable("the bus did not answer in time")
    return BrokerUnavailable(f"the bus does not answer as it should ({name})")


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turn what aiokafka raises into errors of the house; nothing of the text is kept."""
    try:
        yield
    except CLIENT_FAILURES as error:
        raise explain(error) from None


async def within(seconds: float, work: Coroutine[Any, Any, Any]) -> bool:
    """Run ``work`` for at most ``seconds``; False says that it failed, hung, or ignored the end.

    Never waits for a task that does not let itself be cancelled: aiokafka has some.
    """
    task = asyncio.ensure_future(work)
    try:
        done, _pending = await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if not done:
        task.cancel()
        task.add_done_callback(_forget)
        return False
    return not task.cancelled() and task.exception() is None


def _forget(task: "asyncio.Future[Any]") -> None:
    if not task.cancelled():
        task.exception()
