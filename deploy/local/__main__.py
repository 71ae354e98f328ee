"""`python -m deploy.local`: be the supervisor. Started by `nrm up`; people use `nrm`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from deploy.local.buses import ONE, TWO
from deploy.local.layout import StateFolder
from deploy.local.processes import ProcessIdentity
from deploy.local.supervisor import Orders, supervise

DIES_WITH = "NRM_DIES_WITH"


def main() -> int:
    """Read the orders and supervise until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--nodes", type=Path)
    parser.add_argument("--demo", action="store_true")
    parser.add_argument("--observe", action="store_true")
    parser.add_argument("--whole-nodes", action="store_true")
    parser.add_argument("--brokers", type=int, choices=(ONE, TWO), default=ONE)
    parser.add_argument("--also", action="append", default=[])
    given = parser.parse_args()
    state = StateFolder(given.state.absolute())
    chosen = (given.demo, given.observe, given.whole_nodes, given.brokers)
    orders = Orders(state, given.nodes, *chosen, dies_with=_dies_with(), also=tuple(given.also))
    return supervise(orders)


def _dies_with() -> ProcessIdentity | None:
    """Who must live for the stack to live: tests say it, so that none of theirs outlives them."""
    pid = os.environ.get(DIES_WITH, "")
    return ProcessIdentity.of(int(pid)) if pid.isdecimal() else None


if __name__ == "__main__":
    sys.exit(main())
