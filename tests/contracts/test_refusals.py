"""Whoever is refused can look up why: each code that the software gives is on the page."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.tools import refusals
from contracts.vocabulary import code_lists
from services.chassis.problems import OF_THE_FRAMEWORK, STATUS
from services.gateway.handlers import register

SERVICES = Path(__file__).parents[2] / "services"
NAMED = {"FROZEN": register.FROZEN}
"""Constants that stand for a code where a problem is made."""
PLANS = ("publisher/domain.py", "contributor/domain.py")
CODE = re.compile(r"[a-z]+(?:-[a-z]+)+")


def calls_of(path: Path, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func
            if called == name or (isinstance(called, ast.Name) and called.id == name):
                yield node


def word_of(node: ast.expr) -> str | None:
    """A code as it is written: alone, first in an f-string, or by its constant."""
    if isinstance(node, ast.JoinedStr):
        node = node.values[0]
    if isinstance(node, ast.Name):
        return NAMED.get(node.id)
    return str(node.value).split()[0] if isinstance(node, ast.Constant) else None


def codes_returned(path: Path) -> Iterator[str]:
    """Every code that a rule of the file answers with: alone, or first in an f-string."""
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef) or function.returns is None:
            continue
        if ast.unparse(function.returns) != "str | None":
            continue
        for line in ast.walk(function):
            said = ast.walk(line) if isinstance(line, ast.Return) else ()
            for node in said:
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield from (word for word in node.value.split()[:1] if CODE.fullmatch(word))


def problems_made() -> Iterator[tuple[int, str | None]]:
    for path in SERVICES.rglob("*.py"):
        for call in calls_of(path, "problem"):
            status, code = call.args[:2]
            if isinstance(status, ast.Constant):
                assert isinstance(status.value, int)
                yield status.value, word_of(code)


def test_every_code_of_the_lists_is_explained_and_nothing_else() -> None:
    assert refusals.problems() == []


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("refusal-reason", "too-early", "refusal-reason: too-early has no meaning"),
        ("not-sent-reason", "restricted", "not-sent-reason: restricted has no meaning"),
    ],
)
def test_a_code_without_a_meaning_is_found(
    monkeypatch: pytest.MonkeyPatch, name: str, code: str, told: str
) -> None:
    rows = {key: row for key, row in refusals.meanings()[name].items() if key != code}
    known = {**refusals.meanings(), name: rows}
    monkeypatch.setattr(refusals, "meanings", lambda: known)
    assert refusals.problems() == [told]


def test_a_meaning_of_no_code_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {**refusals.meanings(), "held-reason": {**refusals.meanings()["held-reason"], "x": []}}
    monkeypatch.setattr(refusals, "meanings", lambda: known)
    assert refusals.problems() == ["held-reason: x is no code of the list"]


def test_every_problem_that_a_service_can_answer_is_explained_with_its_status() -> None:
    made = {*problems_made(), *((status, code) for _, status, code in STATUS)}
    made |= set(OF_THE_FRAMEWORK.items())
    rows = refusals.meanings()["problem"]
    assert made == {(row[0], code) for code, row in rows.items()}


def test_every_objection_to_a_plan_is_explained() -> None:
    said = {word for name in PLANS for word in codes_returned(SERVICES / "statistics" / name)}
    said -= set(code_lists()["held-reason"].codes)
    assert said | {"plan-exists", "ledger-refuses"} == set(refusals.meanings()["plan"])


def test_every_row_says_what_it_means_and_what_to_do() -> None:
    for name, rows in refusals.meanings().items():
        for code, row in rows.items():
            means, to_do = row[-2:]
            assert len(row) == (3 if name == "problem" else 2), code
            assert means.endswith("."), code
            assert to_do.endswith("."), code
