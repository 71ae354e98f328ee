"""The documents are true: tests that they name exist, links lead somewhere, words are explained."""

import ast
import re
from pathlib import Path

import pytest

from contracts.catalogue import ANSWERERS, CATALOGUE
from contracts.vocabulary import code_lists, load_profile
from services.chassis.environment import load
from services.gateway.settings import Settings

ROOT = Path(__file__).parents[2]
OF_OTHERS = {".venv", ".nrm", "mutants", "node_modules"}
TEST_NAME = re.compile(r"`(test_[a-z0-9_]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
NOT_OF_ANYBODY_ELSE = re.compile(r"(?<![\w.])/(?:work|root|home|tmp)/|\b(?:10|192\.168)\.\d+\.\d+")
BARE_COMMAND = re.compile(r"(?:^|[$(|;&] ?)\s*nrm [a-z]")
WORDS_LEAST = 5
ADR_PARTS = ("Status", "Context", "Decision", "Consequences", "Rejected")


def documents() -> list[Path]:
    found = (path for path in ROOT.rglob("*.md") if not OF_OTHERS & set(path.parts))
    return sorted(found)


def names_of_tests() -> set[str]:
    return {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def anchors(path: Path) -> set[str]:
    """As GitHub makes them."""
    headings = HEADING.findall(FENCED.sub("", path.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def broken_links(path: Path) -> list[str]:
    broken = []
    for link in LINK.findall(FENCED.sub("", path.read_text(encoding="utf-8"))):
        if link.startswith(("http://", "https://")):
            continue
        place, _, anchor = link.partition("#")
        target = (path.parent / place).resolve() if place else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    return broken


def glossary() -> dict[str, set[str]]:
    """Section -> its words."""
    text = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
    sections = {}
    for part in text.split("\n## ")[1:]:
        title, _, rest = part.partition("\n")
        cells = re.findall(r"^\| ([^|]+) \|", rest, re.MULTILINE)[1:]
        words = (word.strip() for cell in cells for word in re.split(r"[,;]", cell))
        sections[title] = {re.sub(r" \(.*\)", "", word) for word in words}
    return sections


def test_every_test_that_a_document_names_exists() -> None:
    known = names_of_tests()
    missing = {
        (path.name, name)
        for path in documents()
        for name in TEST_NAME.findall(path.read_text(encoding="utf-8"))
        if name not in known
    }
    assert missing == set()


def test_every_threat_has_a_test() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8").partition("## Threats")[2]
    rows = re.findall(r"^\| (?!threat|---)(.+) \|$", text, re.MULTILINE)
    assert len(rows) > WORDS_LEAST
    assert [row for row in rows if not TEST_NAME.search(row.rsplit(" | ", 1)[1])] == []


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    assert broken_links(path) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One\n[here](#one) [no](#two) [gone](other.md) [out](https://example.org)\n")
    assert broken_links(page) == ["#two", "other.md"]


def test_every_list_of_words_has_words_and_every_word_one_meaning() -> None:
    sections = glossary()
    assert sections
    assert {title for title, words in sections.items() if len(words) < WORDS_LEAST} == set()
    every = [word for words in sections.values() for word in words]
    assert sorted(word for word in set(every) if every.count(word) > 1) == []


def test_words_that_name_something_are_in_the_glossary() -> None:
    words = set().union(*glossary().values())
    publishers = {spec.owner for spec in CATALOGUE.values()}
    topics = {spec.topic for spec in CATALOGUE.values() if not spec.topic.startswith("nrm.")}
    assert (set(code_lists()) | publishers | topics | set(ANSWERERS)) - words == set()


def test_no_document_names_a_place_on_somebodys_machine() -> None:
    found = {
        (path.name, place)
        for path in documents()
        for place in NOT_OF_ANYBODY_ELSE.findall(path.read_text(encoding="utf-8"))
    }
    assert found == set()


def test_every_command_that_is_typed_is_found_without_any_path_of_the_readers() -> None:
    """The tests of the documents have the environment on their path, a reader has not."""
    bare = {
        (path.name, line)
        for path in documents()
        for block in FENCED.findall(path.read_text(encoding="utf-8"))
        for line in block.splitlines()
        if BARE_COMMAND.search(line)
    }
    assert bare == set()


def test_every_decision_has_its_parts_and_its_number() -> None:
    pages = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{n:04}" for n in range(1, len(pages) + 1)]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert [part for part in ADR_PARTS if f"\n**{part}**" not in text] == [], page.name


def test_the_example_of_an_environment_is_true() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    settings = load(Settings, {name: value.strip("'") for name, _, value in pairs})
    assert settings.registry_file.is_file()
    assert settings.directory_file is not None
    assert settings.directory_file.is_file()
    assert load_profile(settings.profile)
