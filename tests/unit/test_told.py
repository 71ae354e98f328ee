"""What a test told is printed once, when it ends, and by nobody but the one who runs the tests."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.support import told
from tests.support.told import SHOWN, TOLD, Teller


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


def a_report(when: str, outcome: str = "passed", *marks: str) -> pytest.TestReport:
    report = SimpleNamespace(
        when=when,
        failed=outcome == "failed",
        nodeid="tests/faults/test_it.py::test_it[3]",
        user_properties=[(TOLD, "0 lost"), ("something", "else")],
        keywords=dict.fromkeys(marks, 1),
        longreprtext="\n".join(f"line {number}" for number in range(100)),
    )
    return cast(pytest.TestReport, report)


def printed(*reports: pytest.TestReport) -> list[str]:
    config, terminal = config_with(), Terminal()
    config.plugins["terminalreporter"] = terminal
    teller = Teller(config)
    for report in reports:
        teller.pytest_runtest_logreport(report)
    return terminal.lines


def test_what_was_told_is_printed_once() -> None:
    reports = (a_report(when) for when in ("setup", "call", "teardown"))
    assert printed(*reports) == ["test_it[3]: 0 lost"]


def test_a_failure_is_printed_at_once_with_what_was_told() -> None:
    reports = a_report("setup"), a_report("call", "failed"), a_report("teardown")
    assert printed(*reports) == ["test_it[3]: 0 lost", "test_it[3]: FAILED in call"]
    assert printed(a_report("setup", "failed")) == ["test_it[3]: FAILED in setup"]


def test_why_a_long_test_failed_is_printed_at_once_by_its_last_lines() -> None:
    lines = printed(a_report("setup", "failed", "long"))
    assert lines[0] == "test_it[3]: FAILED in setup"
    assert lines[1:] == [f"test_it[3]: line {number}" for number in range(100 - SHOWN, 100)]


def test_a_worker_prints_nothing() -> None:
    runs, works = config_with(), config_with(workerinput={})
    told.pytest_configure(runs)
    told.pytest_configure(works)
    assert isinstance(runs.plugins.get("teller"), Teller)
    assert "teller" not in works.plugins
