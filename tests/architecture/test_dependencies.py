"""What is declared is imported, and what is imported is declared, in the part that needs it.

The software itself needs `dependencies`; tests, checks and benchmarks each bring their own group.
"""

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import files, packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OURS = {"contracts", "services", "console", "cli", "deploy", "doors", "tests", "benchmarks"}
TOOLS = ROOT / "contracts" / "tools"
SHIPPED = [ROOT / name for name in ("contracts", "services", "console", "cli", "deploy", "doors")]
PLUGINS = {
    "pytest-asyncio": "asyncio_mode",
    "pytest-xdist": "--dist",
    "types-pyyaml": "strict = true",
}
"""Loaded by another tool, never imported: the setting or option that is theirs."""
COMMANDS = {"ruff": "ruff", "mypy": "mypy", "import-linter": "lint-imports", "deptry": "deptry"}
FOUNDATIONS = {
    "starlette": "fastapi",
    "docker": "testcontainers",
    "opentelemetry-api": "opentelemetry-sdk",
    "opentelemetry-proto": "opentelemetry-exporter-otlp-proto-http",
    "protobuf": "opentelemetry-exporter-otlp-proto-http",
}
"""What another dependency stands on and brings in the version that it needs."""
NAME = re.compile(r"^[A-Za-z0-9_.-]+")


def declared(group: str) -> set[str]:
    """The names of a group of requirements; `dependencies` are what the software needs."""
    optional = PROJECT["optional-dependencies"]
    lines = PROJECT["dependencies"] if group == "dependencies" else optional[group]
    return {_plain(match[0]) for line in lines if (match := NAME.match(line))}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(folders: list[Path], *, without: Path | None = None) -> set[str]:
    """Everything imported below these folders that is not ours or Python's."""
    found = set()
    for path in (path for folder in folders for path in folder.rglob("*.py")):
        if without is None or without not in path.parents:
            found |= names_of(path.read_text(encoding="utf-8"))
    ours = OURS | set(sys.stdlib_module_names)
    return {name for name in found if name.partition(".")[0] not in ours}


def names_of(source: str) -> set[str]:
    """What one source imports, with dots, also inside of functions."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def distributions(names: set[str]) -> set[str]:
    """The distributions that what is imported comes from; its first word when none has it."""
    found = {_distribution(name) for name in names}
    return {FOUNDATIONS.get(name, name) for name in found}


@cache
def owners() -> dict[str, list[str]]:
    """Word of an import -> the distributions that have it."""
    return dict(packages_distributions())


def _distribution(name: str) -> str:
    word = name.partition(".")[0]
    holders = sorted(set(owners().get(word, [word])))
    while len(holders) > 1 and name:  # they share the word: the one that has the file
        places = {name.replace(".", "/") + ending for ending in (".py", "/__init__.py")}
        holders = [one for one in holders if places & files_of(one)] or holders
        name = name.rpartition(".")[0]
    return _plain(holders[0])


@cache
def files_of(name: str) -> frozenset[str]:
    """Where the modules of a distribution are."""
    return frozenset(map(str, files(name) or ()))


GROUPS = ("dependencies", "test", "bench")


@cache
def needs(group: str) -> set[str]:
    """The distributions that a part imports from."""
    match group:
        case "dependencies":
            return distributions(imported(SHIPPED, without=TOOLS))
        case "test":
            return distributions(imported([ROOT / "tests", TOOLS]))
        case _:
            return distributions(imported([ROOT / "benchmarks"]))


@pytest.mark.parametrize("group", GROUPS)
def test_everything_that_is_declared_is_imported(group: str) -> None:
    assert declared(group) - needs(group) - PLUGINS.keys() == set()


@pytest.mark.parametrize("group", GROUPS)
def test_everything_that_is_imported_is_declared(group: str) -> None:
    assert needs(group) - declared(group) - declared("dependencies") == set()


def test_a_plugin_is_declared_where_its_setting_is_used() -> None:
    settings = (ROOT / "pyproject.toml").read_text() + (ROOT / "Makefile").read_text()
    assert [name for name, mark in PLUGINS.items() if mark not in settings] == []
    assert PLUGINS.keys() - declared("test") - declared("check") == set()


def test_every_tool_of_the_checks_is_run_by_them() -> None:
    script = (ROOT / ".ci" / "check").read_text(encoding="utf-8")
    assert declared("check") - PLUGINS.keys() == COMMANDS.keys()
    assert [word for word in COMMANDS.values() if f'"$bin/{word}"' not in script] == []


def test_an_import_is_found_wherever_it_stands() -> None:
    source = "import httpx.auth\ndef late():\n    from yaml import safe_load\nfrom . import near\n"
    assert names_of(source) == {"httpx.auth", "yaml.safe_load"}


def test_an_import_of_what_nobody_declared_keeps_its_name() -> None:
    assert distributions({"yaml.load", "nobodys_package"}) == {"pyyaml", "nobodys-package"}


def test_of_two_that_share_a_word_the_right_one_is_found() -> None:
    sdk = {"opentelemetry.sdk.trace.TracerProvider"}
    assert distributions(sdk) == {"opentelemetry-sdk"}
    assert distributions({"opentelemetry.semconv.trace"}) == {"opentelemetry-semantic-conventions"}
