"""What became of rows that were handed over: which arrived, which may be forgotten, which failed.

A row may be forgotten only where every row before it in its lane arrived too.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from services.chassis.errors import BrokerUnavailable
from services.chassis.messaging.broker import Acknowledged
from services.chassis.messaging.relay_rows import Lane, OutboxRow


@dataclass(slots=True)
class Sent:
    """One row and its answer, which other rows may share."""

    row: OutboxRow
    answer: "asyncio.Future[Acknowledged]"


def acknowledged_prefix(sent: Sequence[Sent]) -> list[OutboxRow]:
    """Per lane, the rows before the first one that did not arrive."""
    failed: set[Lane] = set()
    arrived = []
    for one in sent:
        if not one.answer.done() or one.answer.exception() is not None:
            failed.add(one.row.lane)
        elif one.row.lane not in failed:
            arrived.append(one.row)
    return arrived


def failure_of(one: Sent) -> BaseException | None:
    """Why it did not arrive, as far as is known; nothing where it arrived."""
    if not one.answer.done():
        return BrokerUnavailable("not acknowledged")
    return one.answer.exception()
