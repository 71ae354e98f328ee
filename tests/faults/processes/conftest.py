"""What the faults of processes share: a stage that waits longer than a story would."""

from collections.abc import Iterator

import pytest

from deploy.demo.stage import Stage
from deploy.local.layout import StateFolder
from tests.support.stack import a_stage

PATIENCE_SECONDS = 180.0


@pytest.fixture
def patient_stage(stack_state: StateFolder) -> Iterator[Stage]:
    """A stage for stories in which everybody dies."""
    with a_stage(stack_state, PATIENCE_SECONDS) as stage:
        yield stage
