"""One embedded stack of stand-ins for the tests of this folder, on real Kafka and PostgreSQL."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import control, readiness
from deploy.local.control import Wish
from deploy.local.layout import StateFolder

NODES = Path(__file__).with_name("nodes.yaml")


def bring_up(state: StateFolder) -> None:
    """Start it, with both forms of bus on brokers of their own, and wait until all is ready."""
    control.start(Wish(state=state, nodes_file=NODES, demo=True, brokers=2))
    control.wait_for(state, lambda: not readiness.unready(state))


@pytest.fixture
def own_folder() -> Iterator[Path]:
    """A folder that the database's own user may pass through; pytest's closes to all others."""
    folder = Path(tempfile.mkdtemp(prefix="nrm-test-deploy-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="package")
def stack_folder() -> Iterator[StateFolder]:
    """A state folder for this folder's tests; whatever runs in it is stopped after the last."""
    folder = Path(tempfile.mkdtemp(prefix="nrm-test-stack-"))
    state = StateFolder(folder / "state")
    try:
        yield state
    finally:
        control.stop(state)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def stack(stack_folder: StateFolder) -> StateFolder:
    """The stack, up and ready, whatever the test before did to it."""
    bring_up(stack_folder)
    return stack_folder
