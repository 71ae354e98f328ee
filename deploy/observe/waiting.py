"""Spans that wait for Zipkin, bounded by what they are: so many spans, of so many bytes.

A batch counts until it is settled, also while it is being sent. Nothing is kept on disk.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import orjson

SPANS_LIMIT = 30_000
"""As many as Zipkin keeps."""
BYTES_LIMIT = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Batch:
    """Spans of one request, as Zipkin wants them."""

    spans: int
    body: bytes


@dataclass(slots=True)
class Waiting:
    """First come, first sent."""

    spans_limit: int = SPANS_LIMIT
    bytes_limit: int = BYTES_LIMIT
    spans: int = 0
    size: int = 0
    _batches: deque[Batch] = field(default_factory=deque)
    _any: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, spans: list[dict[str, Any]]) -> bool:
        """Whether there was room for all of them."""
        if self.spans + len(spans) > self.spans_limit:
            return False
        batch = Batch(len(spans), orjson.dumps(spans))
        if self.size + len(batch.body) > self.bytes_limit:
            return False
        self._batches.append(batch)
        self.spans += batch.spans
        self.size += len(batch.body)
        self._any.set()
        return True

    async def first(self) -> Batch:
        """The oldest batch, once there is one; it stays until it is settled."""
        await self._any.wait()
        return self._batches[0]

    def settle(self) -> None:
        """The oldest batch was passed on, or given up."""
        batch = self._batches.popleft()
        self.spans -= batch.spans
        self.size -= len(batch.body)
        if not self._batches:
            self._any.clear()
