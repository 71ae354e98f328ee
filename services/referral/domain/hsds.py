"""The text of a directory in HSDS JSON, record by record, each with its place and line.

A pass over the text instead of one over a tree: whoever imports 10,000 services sees how far it
is, and a refused record is named by the line it begins on. Pure: the text is given.
"""

import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, Final

BLANK: Final = " \t\r\n"
SERVICES: Final = "services"
RECORDS_LIMIT: Final = 100_000
"""No directory of a country is longer; what lies behind is not read."""


class NotHsds(ValueError):  # noqa: N818 - says what it is
    """The text is no directory at all; ``line`` is where that shows."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}: it is no HSDS JSON")
        self.line = line


@dataclass(frozen=True, slots=True)
class Positioned:
    """A record as it was written, where it begins, and how much of the text is behind it."""

    record: Any
    line: int
    end: int


@dataclass(slots=True)
class Reader:
    """Walks over the text; ``content`` has everything but the services once it is through."""

    text: str
    content: dict[str, Any]

    def records(self) -> Iterator[Positioned]:
        """Every service in order; NotHsds where the text breaks off or is something else."""
        at = self._past("{", self._skip(0))
        while self._at(at) != "}":
            name, at = self._value(at)
            at = self._skip(self._past(":", at))
            if name == SERVICES:
                at = yield from self._services(at)
            else:
                self.content[str(name)], at = self._value(at)
            at = self._next(at, "}")
        if self._skip(at + 1) != len(self.text):
            raise NotHsds(self._line(at))

    def _services(self, at: int) -> Generator[Positioned, None, int]:
        at, counted, upto = self._past("[", at), 1, 0
        for _ in range(RECORDS_LIMIT):
            if self._at(at) == "]":
                return self._skip(at + 1)
            counted, upto = counted + self.text.count("\n", upto, at), at
            record, end = self._value(at)
            yield Positioned(record, counted, end)
            at = self._next(end, "]")
        raise NotHsds(counted)

    def _value(self, at: int) -> tuple[Any, int]:
        try:
            value, end = _DECODER.raw_decode(self.text, at)
        except (ValueError, RecursionError):
            raise NotHsds(self._line(at)) from None
        return value, self._skip(end)

    def _next(self, at: int, closing: str) -> int:
        """Past a comma, or at the closing bracket."""
        return at if self._at(at) == closing else self._past(",", at)

    def _past(self, sign: str, at: int) -> int:
        if self._at(at) != sign:
            raise NotHsds(self._line(at))
        return self._skip(at + 1)

    def _at(self, at: int) -> str:
        return self.text[at : at + 1]

    def _skip(self, at: int) -> int:
        while self.text[at : at + 1] and self.text[at] in BLANK:
            at += 1
        return at

    def _line(self, at: int) -> int:
        return self.text.count("\n", 0, at) + 1


_DECODER: Final = json.JSONDecoder()
