"""Fixtures that every test may ask for, and which tests share a worker.

With `--dist loadgroup` the tests of one file stay together, as fixtures of a module expect, and
those that share the one running stack (``tests/support/stack.py``) stay together over files.
"""

import pytest

pytest_plugins = ["tests.support.kafka", "tests.support.postgres", "tests.support.stack"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test a group: its own, or else its file."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
