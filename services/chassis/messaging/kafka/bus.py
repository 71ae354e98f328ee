"""One Kafka as one process sees it: makes producers, consumers and readers, and asks questions.

The connection for questions is made when first needed and thrown away after any failure, so that
an unreachable broker is asked afresh. Topics are never created here: deploy tooling does that.
"""

import asyncio
from collections.abc import Iterable, Mapping

from aiokafka import TopicPartition as KafkaPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from services.chassis.messaging.broker import (
    ConsumerOptions,
    Listener,
    TopicMissing,
    TopicPartition,
)
from services.chassis.messaging.kafka.connection import (
    CLIENT_FAILURES,
    KafkaSettings,
    explain,
    within,
)
from services.chassis.messaging.kafka.consumer import KafkaConsumer, Membership
from services.chassis.messaging.kafka.log_limit import calm_client_logs
from services.chassis.messaging.kafka.producer import KafkaProducer
from services.chassis.messaging.kafka.reader import KafkaReader


class KafkaBroker:
    """See ``broker.Broker``."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._admin: AIOKafkaAdminClient | None = None
        self._asking = asyncio.Lock()
        calm_client_logs()

    @property
    def name(self) -> str:
        """``local`` or ``hub``."""
        return self._settings.name

    def producer(self) -> KafkaProducer:
        """A new producer, not started."""
        return KafkaProducer(self._settings)

    def consumer(
        self,
        group: str,
        topics: Iterable[str],
        listener: Listener,
        options: ConsumerOptions | None = None,
    ) -> KafkaConsumer:
        """A new member of ``group``, not started."""
        membership = Membership(group, frozenset(topics), listener, options or ConsumerOptions())
        return KafkaConsumer(self._settings, membership, self.require_topics)

    def reader(self, topic: str, partition: int = 0) -> KafkaReader:
        """A new reader of one partition, not started."""
        return KafkaReader(self._settings, TopicPartition(topic, partition), self.require_topics)

    async def topics(self) -> Mapping[str, int]:
        """Every topic that may be seen, with its number of partitions."""
        async with self._asking:
            try:
                async with asyncio.timeout(self._settings.answer_seconds):
                    admin = await self._connected()
                    found = await admin.describe_topics()
            except CLIENT_FAILURES as error:
                await self._forget()
                raise explain(error) from None
        return {
            topic["topic"]: len(topic["partitions"]) for topic in found if not topic["is_internal"]
        }

    async def require_topics(self, topics: Iterable[str]) -> None:
        """Raise TopicMissing with a sentence unless all of these exist."""
        missing = sorted(set(topics) - set(await self.topics()))
        if missing:
            raise TopicMissing(
                f"the {self.name} bus has no topic {', '.join(missing)} (or it may not be seen): "
                "topics are created by `nrm up` or the deployment, never by a service"
            )

    async def delete_records(self, partition: TopicPartition, before_offset: int) -> None:
        """Delete every record below ``before_offset``."""
        await self.require_topics([partition.topic])
        async with self._asking:
            try:
                async with asyncio.timeout(self._settings.answer_seconds):
                    admin = await self._connected()
                    await admin.delete_records(
                        {KafkaPartition(*partition): RecordsToDelete(before_offset=before_offset)}
                    )
            except CLIENT_FAILURES as error:
                await self._forget()
                raise explain(error) from None

    async def _connected(self) -> AIOKafkaAdminClient:
        if self._admin is None:
            self._admin = AIOKafkaAdminClient(**self._settings.client())
            await self._admin.start()
        return self._admin

    async def _forget(self) -> None:
        admin, self._admin = self._admin, None
        if admin is not None:
            await within(self._settings.stop_seconds, admin.close())

    async def close(self) -> None:
        """Let go of the connection used for questions."""
        async with self._asking:
            await self._forget()
