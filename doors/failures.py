"""What can go wrong at a door, with a name; a sentence says what to do and repeats no content."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from contracts import vocabulary
from contracts.vocabulary import code_lists

FILE_REASONS = "file-reason"
REFUSAL_REASONS = "refusal-reason"


class DoorFailure(Exception):  # noqa: N818 - it says what is the case
    """A door cannot go on: wrong settings, no node, no permission."""


class NodeAway(DoorFailure):
    """The node is not there now; the same again later does nothing twice."""


class NothingThere(DoorFailure):
    """The node has nothing under an id, or does not show it."""


class FileRefused(DoorFailure):
    """A whole file is refused: a code of ``file-reason``, and columns as the mapping calls them."""

    def __init__(self, code: str, columns: tuple[str, ...] = ()) -> None:
        named = f" ({', '.join(columns)})" if columns else ""
        super().__init__(f"{code}{named}: {label_of(code)}. {what_to_do(code)}")
        self.code = code
        self.columns = columns


def list_of(code: str) -> str:
    """The list in which a reason's code stands: ours of files, or the node's of refusals."""
    return FILE_REASONS if code in code_lists()[FILE_REASONS] else REFUSAL_REASONS


def label_of(code: str, language: str = "en") -> str:
    """What people read for a reason."""
    return code_lists()[list_of(code)].label(code, language)


def what_to_do(code: str) -> str:
    """What helps against a reason, in English; the same sentence as on the page of refusals."""
    row = _meanings().get(list_of(code), {}).get(code)
    return str(row[-1]) if row else "Ask the node's operator."


@cache
def _meanings() -> dict[str, dict[str, list[Any]]]:
    path = Path(vocabulary.__file__).parent / "meanings.yaml"
    loaded: dict[str, dict[str, list[Any]]] = yaml.load(
        path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
    )
    return loaded
