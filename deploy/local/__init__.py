"""The embedded stack: Kafka, PostgreSQL and every service on one machine, without Docker.

Everything that it writes is under one state folder; nothing here may listen beyond loopback.
"""
