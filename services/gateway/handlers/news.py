"""What people read of the news: each piece for the roles that it is for, the newest first.

Of frozen cases only what the freeze asks of people. Which cases were shown to whom is recorded. A
look goes through so many entries at most, and says where to go on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.chassis.audit import record
from services.chassis.database import Transaction
from services.chassis.identity import Caller
from services.chassis.messaging.feeds import LAST, Entry
from services.gateway.access.news import readers_of
from services.gateway.disclosure.news import news_shown
from services.gateway.domain.news import DESTRUCTION_DUE, it_cannot_wait, kind_of
from services.gateway.handlers.context import GatewayContext
from services.gateway.handlers.feeds import INCOMING, TOLD_OF_A_FROZEN_CASE, case_of
from services.gateway.handlers.holds import DESTROYED, DONE
from services.gateway.store import acts, cases

BATCH: Final = 500
LOOKS: Final = 4
"""So many batches are looked through at once, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which news somebody asks for."""

    before: int | None
    since: datetime | None
    kinds: frozenset[str]
    """None of them: every kind."""
    limit: int
    cannot_wait: bool = False
    """Only what cannot wait."""


@dataclass(slots=True)
class Found:
    """A page of news, and before which position to go on; None: there is nothing older."""

    news: list[dict[str, Any]] = field(default_factory=list)
    older: int | None = None


async def read_news(context: GatewayContext, caller: Caller, wanted: Wanted) -> Found:
    """The newest pieces that are for one of the caller's roles."""
    found, before = Found(), wanted.before or LAST
    for _ in range(LOOKS):
        entries = await context.feeds.read_back(INCOMING, before, BATCH)
        young = [entry for entry in entries if _is_young(entry, wanted.since)]
        async with context.database.transaction() as tx:
            for position, piece in await _readable(tx, caller, wanted, young):
                found.news.append(piece)
                if len(found.news) == wanted.limit:
                    found.older = position
                    break
        if found.older is not None or len(entries) < BATCH or not young:
            break
        before = entries[-1].position
    else:
        found.older = before
    await _recorded(context, caller, found.news)
    return found


def _is_young(entry: Entry, since: datetime | None) -> bool:
    """By business time; whoever finds a whole batch too old looks no further."""
    return since is None or datetime.fromisoformat(entry.body["time"]) >= since


def _is_wanted(entry: Entry, wanted: Wanted) -> bool:
    fits = not wanted.kinds or kind_of(entry.body) in wanted.kinds
    return fits and (it_cannot_wait(entry.body) or not wanted.cannot_wait)


async def _readable(
    tx: Transaction, caller: Caller, wanted: Wanted, entries: Sequence[Entry]
) -> list[tuple[int, dict[str, Any]]]:
    """(position, piece) of what this caller may read and asked for."""
    asked = [entry for entry in entries if _is_wanted(entry, wanted)]
    named = [(entry, case_of(entry.body)) for entry in asked]
    rows = await cases.cases_among(tx, (case_id for _, case_id in named if case_id))
    destroyed = await _destroyed(tx, named)
    found = []
    for entry, case_id in named:
        row = rows.get(case_id) if case_id is not None else None
        led_here = row is not None and row.known
        if row is not None and row.frozen and entry.body["type"] not in TOLD_OF_A_FROZEN_CASE:
            continue
        of_nothing = case_id is None and entry.body["case_id"] is not None
        if not of_nothing and readers_of(entry.body, led_here=led_here) & caller.roles:
            done = _asks_to_destroy(entry) and case_id in destroyed
            found.append((entry.position, news_shown(entry.body, led_here=led_here, done=done)))
    return found


def _asks_to_destroy(entry: Entry) -> bool:
    return kind_of(entry.body) == DESTRUCTION_DUE


async def _destroyed(
    tx: Transaction, named: Iterable[tuple[Entry, UUID | None]]
) -> frozenset[UUID]:
    """Of which cases that were to be destroyed somebody saw to it that the safe has nothing."""
    due = {case_id for entry, case_id in named if case_id and _asks_to_destroy(entry)}
    return await acts.done_among(tx, DESTROYED, due, DONE)


async def _recorded(context: GatewayContext, caller: Caller, news: list[dict[str, Any]]) -> None:
    async with context.database.transaction() as tx:
        for case_id in dict.fromkeys(piece["case_id"] for piece in news if piece["case_id"]):
            record(tx, actor=caller.name, action="list-news", subject=case_id)
