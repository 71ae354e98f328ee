"""Names and duty phones of agencies, from the directory file, read again when the file changes.

Both belong to an agency, never to a person. A file that is missing or not of the expected form
gives none: neither news nor a form may wait for a directory.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from contracts.vocabulary import LANGUAGES

FILE_LIMIT_BYTES: Final = 16 * 1024 * 1024
PHONE_LIMIT: Final = 40
NAME_LIMIT: Final = 120


Phones = Mapping[tuple[str, str], str]
"""(node, service type) -> phone; the type is empty for the agency as a whole."""


@dataclass(frozen=True, slots=True)
class Called:
    """What an agency is called: HSDS's one name, and its name in each language that has one."""

    name: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    """Language (en, ru, be) -> name."""


Names = Mapping[str, Called]
"""Node -> what the agency is called."""
NAMELESS: Final = Called()


class Directory:
    """What the directory's file says of agencies now."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._phones: Phones = {}
        self._names: Names = {}

    async def phones(self) -> Phones:
        """Every known duty phone."""
        await self._look_again()
        return self._phones

    async def names(self) -> Names:
        """What each agency is called that has a name."""
        await self._look_again()
        return self._names

    async def _look_again(self) -> None:
        if self._path is not None:
            await asyncio.to_thread(self._look, self._path)

    def _look(self, path: Path) -> None:
        try:
            found = path.stat()
            stamp = (found.st_mtime_ns, found.st_size)
            if stamp == self._stamp or found.st_size > FILE_LIMIT_BYTES:
                return
            directory = _parsed(path.read_text(encoding="utf-8"))
            self._phones, self._names = phones_in(directory), names_in(directory)
            self._stamp = stamp
        except (OSError, ValueError, RecursionError, yaml.YAMLError):
            return


def _parsed(text: str) -> Any:
    """An imported directory is JSON, which is read much quicker than YAML."""
    if text.lstrip().startswith("{"):
        return json.loads(text)
    return yaml.load(text, Loader=yaml.CSafeLoader)


def phone_of(phones: Phones, node: str, service_type: str) -> str | None:
    """The duty phone of the service or, where it has none of its own, of the agency."""
    return phones.get((node, service_type)) or phones.get((node, ""))


def phones_in(directory: Any) -> Phones:
    """Every phone that the directory describes as ``duty``; HSDS names."""
    found: dict[tuple[str, str], str] = {}
    for service in _records(directory, "services"):
        node, service_type = service.get("organization_id"), service.get("service_type")
        phone = _duty_phone(service)
        if isinstance(node, str) and isinstance(service_type, str) and phone:
            found[node, service_type] = phone
            found.setdefault((node, ""), phone)
    for organization in _records(directory, "organizations"):
        node, phone = organization.get("id"), _duty_phone(organization)
        if isinstance(node, str) and phone:
            found[node, ""] = phone
    return found


def names_in(directory: Any) -> Names:
    """The names of every organization that has one, each on one line: HSDS's ``name``, and ours
    in each language.
    """
    found: dict[str, Called] = {}
    for organization in _records(directory, "organizations"):
        node, names = organization.get("id"), organization.get("names")
        told = names if isinstance(names, dict) else {}
        in_languages = {each: _one_line(told.get(each)) for each in LANGUAGES}
        called = Called(
            name=_one_line(organization.get("name")),
            names={each: name for each, name in in_languages.items() if name},
        )
        if isinstance(node, str) and called != NAMELESS:
            found[node] = called
    return found


def _one_line(given: object) -> str | None:
    """A name as a page shows it; None for what is none."""
    line = " ".join(given.split())[:NAME_LIMIT].rstrip() if isinstance(given, str) else ""
    return line or None


def _duty_phone(record: Mapping[str, Any]) -> str | None:
    for phone in _records(record, "phones"):
        number = phone.get("number")
        if phone.get("description") == "duty" and isinstance(number, str):
            return number[:PHONE_LIMIT]
    return None


def _records(parent: Any, name: str) -> list[dict[str, Any]]:
    listed = parent.get(name) if isinstance(parent, dict) else None
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
