"""What a text may look like that an operator sees: forms in which no person's name can be written.

Logs and spans ask here. A word in the form of a code may be anybody's name in lower case, so where
nothing else is known of a text, only a word of our own code passes: a member of an enumeration, or
a constant marked as such. Nothing that came from outside may ever be marked.
"""

import re
from enum import Enum
from typing import Any, Final

LOOKS_LIKE_ID: Final = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-|[0-9]{9}|[0-9a-fA-F]{16}")
TOPIC: Final = re.compile(r"nrm\.[a-z0-9-]+(\.[a-z0-9-]+)*(\.v[0-9]{1,3})?")
PLACE: Final = re.compile(r"(?:[\w.-]+/)*\w+\.py:[0-9]{1,6}|nowhere|<[a-z ]+>:[0-9]{1,6}", re.ASCII)
VERSION: Final = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6}){0,3}")
METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
BUSES: Final = frozenset({"local", "hub"})
WORD_LIMIT: Final = 120


class Word(str):
    """A word or sentence of our own code. Made of a constant, never of what came from outside."""

    __slots__ = ()


def is_own_word(value: Any) -> bool:
    """Whether our own code chose it from words of its own."""
    if not isinstance(value, Word | Enum):
        return False
    text = value.value if isinstance(value, Enum) else value
    short = isinstance(text, str) and len(text) <= WORD_LIMIT and text.isascii()
    return short and LOOKS_LIKE_ID.search(text) is None


def is_exception_class(text: str) -> bool:
    """Whether a loaded class of exceptions is called so."""
    if text not in _known:
        _known.update(_names(BaseException))
    return text in _known


_known: Final[set[str]] = set()


def _names(above: type[BaseException]) -> set[str]:
    found, look = {above.__name__}, [above]
    while look:
        below = type.__subclasses__(look.pop())
        fresh = [each for each in below if each not in look]
        found.update(each.__name__ for each in fresh)
        look += fresh
    return found
