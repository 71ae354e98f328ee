"""The texts of the pages, in every language of the house; labels of codes come from the contracts.

A text holds no value of a case but the ones that a page puts into it, in braces.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import yaml
from babel.dates import format_date, format_datetime, format_timedelta

from contracts.vocabulary import LANGUAGES, code_lists

FOLDER: Final = Path(__file__).with_name("texts")
AT: Final = {"en": "d MMM y, HH:mm", "ru": "d MMM y, HH:mm", "be": "d MMM y, HH:mm"}
WHY: Final[Mapping[str, str]] = {
    **dict.fromkeys(("declined", "task-declined"), "decline-reason"),
    **dict.fromkeys(("on-hold", "task-paused"), "pause-reason"),
    **dict.fromkeys(("not-sent", "task-not-sent"), "not-sent-reason"),
}
"""State of a task, or the news that it came to it -> the list of which its reason is a code."""
SOON: Final = timedelta(days=14)
"""A moment nearer than this is told by how far away it is, too."""


@cache
def texts() -> Mapping[str, tuple[str, ...]]:
    """Every text by name: one for each language, in the order of ``LANGUAGES``."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        loaded: dict[str, list[str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name, row in loaded.items():
            if name in found or len(row) != len(LANGUAGES):
                raise ValueError(f"text {name} of {path.name} is there twice or lacks a language")
            found[name] = tuple(row)
    return found


@dataclass(frozen=True, slots=True)
class Words:
    """Everything that is said, in one language and one time zone."""

    language: str
    zone: ZoneInfo

    def text(self, name: str, **values: Any) -> str:
        """A text of ours; KeyError for one that nobody wrote."""
        said = texts()[name][LANGUAGES.index(self.language)]
        return said.format(**values) if values else said

    def label(self, list_name: str, code: str) -> str:
        """What people read for a code."""
        return code_lists()[list_name].label(code, self.language)

    def verdict(self, code: str) -> str:
        """Why an agency was or was not offered; the code itself where no list has it."""
        codes = code_lists().get("routing-verdict")
        return codes.label(code, self.language) if codes is not None and code in codes else code

    def why(self, what: str, reason: str | None) -> str:
        """Why a task is in this state, or why it came to it; empty where nothing says so."""
        return self.label(WHY[what], reason) if reason and what in WHY else ""

    def title(self, list_name: str) -> str:
        """What people read for a code list."""
        return code_lists()[list_name].title.in_language(self.language)

    def codes(self, list_name: str) -> list[tuple[str, str]]:
        """Every code of a list with its label, in the list's order."""
        codes = code_lists()[list_name]
        return [(code, codes.label(code, self.language)) for code in codes.codes]

    def moment(self, at: datetime) -> str:
        """A date and time of day as people here write them."""
        return format_datetime(self._here(at), AT[self.language], locale=self.language)

    def moment_of(self, text: str) -> str:
        """The same for a time as a service tells it."""
        return self.moment(datetime.fromisoformat(text))

    def day(self, at: datetime) -> str:
        """A date."""
        return format_date(self._here(at), "d MMM y", locale=self.language)

    def away(self, at: datetime, now: datetime) -> str:
        """How far away a moment is: in three hours, two days ago."""
        return format_timedelta(at - now, add_direction=True, locale=self.language)

    def _here(self, at: datetime) -> datetime:
        """As clocks here show it; as it was told where the calendar ends before that."""
        with suppress(OverflowError, ValueError):
            at = at.astimezone(self.zone)
        return at.replace(tzinfo=None)
