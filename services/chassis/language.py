"""The language a caller is answered in: what `Accept-Language` asks for, of those of the house.

Only labels are said in it; codes, places and ids are alike in every language.
"""

import re
from contextvars import ContextVar
from typing import Final

from contracts.vocabulary import LANGUAGES, code_lists

RANGES_LIMIT: Final = 20
"""Language ranges that are looked at; browsers send two to six."""
RANGE_LENGTH: Final = 80
"""Characters of a range, its weight and the blanks around it; longer ones are not looked at: before
a caller is known, nothing may take longer than it is worth."""
_RANGE: Final = re.compile(
    r"([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9]{1,8})*(?:\s*;\s*[qQ]=([01](?:\.[0-9]{0,3})?))?"
)
_asked: Final[ContextVar[str]] = ContextVar("language", default=LANGUAGES[0])


def language_of(header: str) -> str:
    """The language of the house that ``header`` likes best; the first one when it names none.

    Weights as in RFC 9110, 12.4.2 and 12.5.4; of a range only its first subtag is compared, which
    is what the lookup of RFC 4647, 3.4 comes to where no language of the house has a second one.
    """
    liked: list[tuple[float, str]] = []
    for part in header.split(",", RANGES_LIMIT)[:RANGES_LIMIT]:
        found = _RANGE.fullmatch(part.strip()) if len(part) <= RANGE_LENGTH else None
        if found is None:
            continue
        name, weight = found[1].lower(), float(found[2] or 1)
        language = LANGUAGES[0] if name == "*" else name
        if language in LANGUAGES and weight > 0:
            liked.append((weight, language))
    return max(liked, key=lambda each: each[0], default=(0.0, LANGUAGES[0]))[1]


def answer_in(header: str) -> None:
    """From here on the labels of this request are said in the language that it asks for."""
    _asked.set(language_of(header))


def language() -> str:
    """ISO 639-1: the language of the request that is being answered."""
    return _asked.get()


def label(list_name: str, code: str) -> str:
    """What people read for ``code``, in the language of the request."""
    return code_lists()[list_name].label(code, language())
