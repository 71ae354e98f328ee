"""Every failpoint stands in the code once, where the list says, and nowhere else."""

import ast
from collections import Counter
from pathlib import Path

from services.chassis.failpoints import Failpoint
from tests.faults.processes.places import PLACES

SERVICES = Path(__file__).parents[2] / "services"
LEAST = 20


def passed_in(tree: ast.AST) -> list[str]:
    """The failpoints that a file's code passes: ``….reach(Failpoint.NAME)``."""
    return [
        call.args[0].attr
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in ("reach", "_reach")
        and isinstance(call.args[0], ast.Attribute)
    ]


def test_each_failpoint_is_passed_where_it_is_listed_and_nowhere_else() -> None:
    found = Counter(
        (Failpoint[name], str(path.relative_to(SERVICES)))
        for path in SERVICES.rglob("*.py")
        for name in passed_in(ast.parse(path.read_text()))
    )
    assert found == Counter((place.failpoint, place.file) for place in PLACES)


def test_each_failpoint_has_one_row_and_somebody_who_passes_it() -> None:
    assert Counter(place.failpoint for place in PLACES) == Counter(Failpoint)
    assert all(place.services and place.most >= 1 for place in PLACES)
    assert len(PLACES) >= LEAST
