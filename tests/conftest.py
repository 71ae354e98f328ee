"""Fixtures that every test may ask for, and which tests share a worker.

The tests of one file run in one worker, as fixtures of a module expect; those of the folders that
share the one running stack (``tests/support/stack.py``) run in one worker over all their files,
from the first minute on. Each seed of the sweep may run in another worker, on its own stack.
"""

import os
from typing import Any

import pytest

os.environ["NRM_DIES_WITH"] = str(os.getpid())
"""Every stack that a test starts, by whichever way, ends with this process, however that ends."""

pytest_plugins = [
    "tests.support.kafka",
    "tests.support.postgres",
    "tests.support.stack",
    "tests.support.statements",
    "tests.support.told",
]
BEFORE_THE_STACK = "tests/docs/"
"""Starts stacks of its own: before the shared one is there, which would stand idle beside them."""
ON_THE_STACK = (
    BEFORE_THE_STACK,
    "tests/browser/test_a_referral_by_pages.py",
    "tests/faults/processes/",
    "tests/integration/cli/",
    "tests/privacy/",
    "tests/scenarios/",
)


SWEEP = "tests/faults/processes/test_failpoint_sweep.py"
FIRST = ("tests/integration/deploy/", "tests/integration/", "tests/browser/", "tests/faults/")
"""Next, in this order: files of few tests that take long; all others fill what is left."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The stack's tests first: they take as long as all others, and one worker has them all."""

    def place(item: pytest.Item) -> int:
        if item.nodeid.startswith(BEFORE_THE_STACK):
            return -1
        if item.nodeid.startswith(ON_THE_STACK):
            return 0
        after = (n for n, folder in enumerate(FIRST, start=1) if item.nodeid.startswith(folder))
        return next(after, len(FIRST) + 1)

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Replace `--dist loadfile`; `loadgroup` of pytest-xdist 3.8 does nothing with pytest 9.2."""
    from xdist.scheduler import LoadFileScheduling  # noqa: PLC0415 - only with several workers

    class ByFileOrStack(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            if file == SWEEP:
                return nodeid
            return "the stack" if file.startswith(ON_THE_STACK) else file

    config.option.loadscopereorder = False  # it would begin with the files of most tests
    return ByFileOrStack(config, log)
