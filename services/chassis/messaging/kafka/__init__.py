"""The bus on Apache Kafka. Only the modules of this folder may import aiokafka."""

from services.chassis.messaging.kafka.bus import KafkaBroker
from services.chassis.messaging.kafka.connection import KafkaSettings

__all__ = ["KafkaBroker", "KafkaSettings"]
