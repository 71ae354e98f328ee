"""What a test told is printed once, when it ends, and by nobody but the one who runs the tests."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.support import told
from tests.support.told import TOLD, Teller


class Terminal:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def ensure_newline(self) -> None:
        """Nothing is on this line yet."""

    def write_line(self, line: str) -> None:
        """Keep it."""
        self.lines.append(line)


def config_with(**attributes: Any) -> Any:
    plugins: dict[str, Any] = {}
    manager = SimpleNamespace(
        get_plugin=plugins.get, register=lambda plugin, name: plugins.update({name: plugin})
    )
    return SimpleNamespace(pluginmanager=manager, plugins=plugins, **attributes)


def a_report(when: str, outcome: str = "passed") -> pytest.TestReport:
    report = SimpleNamespace(
        when=when,
        outcome=outcome,
        nodeid="tests/faults/test_it.py::test_it[3]",
        user_properties=[(TOLD, "0 lost"), ("something", "else")],
    )
    return cast(pytest.TestReport, report)


@pytest.mark.parametrize("outcome", ["passed", "failed"])
def test_what_was_told_is_printed_once(outcome: str) -> None:
    config, terminal = config_with(), Terminal()
    config.plugins["terminalreporter"] = terminal
    teller = Teller(config)
    for when in ("setup", "call", "teardown"):
        teller.pytest_runtest_logreport(a_report(when, outcome))
    assert terminal.lines == ["test_it[3]: 0 lost"]


def test_a_worker_prints_nothing() -> None:
    runs, works = config_with(), config_with(workerinput={})
    told.pytest_configure(runs)
    told.pytest_configure(works)
    assert isinstance(runs.plugins.get("teller"), Teller)
    assert "teller" not in works.plugins
