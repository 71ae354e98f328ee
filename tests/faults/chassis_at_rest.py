"""Brings the real chassis to rest: everything delivered, read, committed and swept."""

from datetime import timedelta
from typing import Any

from services.chassis.messaging.broker import OutgoingRecord
from services.chassis.messaging.relay_rows import OutboxRows
from tests.faults.chassis_world import TOGETHER, ChassisWorld, Producer
from tests.faults.story import CONSUMERS, PUBLISHERS, Violation
from tests.faults.three_services import LIMITS, Died

ROUNDS_LIMIT = 30


class WholeChassis(ChassisWorld):
    """A world of real services that can be brought to rest and looked at."""

    async def drain(self, *, redrive: bool = False) -> None:
        """Deliver, read, commit, sweep, until nothing changes."""
        for _ in range(ROUNDS_LIMIT):
            before = await self.image()
            await self._deliver_all()
            for name in CONSUMERS:
                await self._read_all(name)
                if redrive:
                    await self.redrive(name)
                await self._sweep_all(name)
            if await self.image() == before:
                return
        raise Violation("it never comes to rest")

    async def _deliver_all(self) -> None:
        for zombie in self.zombies:
            for row in zombie.queue:
                self.broker.append(row.record)
        self.zombies.clear()
        for name in PUBLISHERS:
            self.producers[name] = Producer(name)
            for row in await self.outbox(name):
                await self._deliver_one(name, row.position, row.record)

    async def _deliver_one(self, name: str, position: int, record: OutgoingRecord) -> None:
        self.broker.append(record)
        async with self.services[name].database.transaction() as tx:
            await OutboxRows(tx.connection, "local", name).delete([position])

    async def _read_all(self, name: str) -> None:
        for place in self.places(name):
            for _ in range(self.broker.log(place).end * 12 + 5):
                process = self.processes[name][0]
                many = TOGETHER if self.services[name].together else 1
                for _ in range(many):
                    self.fetch(process, place)
                if not process.flight:
                    break
                await self.settle(name, 0, *process.flight[:many])
        await self.commit(name, self.processes[name][0])

    async def _sweep_all(self, name: str) -> None:
        for _ in range(LIMITS.sweep_steps_each_stream):
            try:
                if not await self.processes[name][0].settler.sweep.once():
                    return
            except Died:
                await self.crash(name, 0)
        raise Violation(f"{name} moves for ever")

    async def pass_time(self) -> None:
        """Commands that wait give up."""
        for service in self.services.values():
            service.clock.advance(timedelta(seconds=61))

    async def image(self) -> list[Any]:
        """Everything a consumer knows, and how much was published."""
        known = []
        for name in CONSUMERS:
            known += [
                await self.keeper.fetch(query.format(name=name))
                for query in (
                    "SELECT * FROM {name}.inbox_mark ORDER BY 1, 2, 3, 4, 5",
                    "SELECT subject, source, topic, epoch, sequence, state, done"
                    " FROM {name}.inbox_row ORDER BY 1, 2, 3, 4, 5",
                    "SELECT event_id, epoch, sequence FROM {name}.effect ORDER BY id",
                    "SELECT * FROM {name}.consent ORDER BY 1",
                    "SELECT count(*) FROM {name}.published",
                )
            ]
        return known
