"""Doors for agencies that have no Kafka: files and other formats, turned into the node's own HTTP.

Everything here stands outside of the node, on the agency's side: it calls the node's HTTP with the
caller's own token, and it keeps nothing about people but what the agency itself laid down.
"""
