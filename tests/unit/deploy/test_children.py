"""What a launcher imports once is imported by no child again."""

import subprocess
import sys

LOOK = """
import sys
from contracts.vocabulary import load_profile
from deploy.local.children import import_services
from deploy.local.topology import read_topology

import_services(read_topology())
before = set(sys.modules)
load_profile("BY-draft")
print(*sorted(name for name in set(sys.modules) - before if name.startswith("holidays")))
"""


def test_a_child_that_reads_its_profile_imports_no_calendar_again() -> None:
    """The calendar of one country imports those of all: half a second of each of 13 processes."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK], capture_output=True, text=True, timeout=120, check=True
    )

    assert done.stdout.split() == []
