"""YAML read so that nothing is lost without a word: a name that is written twice is told.

YAML's own reader takes the last of two and says nothing. Every error names the line.
"""

from dataclasses import dataclass
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class ReadText:
    """What a text holds, the tree it was made of, and names that stand twice in one mapping."""

    body: Any
    root: yaml.Node | None
    twice: tuple[tuple[int, str], ...]
    """Line (from 1) and name of each second one."""


class _Loader(yaml.CSafeLoader):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.twice: list[tuple[int, str]] = []
        self.root: yaml.Node | None = None

    def get_single_node(self) -> yaml.Node | None:
        self.root = super().get_single_node()
        return self.root

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen:
                self.twice.append((line_of(key), name))
            seen.add(name)
        return super().construct_mapping(node, deep)


def read_strictly(text: str) -> ReadText:
    """The text as YAML; ValueError names the line where it is none."""
    try:
        loader = _Loader(text)
        try:
            body = loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ValueError(f"line {mark.line + 1 if mark else 1}: it is no YAML") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ValueError("line 1: it is no YAML") from None
    return ReadText(body=body, root=loader.root, twice=tuple(loader.twice))


def line_of(node: yaml.Node) -> int:
    """The line on which a node begins, counted from 1."""
    return int(node.start_mark.line) + 1
