"""What a topic is, for whoever wants one and whoever asks a broker: no client is needed for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class TopicShape:
    """A topic as the broker keeps it: its partitions and the settings that are its own."""

    name: str
    partitions: int
    settings: Mapping[str, str]
