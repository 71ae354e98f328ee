"""Found by Python itself at its start: lets a test set the machine's clock of its own stack.

Nothing of the house may import this; it is only on the path of processes that a test started.
"""

import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

if _file := os.environ.get("NRM_TEST_MACHINE_CLOCK"):
    sys.path.append(str(Path(__file__).parents[3]))  # Python puts its own first entry in later
    from services.chassis.clock import SystemClock

    _wall, _told_in = SystemClock.wall, Path(_file)

    def _told(self: SystemClock) -> datetime:
        try:
            ahead = float(_told_in.read_text(encoding="ascii"))
        except (OSError, ValueError):
            ahead = 0.0
        return _wall(self) + timedelta(seconds=ahead)

    SystemClock.wall = _told  # type: ignore[method-assign]
