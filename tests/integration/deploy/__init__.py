"""The embedded stack on real Kafka and PostgreSQL."""
