"""Sets the machine's clock for the processes of a test's stack, and for nobody else on the machine.

``sitecustomize`` in the folder beside this file is found by every Python process of the stack when
``SEAM`` is first in PYTHONPATH; it adds the offset of one file to what the services are told.
"""

import os
from datetime import timedelta
from pathlib import Path

from deploy.local.layout import StateFolder
from deploy.local.processes import write_whole

SEAM = Path(__file__).parent / "machine_clock_seam"
OFFSET_FILE = "NRM_TEST_MACHINE_CLOCK"


def with_machine_clock(state: StateFolder) -> dict[str, str]:
    """What a stack's environment needs so that its machine's clock can be set."""
    path = os.environ.get("PYTHONPATH")
    return {
        "PYTHONPATH": os.pathsep.join([str(SEAM), *([path] if path else [])]),
        OFFSET_FILE: str(_file(state)),
    }


def set_machine_clock(state: StateFolder, ahead: timedelta) -> None:
    """Let every service of the stack be told a machine's time that is so far ahead."""
    write_whole(_file(state), str(ahead.total_seconds()))


def _file(state: StateFolder) -> Path:
    return state.root.absolute() / "machine-clock"
