"""One inbox with a handler of lists, on a real PostgreSQL, without a bus."""

from dataclasses import dataclass, field
from typing import Any

from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.messaging.inboxes import InboxSettler
from services.chassis.messaging.work import Answer, Received, Work
from tests.support.receiving import House, context_of, effects, envelope_of, read_back, rows, sent

Event = tuple[str, int] | tuple[str, int, str]


@dataclass
class Desk:
    """One inbox with a handler of lists."""

    database: Database
    settings: ServiceSettings
    house: House
    settler: InboxSettler
    offset: int = field(default=0)

    async def arrive(self, *events: Event, **changes: Any) -> None:
        """Records from the log, taken by a lane at once."""
        pieces = []
        for event in events:
            broken = event[2:] == ("broken",)
            envelope = envelope_of(*(event[:2] if broken else event), **changes)
            body = b"no json" if broken else None
            pieces.append(self.settler.prepare(read_back(sent(envelope, body), self.offset)))
            self.offset += 1
        follow = await self.settler.settle_together(pieces)
        for piece, moves in zip(pieces, follow, strict=True):
            if moves:
                await self.settler.follow(piece)

    async def effects(self) -> list[tuple[str, int]]:
        """What was handled."""
        return await effects(self.database)

    async def rows(self) -> list[tuple[str, int, str]]:
        """What is stored."""
        return await rows(self.database)

    def shown(self) -> str:
        """The numbers of the consumer."""
        return self.settler.handling._context.telemetry.render_metrics().decode()

    def settle_with(self, **changes: Any) -> None:
        """Another settler, with these changes."""
        given = {"subscriptions": self.house.subscriptions(together=True), **changes}
        self.settler = InboxSettler(context_of(self.house, self.database, self.settings, **given))


def of(*subjects: str, first: int = 1, last: int = 3) -> list[Event]:
    """Numbers of several subjects, in turn."""
    return [(subject, number) for number in range(first, last + 1) for subject in subjects]


def fails_on(*events: Event) -> Any:
    """A handler that fails by itself for these."""

    def behave(received: Received, _work: Work) -> None:
        if (received.envelope.subject, received.envelope.sequence) in events:
            raise ValueError("a bug")

    return behave


def answers_on(answer: Answer, *events: Event) -> Any:
    """A handler that answers so for these."""

    def behave(received: Received, _work: Work) -> Answer:
        return answer if (received.envelope.subject, received.envelope.sequence) in events else None

    return behave
