"""Same rooms in every service, nothing too large, no word that hides a meaning."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = (
    "gateway",
    "identification",
    "referral",
    "assistance",
    "statistics/contributor",
    "statistics/custodian",
    "statistics/publisher",
)
ROOMS = {"settings", "domain", "access", "disclosure", "store", "handlers", "api", "main"}
BESIDE_THE_ROOMS = {"__init__", "migrations", "README", "__pycache__"}
LONGEST_FILE = 400
LONGEST_FUNCTION = 40
MOST_PARAMETERS = 5
BANNED_IN_NAMES = re.compile(
    r"(?:^|_)(data|info|item|manager|helper|util|utils|base|processor|dto|common|victim)(?:_|$)"
)
GIVEN_BY_OTHERS = {
    # names that a standard, a law or a library gives, so that ours would only hide them
    "data": "the body's attribute in CloudEvents 1.0, structured mode",
    "info": "a log level",
    "data_key": "what encrypts one person's blob (envelope encryption)",
    "new_data_key": "makes one",
    "data_protection_officer": "a role of the law",
    "processor": "the word of OpenTelemetry for what stands between spans and exporter; a CPU",
    "settings_customise_sources": "a hook of pydantic-settings, with its parameters",
}
PRODUCTION = ("contracts", "services", "console", "cli", "deploy", "doors", "benchmarks")


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    lines: int
    parameters: int
    """Those that a caller may give by place, but ``self``."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is looked at of one file; kept, so that each file is parsed once."""

    functions: tuple[Function, ...]
    names: frozenset[str]
    says_what_it_is_for: bool


@cache
def source(path: Path) -> Source:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    return Source(
        functions=tuple(
            Function(
                name=node.name,
                lines=(node.end_lineno or 0) - node.lineno + 1,
                parameters=len(
                    [a for a in node.args.args + node.args.posonlyargs if a.arg != "self"]
                ),
            )
            for node in nodes
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ),
        names=frozenset(name for node in nodes for name in names_in(node)),
        says_what_it_is_for=ast.get_docstring(tree) is not None,
    )


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_rooms(service: str) -> None:
    folder = ROOT / "services" / service
    found = {path.stem for path in folder.iterdir()} - BESIDE_THE_ROOMS
    assert found == ROOMS
    assert (folder / "README.md").is_file()


def test_no_file_is_longer_than_a_reader_keeps_in_mind() -> None:
    long = {
        short(path): lines
        for path in sources(*PRODUCTION, "tests")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    }
    assert long == {}


def test_every_function_fits_on_a_page() -> None:
    long = {
        f"{short(path)}:{function.name}": function.lines
        for path in sources(*PRODUCTION, "tests")
        for function in source(path).functions
        if function.lines > LONGEST_FUNCTION
    }
    assert long == {}


def test_no_function_takes_more_parameters_than_a_reader_counts() -> None:
    many = {
        f"{short(path)}:{function.name}": function.parameters
        for path in sources(*PRODUCTION)
        for function in source(path).functions
        if function.name not in GIVEN_BY_OTHERS and function.parameters > MOST_PARAMETERS
    }
    assert many == {}


def names_in(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield node.name
            yield from (argument.arg for argument in node.args.args + node.args.kwonlyargs)
        case ast.ClassDef():
            yield re.sub(r"(?<!^)(?=[A-Z])", "_", node.name)
        case ast.Name(id=name, ctx=ast.Store()):
            yield name


def test_names_say_what_they_mean() -> None:
    found = {
        f"{short(path)}: {name}"
        for path in sources(*PRODUCTION)
        for name in {path.stem, *source(path).names}
        if name.lower().strip("_") not in GIVEN_BY_OTHERS and BANNED_IN_NAMES.search(name.lower())
    }
    assert found == set()


def test_no_word_labels_a_person_in_a_topic_a_type_or_a_path() -> None:
    topics = " ".join(path.read_text() for path in (ROOT / "contracts/topics").glob("*.yaml"))
    types = " ".join(path.name for path in (ROOT / "contracts/schemas").glob("*.json"))
    routes = " ".join(
        found
        for path in sources("services")
        for found in re.findall(r"\"(/v1[^\"]*)\"", path.read_text(encoding="utf-8"))
    )
    assert "victim" not in (topics + types + routes).lower()


def test_every_module_says_what_it_is_for() -> None:
    silent = {
        short(path)
        for path in sources(*PRODUCTION)
        if path.read_text(encoding="utf-8").strip() and not source(path).says_what_it_is_for
    }
    assert silent == set()


@pytest.mark.parametrize("word", ["case", "person", "consent", "referral", "offer", "hospital"])
def test_the_chassis_knows_no_word_of_the_domain(word: str) -> None:
    found = {
        f"{short(path)}: {name}"
        for path in sources("services/chassis")
        for name in {path.stem, *source(path).names}
        if word in name.lower().split("_")
    }
    assert found == set()
