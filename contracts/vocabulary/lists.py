"""The code lists, read once from `codes.yaml` and `standards.yaml`; and what an unknown code means.

An unknown code is taken as the list's fallback at once and the original is kept beside it:
help never waits for a mapping.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

NOT_YET_KNOWN: Final = "not-yet-known"
_HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeList:
    """One list: its codes in order, and the code that an unknown one is taken as."""

    name: str
    codes: tuple[str, ...]
    fallback: str
    source: str

    def __contains__(self, code: object) -> bool:
        return code in self.codes


def _read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(
        (_HERE / name).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
    )
    return loaded


@cache
def code_lists() -> Mapping[str, CodeList]:
    """Every list by name."""
    standards = _read("standards.yaml")
    lists = {}
    for name, body in _read("codes.yaml")["lists"].items():
        codes = tuple(body.get("codes") or standards[body["from_standard"]])
        if body["fallback"] not in codes:
            raise ValueError(f"code list {name}: fallback is not one of its codes")
        lists[name] = CodeList(
            name=name, codes=codes, fallback=body["fallback"], source=body.get("source", "project")
        )
    return lists


def taken_as(list_name: str, code: str) -> str:
    """``code`` if the list holds it, else the list's fallback."""
    codes = code_lists()[list_name]
    return code if code in codes else codes.fallback
