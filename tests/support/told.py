"""What a test measured, and that it failed, told to whoever waits: at its end, by any worker."""

from collections.abc import Callable

import pytest

TOLD = "told"
LONG = "long"
SHOWN = 25
"""So many of the last lines of why a long test failed are printed at once; all at the end, as ever.
"""
Tell = Callable[[str], None]


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    """Keep a line that is printed when the test ends, also when it fails."""

    def keep(line: str) -> None:
        request.node.user_properties.append((TOLD, line))

    return keep


class Teller:
    """Prints what tests told, and which failed; workers send it along with their reports."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """After each test; of its set-up and its end only that they failed is new."""
        lines = [str(line) for kind, line in report.user_properties if kind == TOLD]
        lines = lines if report.when == "call" else []
        if report.failed:
            lines.append(f"FAILED in {report.when}")
            lines += report.longreprtext.splitlines()[-SHOWN:] if LONG in report.keywords else []
        if not lines:
            return
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            terminal.ensure_newline()
            for line in lines:
                terminal.write_line(f"{report.nodeid.rpartition('::')[2]}: {line}")


def pytest_configure(config: pytest.Config) -> None:
    """A worker prints nothing."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Teller(config), "teller")
